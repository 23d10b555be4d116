import { explain } from '../../explaining/explain.ts';
import type { Explanation } from '../../explaining/explain.ts';
import { loadProperties } from '../../template/properties/user-table.ts';
import { explanationText, plainExplanation } from '../talk/explain.ts';
import { helpWidth } from '../syntax/help.ts';
import type { PackageOptions } from '../syntax/package-flags.ts';
import type { Origin } from '../../opening/project.ts';
import { openProject, readResources } from '../../opening/project.ts';
import { valuesOf, warningsOfParameters } from '../../packaging/given-parameters.ts';
import { createProgress } from '../talk/progress.ts';
import { writeJson } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import { paletteFor } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** Tells what `package` would do with a template, and why. Asks nothing of any network. */
export async function run(options: PackageOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { cwd, signal, stdout } = terminal;
  const { exclude, zipTemplateDirWhenAbsent } = options;
  const hasDomain = options.s3Bucket === undefined && !options.resolveS3;
  const references = options.references ?? (hasDomain ? 'stack' : 'none');
  const progress = createProgress(terminal, options, warnings);
  let origin: Origin | undefined;
  let explanation: Explanation;
  try {
    origin = await openProject({ ...options, dryRun: true }, [], progress.reporter, terminal);
    const { files, templateFile, table, prefix } = origin;
    explanation = await explain({
      ...{ files, templateFile, table, prefix, cwd, signal, hasDomain, references, exclude, zipTemplateDirWhenAbsent },
      reporter: progress.reporter,
      parameters: valuesOf(options),
      own: ownRows(options, cwd),
    });
  } finally {
    progress.stop();
    await origin?.close();
  }
  for (const warning of warningsOfParameters(explanation.root, options)) warnings.add(warning);
  warnings.tell();
  const around = { prefix: origin.prefix, references, hasDomain };
  if (options.json) {
    writeJson(terminal, { ...plainExplanation(explanation, around), warnings: warnings.all() });
    return;
  }
  const palette = paletteFor(stdout, terminal.env, options.color);
  stdout.write(explanationText(explanation, around, { width: helpWidth(stdout.columns), palette }));
}

function ownRows({ resources }: PackageOptions, cwd: string): ReadonlySet<string> {
  const entries = resources === undefined ? [] : loadProperties(readResources(resources, cwd), resources);
  return new Set(entries.map(({ type, property }) => `${type} ${property}`));
}

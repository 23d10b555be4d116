import path from 'node:path';
import { ArtifactError } from '../../../repository/index.ts';
import { isDraftOf } from '../../output.ts';
import type { Interest } from '../../watching/interest.ts';
import { joined, NO_INTEREST } from '../../watching/interest.ts';
import { TrackedFiles } from '../../watching/tracked-files.ts';
import { Watcher } from '../../watching/watcher.ts';
import { domainFolders } from '../../opening/open.ts';
import type { PackageOptions } from '../syntax/package-flags.ts';
import { inputsOf, openProject } from '../../opening/project.ts';
import { regionalName } from '../talk/regional.ts';
import { reportFailure, writeNote } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { createWarnings } from '../talk/warnings.ts';

/** Packages once. @param open what is packaged */
type Packaging = (open: typeof openProject, warnings: Warnings) => Promise<void>;

/**
 * Packages a template, and again whenever something changes of which it depends, until it is interrupted. The output appears whole each time; a mistake is told,
 * and the output stays what it was; what the run before warned of in the same words is not told again. An interruption while nothing is under way is how this ends well; one in the midst of a run is told like any other.
 * @throws ArtifactError INVALID_ARGUMENT without an output, what `Watcher.watch` throws; INTERRUPTED
 */
export async function watchPackaging(
  packaging: Packaging,
  options: PackageOptions,
  terminal: Terminal,
  warnings: Warnings,
): Promise<void> {
  const written = writtenBy(options, terminal.cwd);
  const watcher = new Watcher((file) => written.some((one) => isOf(one, file)));
  let interest = NO_INTEREST;
  let words: ReadonlySet<string> = new Set();
  try {
    for (let talk = warnings; ; talk = createWarnings(terminal, options, words)) {
      const startedAt = Date.now();
      const { isDone, read } = await packageOnce(packaging, options, terminal, talk);
      interest = isDone ? read : joined(interest, read);
      // What a run that failed did not come to is not gone.
      words = isDone ? talk.words : new Set([...words, ...talk.words]);
      watcher.watch(interest, startedAt);
      if (!options.quiet) writeNote(terminal, 'waiting for changes; Ctrl-C ends', options);
      const changes = await watcher.changes(terminal.signal);
      if (terminal.signal.aborted) return;
      if (!options.quiet) tellChanges(changes, terminal, options);
    }
  } finally {
    watcher.close();
  }
}

/** One run. A mistake in it is told. */
async function packageOnce(
  packaging: Packaging,
  options: PackageOptions,
  terminal: Terminal,
  warnings: Warnings,
): Promise<{ readonly isDone: boolean; readonly read: Interest }> {
  let tracked: TrackedFiles | undefined;
  const open: typeof openProject = async (...request) => {
    const origin = await openProject(...request);
    tracked = new TrackedFiles(origin.files, origin.root ?? terminal.cwd);
    return { ...origin, files: tracked };
  };
  const read = (): Interest => ({
    ...(tracked?.interest ?? NO_INTEREST),
    files: new Set([...(tracked?.interest.files ?? []), ...inputsOf(options, terminal.cwd)]),
  });
  try {
    await packaging(open, warnings);
    warnings.tell();
    return { isDone: true, read: read() };
  } catch (error) {
    if (terminal.signal.aborted || !(error instanceof ArtifactError)) throw error;
    warnings.tell();
    reportFailure(terminal, error, options, warnings.all());
    return { isDone: false, read: read() };
  }
}

function writtenBy({ outputTemplateFile: template, ...options }: PackageOptions, cwd: string): readonly string[] {
  if (template === undefined || template === '-') {
    throw new ArtifactError('INVALID_ARGUMENT', "'--watch' wants a file to write the template to", {
      remedy: 'Name it with --output-template-file.',
    });
  }
  const regional = (options.regions ?? []).map((region) => regionalName(template, region));
  const files = [template, ...regional, options.manifest].filter((file) => file !== undefined);
  return [...files.map((file) => path.resolve(cwd, file)), ...domainFolders(options, cwd)];
}

/** Whether it is that file, its draft, or in that folder. */
function isOf(written: string, file: string): boolean {
  return file === written || file.startsWith(written + path.sep) || isDraftOf(written, file);
}

function tellChanges([first = '', ...others]: readonly string[], terminal: Terminal, options: PackageOptions): void {
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  writeNote(terminal, `'${path.relative(terminal.cwd, first)}'${more} changed`, options);
}

import path from 'node:path';
import type { Bundle } from '../../bundling/bundle.ts';
import { isBundle, openBundle } from '../../bundling/bundle.ts';
import type { BundleDraft } from '../../bundling/create.ts';
import { draftBundle } from '../../bundling/create.ts';
import { checkOutputs, outputFile, tryOutputs, writeOutputs } from '../../output.ts';
import type { BootstrapTools } from '../bootstrap-tools.ts';
import type { BundleCreateOptions, BundlePublishOptions, BundleShowOptions } from '../syntax/bundle.ts';
import { describeBundle, formatCreated, plainBundle, plainDraft, warningsOfNames } from '../talk/bundle.ts';
import type { PackageOptions } from '../syntax/package-flags.ts';
import type { Origin } from '../../opening/project.ts';
import { inputsOf, openProject, readResources } from '../../opening/project.ts';
import { createProgress } from '../talk/progress.ts';
import { writeJson } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import { valuesOf, warningsOfParameters } from '../../packaging/given-parameters.ts';
import type { Warnings } from '../talk/warnings.ts';
import { packageFrom } from './package.ts';

/** Writes a template and everything that it names into one file. No domain is asked for anything. */
export async function create(options: BundleCreateOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { cwd, stdout } = terminal;
  const output = outputFile('--output', options.output, cwd);
  checkOutputs([output], { files: inputsOf(options, cwd) });
  tryOutputs([output]);
  const isReplaced = await isBundle(output.file);
  const progress = createProgress(terminal, options, warnings);
  let origin: Origin | undefined;
  let draft: BundleDraft | undefined;
  let digest = '';
  try {
    const { kept, ...read } = (origin = await openProject(options, [output.file], progress.reporter, terminal));
    draft = await draftBundle({
      ...{ ...read, cwd, signal: terminal.signal, reporter: progress.reporter },
      beforeSending: (loaded) => {
        for (const warning of warningsOfParameters(loaded, options)) warnings.add(warning);
        const { files = [], folders = [] } = kept(loaded);
        checkOutputs([output], { files, folders: isReplaced ? [] : folders });
      },
      ...resourcesOf(options, cwd),
      references: options.references ?? 'stack',
      parameters: valuesOf(options),
      told: new Set(Object.keys(options.parameterOverrides)),
      zipTemplateDirWhenAbsent: options.zipTemplateDirWhenAbsent,
      useJson: options.useJson,
    });
    const bytes = draft.bytes((sha256) => {
      digest = sha256;
    });
    await writeOutputs([{ file: output, bytes }]);
  } finally {
    progress.stop();
    await draft?.close();
    await origin?.close();
  }
  for (const warning of warningsOfNames(draft.root)) warnings.add(warning);
  warnings.tell();
  if (options.json) writeJson(terminal, { ...plainDraft(output.file, draft, digest), warnings: warnings.all() });
  else if (!options.quiet) stdout.write(formatCreated(options.output, draft, digest));
}

/** Where the file stands is this machine's affair; what it is called is told with its mistakes. */
function resourcesOf(
  { resources }: BundleCreateOptions,
  cwd: string,
): { readonly resources?: { readonly name: string; readonly text: string } } {
  if (resources === undefined) return {};
  return { resources: { name: path.basename(resources), text: readResources(resources, cwd) } };
}

/** Verifies a bundle and tells what is in it. */
export async function show(options: BundleShowOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const bundle = await opened(options.bundle, terminal);
  await bundle.close();
  if (options.json) {
    writeJson(terminal, {
      ...plainBundle(path.resolve(terminal.cwd, options.bundle), bundle),
      warnings: warnings.all(),
    });
  } else terminal.stdout.write(describeBundle(bundle, terminal.stdout.columns));
}

/** Packages the template of a bundle as `package` would where its sources are: by the same code, which reads the bundle in the place of the disk. */
export async function publish(
  options: BundlePublishOptions,
  terminal: Terminal,
  warnings: Warnings,
  tools?: BootstrapTools,
): Promise<void> {
  const bundle = await opened(options.bundle, terminal);
  try {
    const origin = originOf(bundle, path.resolve(terminal.cwd, options.bundle));
    await packageFrom(() => Promise.resolve(origin), packageOptions(options, bundle), terminal, warnings, tools);
  } finally {
    await bundle.close();
  }
}

function opened(given: string, { cwd, signal }: Terminal): Promise<Bundle> {
  return openBundle(path.resolve(cwd, given), given, { cwd, signal });
}

function originOf({ files, manifest, table }: Bundle, file: string): Origin {
  return {
    ...{ files, table, prefix: manifest.prefix, templateFile: files.fileOf(manifest.template) },
    kept: () => ({ files: [file] }),
    close: () => Promise.resolve(),
  };
}

/** What decides how the template is written stands in the bundle, what decides where on the command line. */
function packageOptions({ bundle, ...options }: BundlePublishOptions, { manifest }: Bundle): PackageOptions {
  const { references, useJson, zipTemplateDirWhenAbsent, parameters, template } = manifest;
  const { region, profile } = options;
  return {
    ...options,
    typedAccess: { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }) },
    ...{ references, useJson, zipTemplateDirWhenAbsent, templateFile: path.join(bundle, ...segmentsOf(template)) },
    parameterOverrides: Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
    ...{
      exclude: [],
      followExternalSymlinks: false,
      resolveS3: false,
      forceUpload: false,
      saveParams: false,
      watch: false,
    },
  };
}

/** Of a location, as if the bundle were the folder that it lies in: nothing beside it is meant. */
function segmentsOf(location: string): readonly string[] {
  return location.split('/').filter((segment) => segment !== '..');
}

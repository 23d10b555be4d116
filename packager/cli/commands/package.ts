import path from 'node:path';
import { LOCAL_PLACE } from '../../../repository/index.ts';
import type { OutputFile } from '../../output.ts';
import { checkOutputs, outputFile, tryOutputs, writeOutputs } from '../../output.ts';
import { packageTemplate } from '../../packaging/package.ts';
import type { PackageResult } from '../../packaging/package.ts';
import { isList, isString, valueOf } from '../../template/node.ts';
import type { Template } from '../../template/template.ts';
import type { BootstrapTools } from '../bootstrap-tools.ts';
import { capabilitiesOf, formatSuccess, formatWritten } from '../deploy-line.ts';
import { isEarlierManifest, isEarlierTemplate } from '../earlier-output.ts';
import { domainFolders, openDestination } from '../open.ts';
import type { PackageOptions } from '../options.ts';
import type { Origin } from '../origin.ts';
import { inputsOf, openProject } from '../origin.ts';
import { createProgress } from '../progress.ts';
import { formatTable, writeJson, writeNote } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import { unknownParameters } from '../unknown-parameters.ts';
import type { Warnings } from '../warnings.ts';

/** Packages a template: the one on stdout or in a file takes the place of what aws-cli and SAM write. */
export async function run(
  given: PackageOptions,
  terminal: Terminal,
  warnings: Warnings,
  tools?: BootstrapTools,
): Promise<void> {
  await packageFrom(openProject, given, terminal, warnings, tools);
}

/** @param open what is packaged; called when the outputs were found to be possible */
export async function packageFrom(
  open: typeof openProject,
  given: PackageOptions,
  terminal: Terminal,
  warnings: Warnings,
  tools?: BootstrapTools,
): Promise<void> {
  const options = withoutDash(given);
  const { cwd, signal } = terminal;
  const outputs = outputsOf(options, cwd);
  checkOutputs(allOf(outputs), { files: inputsOf(options, cwd) });
  if (!options.dryRun) tryOutputs(allOf(outputs));
  const hasDomain = options.s3Bucket === undefined && !options.resolveS3;

  const progress = createProgress(terminal, options, warnings);
  const written = [...allOf(outputs).map(({ file }) => file), ...domainFolders(options, cwd)];
  let origin: Origin | undefined;
  let result: PackageResult;
  try {
    const { files, templateFile, table, prefix, root, kept } = (origin = await open(
      options,
      written,
      progress.reporter,
      terminal,
    ));
    result = await packageTemplate({
      ...{ templateFile, files, cwd, table, prefix, hasDomain, signal, reporter: progress.reporter },
      beforeSending: (loaded) => {
        for (const warning of unknownParameters(loaded.template, options.parameterOverrides)) warnings.add(warning);
        checkOutputs(allOf(outputs), kept(loaded));
      },
      destination: () => openDestination(options, root, terminal, tools),
      references: options.references ?? (hasDomain ? 'stack' : 'none'),
      parameters: new Map(Object.entries(options.parameterOverrides)),
      zipTemplateDirWhenAbsent: options.zipTemplateDirWhenAbsent,
      useJson: options.useJson,
      dryRun: options.dryRun,
    });
  } finally {
    progress.stop();
    await origin?.close();
  }
  signal.throwIfAborted();
  // Asked for while what came of it is written.
  const announced = result.destination?.announce?.();
  if (!options.dryRun) await write(result, options, outputs);
  tell(result, options, terminal, warnings);
  await announced;
}

/** `-` is stdout, where the template goes anyway. */
function withoutDash({ outputTemplateFile, ...others }: PackageOptions): PackageOptions {
  return outputTemplateFile === undefined || outputTemplateFile === '-' ? others : { ...others, outputTemplateFile };
}

interface Outputs {
  readonly manifest?: OutputFile;
  readonly template?: OutputFile;
}

function outputsOf({ manifest, outputTemplateFile: template }: PackageOptions, cwd: string): Outputs {
  return {
    ...(manifest !== undefined && { manifest: outputFile('--manifest', manifest, cwd, isEarlierManifest) }),
    ...(template !== undefined && {
      template: outputFile('--output-template-file', template, cwd, isEarlierTemplate),
    }),
  };
}

function allOf({ manifest, template }: Outputs): readonly OutputFile[] {
  return [manifest, template].filter((file) => file !== undefined);
}

/** The manifest first: a template that is there says that all is there. */
async function write(result: PackageResult, options: PackageOptions, { manifest, template }: Outputs): Promise<void> {
  const { text = '' } = result;
  await writeOutputs([
    ...(manifest === undefined ? [] : [{ file: manifest, bytes: [Buffer.from(manifestText(result, options))] }]),
    ...(template === undefined ? [] : [{ file: template, bytes: [Buffer.from(text)] }]),
  ]);
}

function tell(result: PackageResult, options: PackageOptions, terminal: Terminal, warnings: Warnings): void {
  const { stdout, stderr, cwd } = terminal;
  const { outputTemplateFile: given, dryRun, quiet } = options;
  if (options.json) {
    const template =
      given === undefined ? { templateBody: result.text } : { outputTemplateFile: path.resolve(cwd, given) };
    writeJson(terminal, {
      ...(dryRun ? { dryRun: true } : template),
      artifacts: result.places,
      warnings: warnings.all(),
    });
    return;
  }
  if (dryRun) {
    stdout.write(dryRunTable(result, terminal));
    if (!quiet) noteWhatIsNotWritten(options, terminal);
    return;
  }
  const { text = '', destination } = result;
  if (given === undefined) stdout.write(text);
  if (quiet) return;
  const isLocal = destination?.region === LOCAL_PLACE.region;
  if (given !== undefined) stdout.write(isLocal ? formatWritten(given) : successText(result, options, cwd, given));
  if (isLocal) {
    stderr.write(
      'The artifacts are in a directory: this template is for looking, testing and bundling, and cannot be deployed as it is.\n',
    );
  }
}

function noteWhatIsNotWritten(options: PackageOptions, terminal: Terminal): void {
  const files = allOf(outputsOf(options, terminal.cwd)).map(({ given }) => `'${given}'`);
  if (files.length > 0)
    writeNote(terminal, `nothing was written to ${files.join(' and ')}: this is a dry run`, options);
}

function successText(result: PackageResult, options: PackageOptions, cwd: string, outputFile: string): string {
  const { text = '', templates, destination } = result;
  const bucket = destination?.bucket ?? options.s3Bucket;
  const scratchPrefix = destination?.scratchPrefix;
  return formatSuccess({
    outputFile,
    cwd,
    templateBytes: Buffer.byteLength(text),
    ...(bucket !== undefined && { bucket }),
    ...(scratchPrefix !== undefined && { scratchPrefix }),
    sam: isSam(templates[0]),
    samProject: options.configFile !== undefined || options.templateFile.split(path.sep).includes('.aws-sam'),
    capabilities: capabilitiesOf(templates.map(({ root }) => root)),
  });
}

function isSam({ root }: Template): boolean {
  const transform = valueOf(root, 'Transform');
  const transforms = isList(transform) ? transform.items : [transform];
  return transforms.some((one) => isString(one) && one.value.startsWith('AWS::Serverless-'));
}

function dryRunTable({ places }: PackageResult, { stdout }: Terminal): string {
  if (places.length === 0) return 'nothing to package\n';
  return formatTable(
    [
      { title: 'PLACE' },
      { title: 'PROPERTY' },
      { title: 'PATH', shrinks: true },
      { title: 'OUTCOME' },
      { title: 'ARTIFACT' },
    ],
    places.map(({ place, resource, type, property, path: file, id, arn, bucket, key, outcome }) => [
      place,
      `${resource ?? type}.${property}`,
      file ?? '',
      outcome === 'planned' ? 'would upload' : outcome,
      arn ?? id ?? (bucket === undefined ? '' : `s3://${bucket}/${String(key)}`),
    ]),
    stdout.columns,
  );
}

/** For scripts and for later commands: what stands behind each place. */
function manifestText(
  { places, destination }: PackageResult,
  { templateFile: template, outputTemplateFile }: PackageOptions,
): string {
  const manifest = {
    format: 1,
    template,
    ...(outputTemplateFile !== undefined && { outputTemplateFile }),
    ...(destination !== undefined && { bucket: destination.bucket, region: destination.region }),
    artifacts: places,
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

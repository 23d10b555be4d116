import path from 'node:path';
import { LOCAL_PLACE } from '../../../repository/index.ts';
import type { OutputFile } from '../../output.ts';
import { checkOutputs, outputFile, tryOutputs, writeOutputs } from '../../output.ts';
import { packageProject } from '../../package-project.ts';
import type { PackageResult } from '../../packaging/package.ts';
import { isList, isString, valueOf } from '../../template/node.ts';
import type { Template } from '../../template/template.ts';
import type { BootstrapTools } from '../bootstrap-tools.ts';
import { capabilitiesOf, formatSuccess, formatWritten, hasNestedStacks, samBytesOf } from '../talk/deploy-line.ts';
import { isEarlierManifest, isEarlierTemplate } from './earlier-output.ts';
import { surroundingsOf } from '../open.ts';
import type { PackageOptions } from '../syntax/package-flags.ts';
import { domainFolders } from '../../opening/open.ts';
import { inputsOf, openProject } from '../../opening/project.ts';
import { createProgress } from '../talk/progress.ts';
import {
  formatRegions,
  plainRegions,
  regionalName,
  requireOutputs,
  requireRegions,
  servesAll,
  textForAll,
} from '../talk/regional.ts';
import { formatTable, writeJson, writeNote } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { statsOf } from '../../regular-file.ts';

/** Packages a template: the one on stdout or in a file takes the place of what aws-cli and SAM write. */
export async function run(
  given: PackageOptions,
  terminal: Terminal,
  warnings: Warnings,
  tools?: BootstrapTools,
): Promise<void> {
  if (!given.watch) return packageFrom(openProject, given, terminal, warnings, tools);
  const { watchPackaging } = await import('./watch.ts');
  return watchPackaging((open, talk) => packageFrom(open, given, terminal, talk, tools), given, terminal, warnings);
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
  requireRegions(options);
  const { cwd, signal } = terminal;
  const outputs = outputsOf(options, cwd);
  checkOutputs(allOf(outputs), { files: inputsOf(options, cwd) });
  if (!options.dryRun) tryOutputs(allOf(outputs));

  const progress = createProgress(terminal, options, warnings);
  const written = [...allOf(outputs).map(({ file }) => file), ...domainFolders(options, cwd)];
  let result: PackageResult;
  try {
    result = await packageProject(open, options, surroundingsOf(terminal, options, tools), {
      ...{ leaveOut: written, reporter: progress.reporter },
      beforeSending: (kept) => {
        checkOutputs(allOf(outputs), kept);
      },
      beforeRegions: (bound) => {
        requireOutputs(bound, options);
      },
    });
  } finally {
    progress.stop();
  }
  signal.throwIfAborted();
  // Asked for while what came of it is written.
  const announced = result.destination?.announce?.();
  if (!options.dryRun) await write(result, options, outputs);
  if (options.regions !== undefined && !options.dryRun) warnOfEarlier(result, outputs, warnings);
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
  /** In the place of `template` where one does not serve all regions. */
  readonly byRegion: ReadonlyMap<string, OutputFile>;
}

function outputsOf({ manifest, outputTemplateFile: template, regions }: PackageOptions, cwd: string): Outputs {
  const templateFile = (given: string): OutputFile =>
    outputFile('--output-template-file', given, cwd, isEarlierTemplate);
  const named =
    template === undefined ? [] : (regions ?? []).map((region) => [region, regionalName(template, region)] as const);
  return {
    ...(manifest !== undefined && { manifest: outputFile('--manifest', manifest, cwd, isEarlierManifest) }),
    ...(template !== undefined && { template: templateFile(template) }),
    byRegion: new Map(named.map(([region, file]) => [region, templateFile(file)])),
  };
}

/** Which of them a run writes is known in its end. */
function allOf({ manifest, template, byRegion }: Outputs): readonly OutputFile[] {
  return [manifest, template, ...byRegion.values()].filter((file) => file !== undefined);
}

/** The manifest first: a template that is there says that all is there. */
async function write(result: PackageResult, options: PackageOptions, outputs: Outputs): Promise<void> {
  const { manifest } = outputs;
  await writeOutputs([
    ...(manifest === undefined ? [] : [{ file: manifest, bytes: [Buffer.from(manifestText(result, options))] }]),
    ...templatesIn(result, outputs).map(({ file, text }) => ({ file, bytes: [Buffer.from(text)] })),
  ]);
}

/** The one that serves all, or one for each region. */
function templatesIn(
  result: PackageResult,
  { template, byRegion }: Outputs,
): readonly { readonly file: OutputFile; readonly text: string }[] {
  if (template === undefined) return [];
  if (servesAll(result)) return [{ file: template, text: textForAll(result) }];
  return result.regional.flatMap(({ region, text = '' }) => {
    const file = byRegion.get(region);
    return file === undefined ? [] : [{ file, text }];
  });
}

function tell(result: PackageResult, options: PackageOptions, terminal: Terminal, warnings: Warnings): void {
  const { stdout, stderr, cwd } = terminal;
  const { outputTemplateFile: given, dryRun, quiet } = options;
  if (options.json) {
    const template =
      given === undefined ? { templateBody: textForAll(result) } : { outputTemplateFile: path.resolve(cwd, given) };
    const regionalFile = (region: string): string | undefined =>
      given === undefined || dryRun ? undefined : path.resolve(cwd, regionalName(given, region));
    writeJson(terminal, {
      ...(dryRun ? { dryRun: true } : servesAll(result) ? template : {}),
      artifacts: result.places,
      ...plainRegions(result, regionalFile),
      warnings: warnings.all(),
    });
    return;
  }
  if (dryRun) {
    stdout.write(dryRunTable(result, terminal));
    if (!quiet) tellRegions(result, options, terminal);
    if (!quiet) noteWhatIsNotWritten(result, options, terminal);
    return;
  }
  const { destination } = result;
  if (given === undefined) stdout.write(textForAll(result));
  if (quiet) return;
  // What is packaged for a second time names what is there already.
  const isLocal = destination?.region === LOCAL_PLACE.region || textForAll(result).includes(LOCAL_ARN);
  if (given !== undefined) {
    stdout.write(isLocal ? formatWritten(given) : successTexts(result, options, cwd, given));
  }
  tellRegions(result, options, terminal);
  if (isLocal && warnings.isNews(IN_DIRECTORY)) stderr.write(IN_DIRECTORY);
}

const LOCAL_ARN = `:artifacts:${LOCAL_PLACE.region}:`;

const IN_DIRECTORY =
  'The artifacts are in a directory: this template is for looking, testing and bundling, and cannot be deployed as it is.\n';

function tellRegions(result: PackageResult, options: PackageOptions, { stderr }: Terminal): void {
  if (result.regional.length > 0) stderr.write(formatRegions(result, options));
}

/** What a run for other places of the template left behind may be deployed for what this one wrote. */
function warnOfEarlier(result: PackageResult, { template, byRegion }: Outputs, warnings: Warnings): void {
  const others = servesAll(result) ? [...byRegion.values()] : template === undefined ? [] : [template];
  for (const { given, file } of others) {
    if (statsOf(file)?.isFile() !== true) continue;
    warnings.add({
      code: 'earlier-output',
      message: `'${given}' was there before, and was left as it is`,
      remedy: 'If an earlier run wrote it, delete it, so that nobody deploys it.',
    });
  }
}

function noteWhatIsNotWritten(result: PackageResult, options: PackageOptions, terminal: Terminal): void {
  const { manifest, template, byRegion } = outputsOf(options, terminal.cwd);
  const templates = servesAll(result) ? [template] : [...byRegion.values()];
  const files = [manifest, ...templates].flatMap((file) => (file === undefined ? [] : [`'${file.given}'`]));
  if (files.length > 0)
    writeNote(terminal, `nothing was written to ${files.join(' and ')}: this is a dry run`, options);
}

/** What was written, and how each is deployed. */
function successTexts(result: PackageResult, options: PackageOptions, cwd: string, given: string): string {
  const { regional, destination } = result;
  const [only, another] = regional;
  if (servesAll(result)) {
    const text = textForAll(result);
    const elsewhere = another === undefined && only !== undefined && only.region !== destination?.region;
    const place = elsewhere ? only : { bucket: destination?.bucket ?? options.s3Bucket };
    return successText({ ...place, text }, result, options, cwd, given);
  }
  return regional.map((one) => successText(one, result, options, cwd, regionalName(given, one.region))).join('');
}

function successText(
  {
    text = '',
    bucket,
    region,
  }: { readonly text?: string; readonly bucket?: string | undefined; readonly region?: string },
  { templates, destination, regional }: PackageResult,
  options: PackageOptions,
  cwd: string,
  outputFile: string,
): string {
  const scratchPrefix = destination?.scratchPrefix;
  const { configFile, configEnv: environment, deployConfig, typedAccess: { region: typed, profile } = {} } = options;
  // What serves several Regions is deployed in each of them.
  const where = region ?? (regional.length > 1 ? undefined : typed);
  const config =
    configFile === undefined || deployConfig === undefined
      ? undefined
      : {
          ...deployConfig,
          path: configFile,
          ...(environment !== undefined && environment !== 'default' && { environment }),
        };
  return formatSuccess({
    outputFile,
    cwd,
    templateBytes: Buffer.byteLength(text),
    ...(where !== undefined && { region: where }),
    ...(profile !== undefined && { profile }),
    ...(bucket !== undefined && { bucket }),
    ...(scratchPrefix !== undefined && { scratchPrefix }),
    sam: isSam(templates[0]),
    samProject: options.configFile !== undefined || options.templateFile.split(path.sep).includes('.aws-sam'),
    ...(config !== undefined && { config }),
    samBytes: samBytesOf(templates[0].root),
    capabilities: capabilitiesOf(templates.map(({ root }) => root)),
    nested: hasNestedStacks(templates[0].root),
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
function manifestText(result: PackageResult, { templateFile: template, outputTemplateFile }: PackageOptions): string {
  const { places, destination } = result;
  const isWritten = outputTemplateFile !== undefined && servesAll(result);
  const regionalFile = (region: string): string | undefined =>
    outputTemplateFile === undefined ? undefined : regionalName(outputTemplateFile, region);
  const manifest = {
    format: 1,
    template,
    ...(isWritten && { outputTemplateFile }),
    ...(destination !== undefined && { bucket: destination.bucket, region: destination.region }),
    artifacts: places,
    ...plainRegions(result, regionalFile),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

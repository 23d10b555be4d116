import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { ArtifactError, parseId } from '../../../repository/index.ts';
import { createArchiver, findProjectRoot } from '../../archive/source.ts';
import { checkOutput, writeOutput } from '../../output.ts';
import { packageTemplate } from '../../packaging/package.ts';
import type { PackageResult } from '../../packaging/package.ts';
import { projectName } from '../../project-name.ts';
import { isList, isString, valueOf } from '../../template/node.ts';
import { propertyTable } from '../../template/properties/table.ts';
import { loadProperties } from '../../template/properties/user-table.ts';
import type { PropertyTable } from '../../template/properties/property.ts';
import type { Template } from '../../template/template.ts';
import { capabilitiesOf, formatSuccess } from '../deploy-line.ts';
import { openDestination } from '../open.ts';
import type { PackageOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { formatTable, writeJson } from '../report.ts';
import { scratchFolder } from '../scratch.ts';
import type { Terminal } from '../terminal.ts';

/** Packages a template: the one on stdout or in a file takes the place of what aws-cli and SAM write. */
export async function run(options: PackageOptions, terminal: Terminal): Promise<void> {
  const { cwd, signal } = terminal;
  const templateFile = path.resolve(cwd, options.templateFile);
  const outputFile = absolute(cwd, options.outputTemplateFile);
  const manifestFile = absolute(cwd, options.manifest);
  if (!options.dryRun) for (const file of [outputFile, manifestFile]) if (file !== undefined) checkOutput(file);
  const table = tableOf(options, cwd);
  const root = projectRootOf(options, cwd) ?? (await findProjectRoot(path.dirname(templateFile)));
  const hasDomain = options.s3Bucket === undefined && !options.resolveS3;
  refuseContradictions(options, hasDomain);

  const progress = createProgress(terminal, options);
  const archiver = createArchiver({ reporter: progress.reporter, scratch: scratchFolder(), signal });
  let result: PackageResult;
  try {
    result = await packageTemplate({
      ...{ templateFile, cwd, table, hasDomain, archiver, signal, reporter: progress.reporter },
      project: { root, exclude: options.exclude, followExternalSymlinks: options.followExternalSymlinks },
      prefix: parseId(options.artifactPrefix ?? projectName(root, options.stackName)),
      destination: () => openDestination(options, terminal),
      references: options.references ?? (hasDomain ? 'stack' : 'none'),
      parameters: new Map(Object.entries(options.parameterOverrides)),
      zipTemplateDirWhenAbsent: options.zipTemplateDirWhenAbsent,
      useJson: options.useJson,
      dryRun: options.dryRun,
    });
  } finally {
    progress.stop();
    await archiver.close();
  }
  signal.throwIfAborted();
  if (!options.dryRun && outputFile !== undefined && result.text !== undefined)
    await writeOutput(outputFile, [Buffer.from(result.text)]);
  if (!options.dryRun && manifestFile !== undefined)
    await writeOutput(manifestFile, [Buffer.from(manifestText(result, options, outputFile))]);
  tell(result, options, terminal, outputFile);
}

function tell(
  result: PackageResult,
  options: PackageOptions,
  terminal: Terminal,
  outputFile: string | undefined,
): void {
  const { stdout, stderr } = terminal;
  if (options.json) {
    const template = outputFile === undefined ? { templateBody: result.text } : { outputTemplateFile: outputFile };
    writeJson(terminal, { ...(options.dryRun ? { dryRun: true } : template), artifacts: result.places });
    return;
  }
  if (options.dryRun) {
    stdout.write(dryRunTable(result, terminal));
    return;
  }
  if (result.text === undefined) return;
  if (outputFile === undefined) stdout.write(result.text);
  if (options.quiet) return;
  if (result.destination?.region === 'local') {
    stderr.write(
      'The artifacts are in a directory: this template is for looking, testing and bundling, and cannot be deployed as it is.\n',
    );
  } else if (outputFile !== undefined) {
    stdout.write(successText(result, options, terminal, outputFile));
  }
}

function successText(result: PackageResult, options: PackageOptions, { cwd }: Terminal, outputFile: string): string {
  const { text = '', templates, destination } = result;
  const bucket = destination?.bucket ?? options.s3Bucket;
  const scratchPrefix = destination?.scratchPrefix;
  return formatSuccess({
    outputFile: options.outputTemplateFile ?? outputFile,
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
    places.map(({ place, resource, type, property, path: file, id, arn, outcome }) => [
      place,
      `${resource ?? type}.${property}`,
      file ?? '',
      outcome === 'planned' ? 'would upload' : outcome,
      arn ?? id ?? '',
    ]),
    stdout.columns,
  );
}

/** For scripts and for later commands: what stands behind each place. */
function manifestText(
  { places, destination }: PackageResult,
  options: PackageOptions,
  outputFile: string | undefined,
): string {
  const manifest = {
    format: 1,
    template: options.templateFile,
    ...(outputFile !== undefined && { outputTemplateFile: options.outputTemplateFile }),
    ...(destination !== undefined && { bucket: destination.bucket, region: destination.region }),
    artifacts: places,
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function refuseContradictions({ references }: PackageOptions, hasDomain: boolean): void {
  if (hasDomain || references === undefined || references === 'none') return;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `--references ${references} needs a domain, and --s3-bucket is a plain bucket`,
    {
      remedy: 'Leave out --s3-bucket, or use --references none.',
    },
  );
}

function tableOf({ resources }: PackageOptions, cwd: string): PropertyTable {
  if (resources === undefined) return propertyTable();
  const file = path.resolve(cwd, resources);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ArtifactError('PATH_NOT_FOUND', `the table of resources '${resources}' could not be read`, {
      remedy: 'Name an existing JSON or YAML file with --resources.',
      cause,
    });
  }
  return propertyTable(loadProperties(text, resources));
}

function projectRootOf({ projectRoot }: PackageOptions, cwd: string): string | undefined {
  if (projectRoot === undefined) return undefined;
  const folder = path.resolve(cwd, projectRoot);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new ArtifactError('PATH_NOT_FOUND', `the project root '${projectRoot}' is no folder`);
  }
  return realpathSync(folder);
}

function absolute(cwd: string, file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(cwd, file);
}

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { TemplateNode } from '../../template/node.ts';
import { entryOf, isList, isMap, isString, valueOf } from '../../template/node.ts';
import { quoteForShell } from '../../shell-word.ts';
import { SAM_CONFIG_FILES } from '../syntax/samconfig.ts';

export interface DeployLine {
  /** As given to --output-template-file. */
  readonly outputFile: string;
  /** What `outputFile` is relative to. */
  readonly cwd: string;
  /** Size of the packaged template in UTF-8. */
  readonly templateBytes: number;
  /** Where it is deployed; absent: wherever the deploying tool does. */
  readonly region?: string;
  /** By whose credentials; absent: those that the deploying tool finds. */
  readonly profile?: string;
  /** A bucket that the deploying tool may put a large template into. */
  readonly bucket?: string;
  /** Where in that bucket; without a slash at its end. */
  readonly scratchPrefix?: string;
  /** The template needs the SAM transform. */
  readonly sam: boolean;
  /** The input came from `sam build` or has a samconfig: `sam deploy` is what people use here. */
  readonly samProject?: boolean;
  /** The samconfig that was read, and what it says to `sam deploy`. */
  readonly config?: SamDeployConfig;
  /** What `sam deploy` adds to the template before it sends it, in bytes, at most. */
  readonly samBytes?: number;
  /** From `capabilitiesOf`. */
  readonly capabilities: readonly Capability[];
  /** The template has nested stacks. */
  readonly nested?: boolean;
}

export interface SamDeployConfig {
  /** Absolute. */
  readonly path: string;
  /** `--config-env`, if another than SAM's own choice. */
  readonly environment?: string;
  /** Whether it names the stack. */
  readonly stackName: boolean;
  readonly capabilities: readonly string[];
  /** Whether it names the bucket for a large template, or has SAM find one. */
  readonly bucket: boolean;
}

export type Capability = 'CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM' | 'CAPABILITY_AUTO_EXPAND';

/** CloudFormation takes no more in a request; a larger template is read from S3. */
export const INLINE_TEMPLATE_LIMIT = 51_200;

/** What aws-cli and SAM print after a successful `package`, to the letter, and as many options more as this template's deploy needs. */
export function formatSuccess(line: DeployLine): string {
  const { outputFile, sam, samProject = false } = line;
  const [aws, bySam] = [
    ['aws cloudformation deploy', ...optionsOf(line)].join(' '),
    ['sam deploy', ...samOptionsOf(line)].join(' '),
  ];
  const either = sam && !samProject ? `(or, the same: ${bySam})\n` : '';
  return (
    formatWritten(outputFile) +
    'Execute the following command to deploy the packaged template\n' +
    `${samProject ? bySam : aws}\n${either}`
  );
}

/** Where the template is, to the letter as aws-cli and SAM say it. */
export function formatWritten(outputFile: string): string {
  return `\nSuccessfully packaged artifacts and wrote output template to file ${outputFile}.\n`;
}

function optionsOf(line: DeployLine): readonly string[] {
  const { templateBytes, bucket, capabilities } = line;
  const options = [templateOption(line), STACK_NAME, ...accessOptions(line)];
  if (capabilities.length > 0) options.push(`--capabilities ${capabilities.join(' ')}`);
  if (templateBytes > INLINE_TEMPLATE_LIMIT) {
    options.push(...(bucket === undefined ? ['--s3-bucket <YOUR BUCKET>'] : bucketOptions(line, bucket)));
  }
  return options;
}

const STACK_NAME = '--stack-name <YOUR STACK NAME>';

/**
 * What `sam deploy` must be told beside what its samconfig says. That is looked for beside the template that it deploys, and a bucket may be named in one place alone:
 * `samcli/commands/deploy/command.py`.
 */
function samOptionsOf(line: DeployLine): readonly string[] {
  const { config, templateBytes, samBytes = 0, bucket } = line;
  const options = [templateOption(line)];
  if (config !== undefined && !isFoundBySam(line, config.path))
    options.push(`--config-file ${quoteForShell(config.path)}`);
  if (config?.environment !== undefined) options.push(`--config-env ${quoteForShell(config.environment)}`);
  if (config?.stackName !== true) options.push(STACK_NAME);
  options.push(...accessOptions(line));
  const capabilities = capabilitiesBeside(line, config?.capabilities ?? []);
  if (capabilities.length > 0) options.push(`--capabilities ${capabilities.join(' ')}`);
  if (templateBytes + samBytes > INLINE_TEMPLATE_LIMIT && config?.bucket !== true) {
    options.push(...(bucket === undefined ? ['--resolve-s3'] : bucketOptions(line, bucket)));
  }
  return options;
}

function accessOptions({ region, profile }: DeployLine): readonly string[] {
  return [
    ...(region === undefined ? [] : [`--region ${region}`]),
    ...(profile === undefined ? [] : [`--profile ${quoteForShell(profile)}`]),
  ];
}

function templateOption({ outputFile, cwd }: DeployLine): string {
  return `--template-file ${quoteForShell(resolve(cwd, outputFile))}`;
}

function bucketOptions({ scratchPrefix }: DeployLine, bucket: string): readonly string[] {
  const prefix = scratchPrefix === undefined ? [] : [`--s3-prefix ${quoteForShell(scratchPrefix)}`];
  return [`--s3-bucket ${quoteForShell(bucket)}`, ...prefix];
}

/** Whether it is the one that SAM takes beside the packaged template. */
function isFoundBySam({ outputFile, cwd }: DeployLine, config: string): boolean {
  const folder = dirname(resolve(cwd, outputFile));
  if (dirname(config) !== folder) return false;
  return (
    SAM_CONFIG_FILES.find((name) => name === basename(config) || existsSync(join(folder, name))) === basename(config)
  );
}

/**
 * All, if samconfig's don't do: those of the command line take their place. To nested stacks alone CAPABILITY_AUTO_EXPAND means something where a change set is made:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
 */
function capabilitiesBeside(
  { capabilities, nested = false }: DeployLine,
  configured: readonly string[],
): readonly string[] {
  const given = new Set(configured);
  if (given.has('CAPABILITY_NAMED_IAM')) given.add('CAPABILITY_IAM');
  const missing = capabilities.filter((one) => !given.has(one) && (one !== 'CAPABILITY_AUTO_EXPAND' || nested));
  if (configured.length === 0) return capabilities;
  return missing.length === 0 ? [] : [...new Set([...configured, ...missing])];
}

/**
 * Types for which CloudFormation wants CAPABILITY_IAM, and the property that makes it CAPABILITY_NAMED_IAM.
 * Source: "Acknowledging IAM resources in CloudFormation templates", AWS CloudFormation User Guide.
 */
const IAM_NAMES: Readonly<Record<string, string | undefined>> = {
  'AWS::IAM::AccessKey': undefined,
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': undefined,
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::UserToGroupAddition': undefined,
};

/** SAM makes roles for these unless they are given one, and policies even then. */
const SAM_WITH_ROLES = /^AWS::Serverless::(?:Function|StateMachine|GraphQLApi|Connector|Application)$/;

const NESTED = ['AWS::CloudFormation::Stack', 'AWS::Serverless::Application'];

/** Whether a template has nested stacks. */
export function hasNestedStacks(root: TemplateNode): boolean {
  return resourcesIn(root).some(({ type }) => NESTED.includes(type));
}

/**
 * How much longer a template may become before `sam deploy` sends it: a line of Metadata for every resource that has none.
 * `samcli/lib/samlib/resource_metadata_normalizer.py`.
 */
export function samBytesOf(root: TemplateNode): number {
  const perResource = Buffer.byteLength('    Metadata:\n      SamResourceId: \n');
  return resourcesIn(root).reduce((sum, { name }) => sum + perResource + Buffer.byteLength(name), 0);
}

function resourcesIn(root: TemplateNode): readonly { readonly name: string; readonly type: string }[] {
  const resources = valueOf(root, 'Resources');
  if (!isMap(resources)) return [];
  return resources.entries.map(({ key: name, value }) => {
    const type = valueOf(value, 'Type');
    return { name, type: isString(type) ? type.value : '' };
  });
}

/**
 * What must be acknowledged to deploy a template: of IAM, the stronger of its two; and CAPABILITY_AUTO_EXPAND for macros, the SAM transform
 * among them, and for nested stacks, whose own macros the outer stack answers for.
 * @param roots The template and those nested in it.
 */
export function capabilitiesOf(roots: readonly TemplateNode[]): readonly Capability[] {
  const found = new Set<Capability>();
  for (const root of roots) {
    if (valueOf(root, 'Transform') !== undefined) found.add('CAPABILITY_AUTO_EXPAND');
    collectCapabilities(root, found);
  }
  if (found.has('CAPABILITY_NAMED_IAM')) found.delete('CAPABILITY_IAM');
  return [...found].toSorted().toReversed();
}

function collectCapabilities(node: TemplateNode, found: Set<Capability>): void {
  if (isList(node)) {
    for (const item of node.items) collectCapabilities(item, found);
  }
  if (!isMap(node)) return;
  const type = valueOf(node, 'Type');
  if (isString(type)) addCapabilities(type.value, valueOf(node, 'Properties'), found);
  if (entryOf(node, 'Fn::Transform') !== undefined) found.add('CAPABILITY_AUTO_EXPAND');
  for (const { value } of node.entries) collectCapabilities(value, found);
}

function addCapabilities(type: string, properties: TemplateNode | undefined, found: Set<Capability>): void {
  if (Object.hasOwn(IAM_NAMES, type)) {
    const name = IAM_NAMES[type];
    const named = name !== undefined && entryOf(properties, name) !== undefined;
    found.add(named ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM');
  }
  if (SAM_WITH_ROLES.test(type)) found.add('CAPABILITY_IAM');
  if (NESTED.includes(type)) found.add('CAPABILITY_AUTO_EXPAND');
}

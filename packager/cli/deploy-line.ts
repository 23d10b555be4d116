import { resolve } from 'node:path';
import type { TemplateNode } from '../template/node.ts';
import { entryOf, isList, isMap, isString, valueOf } from '../template/node.ts';

export interface DeployLine {
  /** As given to --output-template-file. */
  readonly outputFile: string;
  /** What `outputFile` is relative to. */
  readonly cwd: string;
  /** Size of the packaged template in UTF-8. */
  readonly templateBytes: number;
  /** Where it is deployed; absent: wherever the deploying tool does. */
  readonly region?: string;
  /** A bucket that the deploying tool may put a large template into. */
  readonly bucket?: string;
  /** Where in that bucket; without a slash at its end. */
  readonly scratchPrefix?: string;
  /** The template needs the SAM transform. */
  readonly sam: boolean;
  /** The input came from `sam build` or has a samconfig: `sam deploy` is what people use here. */
  readonly samProject?: boolean;
  /** From `capabilitiesOf`. */
  readonly capabilities: readonly Capability[];
}

export type Capability = 'CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM' | 'CAPABILITY_AUTO_EXPAND';

/** CloudFormation takes no more in a request; a larger template is read from S3. */
export const INLINE_TEMPLATE_LIMIT = 51_200;

/** What aws-cli and SAM print after a successful `package`, to the letter, and as many options more as this template's deploy needs. */
export function formatSuccess(line: DeployLine): string {
  const { outputFile, sam, samProject = false } = line;
  const command = (tool: string): string => [tool, ...optionsOf(line)].join(' ');
  const either = sam && !samProject ? `(or, the same: ${command('sam deploy')})\n` : '';
  return (
    formatWritten(outputFile) +
    'Execute the following command to deploy the packaged template\n' +
    `${command(samProject ? 'sam deploy' : 'aws cloudformation deploy')}\n${either}`
  );
}

/** Where the template is, to the letter as aws-cli and SAM say it. */
export function formatWritten(outputFile: string): string {
  return `\nSuccessfully packaged artifacts and wrote output template to file ${outputFile}.\n`;
}

function optionsOf({
  outputFile,
  cwd,
  templateBytes,
  region,
  bucket,
  scratchPrefix,
  capabilities,
}: DeployLine): readonly string[] {
  const options = [`--template-file ${quoteForShell(resolve(cwd, outputFile))}`, '--stack-name <YOUR STACK NAME>'];
  if (region !== undefined) options.push(`--region ${region}`);
  if (capabilities.length > 0) options.push(`--capabilities ${capabilities.join(' ')}`);
  if (templateBytes > INLINE_TEMPLATE_LIMIT) {
    options.push(`--s3-bucket ${bucket === undefined ? '<YOUR BUCKET>' : quoteForShell(bucket)}`);
    if (bucket !== undefined && scratchPrefix !== undefined)
      options.push(`--s3-prefix ${quoteForShell(scratchPrefix)}`);
  }
  return options;
}

/** One word of a command line, in quotes only where a shell would see more in it. */
export function quoteForShell(word: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return /^[\w.:\\/@%+=,~-]+$/.test(word) ? word : `"${word}"`;
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
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

/** `aws`, `aws-cn`, `aws-us-gov` … */
export function partitionNamed(region: string): string {
  return partitionOf(region).name;
}

/** `https://s3.eu-west-1.amazonaws.com`: the regional endpoint. https://docs.aws.amazon.com/general/latest/gr/s3.html */
export function regionalS3(region: string): string {
  return `https://s3.${region}.${partitionOf(region).suffix}`;
}

/** The same as the AWS CLI writes it in URLs: in us-east-1 without a Region. */
export function writtenS3(region: string): string {
  return GLOBAL.has(region) ? `https://s3.${AWS.suffix}` : regionalS3(region);
}

const GLOBAL: ReadonlySet<string> = new Set(['us-east-1', 'aws-global']);

interface Partition {
  readonly name: string;
  /** Of the names of its hosts. */
  readonly suffix: string;
}

function partitionOf(region: string): Partition {
  return PARTITIONS.find(([beginning]) => region.startsWith(beginning))?.[1] ?? AWS;
}

const AWS: Partition = { name: 'aws', suffix: 'amazonaws.com' };

/** By the beginning of the Region's name, as in the SDK's own partitions.json, which it does not hand out. */
const PARTITIONS: readonly (readonly [beginning: string, partition: Partition])[] = [
  ['cn-', { name: 'aws-cn', suffix: 'amazonaws.com.cn' }],
  ['us-gov-', { name: 'aws-us-gov', suffix: 'amazonaws.com' }],
  ['us-isob-', { name: 'aws-iso-b', suffix: 'sc2s.sgov.gov' }],
  ['us-isof-', { name: 'aws-iso-f', suffix: 'csp.hci.ic.gov' }],
  ['us-iso-', { name: 'aws-iso', suffix: 'c2s.ic.gov' }],
  ['eu-isoe-', { name: 'aws-iso-e', suffix: 'cloud.adc-e.uk' }],
  ['eusc-', { name: 'aws-eusc', suffix: 'amazonaws.eu' }],
];

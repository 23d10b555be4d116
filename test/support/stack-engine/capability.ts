import { ServiceError } from './error.ts';
import type { Template } from './template.ts';
import { mapOf } from './value.ts';

/**
 * Types that change who may do what, each with the property that gives it a name of its own, if there is one.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
 */
const IAM: Readonly<Record<string, string | undefined>> = {
  'AWS::IAM::AccessKey': undefined,
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': undefined,
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::UserToGroupAddition': undefined,
};

/** What must be granted to whoever deploys the template, and the types that ask for it. */
export function neededCapability({ resources }: Template): {
  readonly capability: 'CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM' | undefined;
  readonly types: readonly string[];
} {
  const concerned = Object.values(resources).filter(({ type }) => type in IAM);
  const isNamed = concerned.some(({ type, properties }) => {
    const name = IAM[type];
    return name !== undefined && mapOf(properties)[name] !== undefined;
  });
  const capability = concerned.length === 0 ? undefined : isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM';
  return { capability, types: [...new Set(concerned.map(({ type }) => type))] };
}

export function requireCapabilities(template: Template, granted: readonly string[]): void {
  const { capability } = neededCapability(template);
  if (capability === undefined || granted.includes('CAPABILITY_NAMED_IAM') || granted.includes(capability)) return;
  throw new ServiceError('InsufficientCapabilitiesException', `Requires capabilities : [${capability}]`);
}

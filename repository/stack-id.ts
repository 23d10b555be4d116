import type { DomainPlace } from './arn.ts';
import { LOCAL_PLACE } from './arn.ts';

/** One incarnation of a stack: deleted and made again, it has the same name and another `uuid`. */
export interface StackName {
  readonly account: string;
  readonly region: string;
  readonly stack: string;
  readonly uuid: string;
}

/** The resource of a stack that uses artifacts. */
export interface StackResource extends StackName {
  readonly logicalId: string;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html: a name is a letter, then letters, digits and hyphens. */
const NAME = '[A-Za-z][A-Za-z0-9-]{0,127}';
const STACK_ID = new RegExp(
  `^arn:[a-z][a-z0-9-]*:cloudformation:(?<region>[a-z][a-z0-9-]*):(?<account>[0-9]{12}):stack/(?<stack>${NAME})/(?<uuid>[A-Za-z0-9-]{1,64})$`,
);

/** `undefined` where the text is no ARN of a stack. */
export function parseStackId(text: string): StackName | undefined {
  const { account, region, stack, uuid } = STACK_ID.exec(text)?.groups ?? {};
  if (account === undefined || region === undefined || stack === undefined || uuid === undefined) return undefined;
  return { account, region, stack, uuid };
}

/** The ARN by which CloudFormation knows this incarnation of the stack. */
export function formatStackId(partition: string, { account, region, stack, uuid }: StackName): string {
  return `arn:${partition}:cloudformation:${region}:${account}:stack/${stack}/${uuid}`;
}

/**
 * Whether a stack stands in another account or region than a domain, whose function then has nothing to do with it: what it uses is bound where it stands, and the
 * domain there tells of it. A directory is nowhere, and nothing is told to it.
 */
export function isElsewhere(
  { account, region }: Pick<StackName, 'account' | 'region'>,
  domain: Pick<DomainPlace, 'account' | 'region'>,
): boolean {
  if (domain.region === LOCAL_PLACE.region) return false;
  return account !== domain.account || region !== domain.region;
}

/** Whether a stack may be called so; an ARN is no name. */
export function isStackName(text: string): boolean {
  return new RegExp(`^${NAME}$`).test(text);
}

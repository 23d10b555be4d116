import type { ArtifactArn } from '../../repository/arn.ts';
import { parseArn } from '../../repository/arn.ts';
import { ArtifactError, refuse } from '../../repository/error.ts';

/** One artifact, as the template names it. */
export interface NamedUse {
  readonly arn: ArtifactArn;
  /** The key that the template uses. */
  readonly key?: string;
  /** The bookmark that chose the version. */
  readonly resolvedFrom?: string;
}

export interface Properties {
  readonly uses: readonly NamedUse[];
  /** `ArtifactArns`, which is answered with the bucket alone. */
  readonly isGroup: boolean;
  /** Whoever uses it reads the object for as long as it lives. */
  readonly pinned: boolean;
}

type Members = Readonly<Record<string, unknown>>;

const GROUP_LIMIT = 40;
const OWN = ['ServiceToken', 'ServiceTimeout', 'ArtifactArn', 'ArtifactArns', 'Key', 'ResolvedFrom', 'Pinned'];
const OF_MEMBERS = ['Arn', 'Key', 'ResolvedFrom'];

/** @throws ArtifactErrors with every problem that there is */
export function parseProperties(value: unknown): Properties {
  const problems: ArtifactError[] = [];
  const properties = isMembers(value) ? value : {};
  requireKnown(properties, OWN, 'the resource', problems);
  const { ArtifactArn: single, ArtifactArns: group, Pinned: pinned = 'false' } = properties;
  if ((single === undefined) === (group === undefined))
    problems.push(problem("exactly one of 'ArtifactArn' and 'ArtifactArns' is needed"));
  if (!/^(?:true|false)$/.test(String(pinned))) problems.push(problem("'Pinned' is neither true nor false"));
  if (group !== undefined && ('Key' in properties || 'ResolvedFrom' in properties))
    problems.push(problem("with 'ArtifactArns', 'Key' and 'ResolvedFrom' stand beside each 'Arn'"));
  const members = group === undefined ? [] : membersOf(group, problems);
  const named = single === undefined ? members : [{ ...properties, Arn: single }];
  const uses = named.flatMap((one) => useOf(one, problems) ?? []);
  refuse(problems);
  return { uses, isGroup: group !== undefined, pinned: String(pinned) === 'true' };
}

/** Whether both want the same, so that what one of them bound stands for the other too. */
export function wantTheSame(one: unknown, other: unknown): boolean {
  try {
    return comparable(parseProperties(one)) === comparable(parseProperties(other));
  } catch {
    return false;
  }
}

function comparable({ uses, pinned }: Properties): string {
  return JSON.stringify([pinned, uses.map((use) => JSON.stringify([use.arn, use.key, use.resolvedFrom])).sort()]);
}

function membersOf(group: unknown, problems: ArtifactError[]): readonly Members[] {
  const list = Array.isArray(group) ? (group as readonly unknown[]) : [];
  if (list.length < 1 || list.length > GROUP_LIMIT) {
    problems.push(problem(`'ArtifactArns' is not a list of 1 to ${GROUP_LIMIT} artifacts`));
    return [];
  }
  return list.map((member) => {
    if (!isMembers(member)) return { Arn: member };
    requireKnown(member, OF_MEMBERS, "'ArtifactArns'", problems);
    return member;
  });
}

function useOf(
  { Arn: text, Key: key, ResolvedFrom: resolvedFrom }: Members,
  problems: ArtifactError[],
): NamedUse | undefined {
  if (typeof text !== 'string' || !isTextOrAbsent(key) || !isTextOrAbsent(resolvedFrom)) {
    const wrong = [
      ...(typeof text === 'string' ? [] : ['the ARN']),
      ...(isTextOrAbsent(key) ? [] : ["'Key'"]),
      ...(isTextOrAbsent(resolvedFrom) ? [] : ["'ResolvedFrom'"]),
    ];
    problems.push(problem(`${wrong.join(' and ')} is no text`));
    return undefined;
  }
  try {
    const arn = parseArn(text);
    if (arn.version !== undefined || arn.digest !== undefined)
      return { arn, ...(key !== undefined && { key }), ...(resolvedFrom !== undefined && { resolvedFrom }) };
    problems.push(
      new ArtifactError('INVALID_ARN', `'${text}' names an artifact, but none of its versions`, {
        remedy: 'Write :VERSION or @sha256:DIGEST behind it.',
      }),
    );
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    problems.push(error);
  }
  return undefined;
}

function requireKnown(members: Members, known: readonly string[], where: string, problems: ArtifactError[]): void {
  const unknown = Object.keys(members).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  problems.push(
    new ArtifactError('INVALID_ARGUMENT', `${where} has no property '${unknown.join("', '")}'`, {
      remedy: `There is ${known.join(', ')}. If a newer 'cfn-artifacts package' wrote it, run 'cfn-artifacts bootstrap'.`,
    }),
  );
}

function problem(message: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message);
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

import type { DeletedContent, DeletedVersion, Digest, Domain, Usage, VersionUser } from '../../../repository/index.ts';
import { ArtifactError, isByHand, parseStackId, samePlace } from '../../../repository/index.ts';
import { formatArtifactName } from '../../../repository/name.ts';
import { formatSize } from '../../size.ts';
import { versionName } from './deletion-plan.ts';
import { formatDate, formatTable } from './report.ts';

/** How people are told of deletions. */

/** What will go, as it is shown before it does. */
export function formatDeletion(
  versions: readonly DeletedVersion[],
  { now }: { readonly now: boolean },
  width: number | undefined,
): string {
  const rows = versions.map((version) => [
    versionName(version),
    formatSize(version.content.reduce((total, { bytes }) => total + bytes, 0)),
    formatDate(new Date(version.published)),
    [
      ...new Set(version.content.map(prospectOf)),
      ...(version.outcome === 'already' ? ['(the version was deleted before)'] : []),
    ].join(' '),
  ]);
  const columns = [
    { title: 'VERSION' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'PUBLISHED' },
    { title: 'CONTENT' },
  ];
  return `${formatTable(columns, rows, width)}${summaryOf(versions, now)}\n`;
}

/** Of the content of a version that goes. */
function prospectOf({ outcome, by = [], until }: DeletedContent): string {
  switch (outcome) {
    case 'condemned':
      return until === undefined ? 'into quarantine' : `in quarantine until ${formatDate(new Date(until))}`;
    case 'deleted':
      return 'deleted';
    case 'held':
      return stays(by);
    case 'absent':
      return 'gone already';
  }
}

function stays(by: readonly string[]): string {
  const [first = 'somebody', ...others] = by;
  return `stays: ${first}${others.length > 0 ? ' and others hold' : ' holds'} it`;
}

function summaryOf(versions: readonly DeletedVersion[], now: boolean): string {
  const going = bytesOf(versions, now ? 'deleted' : 'condemned');
  const count = freshIn(versions);
  const what = count === 1 ? '1 version goes' : `${count} versions go`;
  if (going === undefined) return `${what}, and no content.`;
  if (count === 0)
    return now
      ? `${formatSize(going)} of content go at once: nobody can take that back. Their versions were deleted before.`
      : `${formatSize(going)} of content go after quarantine. Their versions were deleted before.`;
  return now
    ? `${what}, and ${formatSize(going)} of content at once: nobody can take that back.`
    : `${what}, and ${formatSize(going)} of content after its quarantine: until then 'cfn-artifacts undelete' takes it back.`;
}

/** How many are not deleted yet. */
function freshIn(versions: readonly DeletedVersion[]): number {
  return versions.filter(({ outcome }) => outcome === 'would delete').length;
}

/** What is asked about. */
export function whatGoes(versions: readonly DeletedVersion[]): string {
  const count = freshIn(versions);
  if (count === 0) return 'this content';
  return count === 1 ? 'this version' : `these ${count} versions`;
}

/** Of content with this outcome, each once. `undefined`: there is none. */
function bytesOf(versions: readonly DeletedVersion[], wanted: DeletedContent['outcome']): number | undefined {
  const sizes = new Map<Digest, number>();
  for (const { digest, bytes, outcome } of versions.flatMap(({ content }) => content)) {
    if (outcome === wanted) sizes.set(digest, bytes);
  }
  return sizes.size === 0 ? undefined : [...sizes.values()].reduce((total, bytes) => total + bytes, 0);
}

/** What became of a version that is deleted: a line. */
export function formatDeleted(version: DeletedVersion): string {
  const name = versionName(version);
  const what = version.outcome === 'already' ? `${name} was deleted before` : `deleted ${name}`;
  return [what, ...endsOf(version.content)].join('; ');
}

/** What became of content, each way once, and of how much where there are several ways. */
export function endsOf(content: readonly DeletedContent[]): readonly string[] {
  const ends = content.map(endOf);
  const each = [...new Set(ends)];
  if (each.length < 2) return each;
  return each.map((end) => {
    const count = ends.filter((one) => one === end).length;
    return end.replace('its content', `${count} of its ${ends.length} contents`);
  });
}

function endOf({ outcome, bytes, by = [], until }: DeletedContent): string {
  switch (outcome) {
    case 'condemned':
      return `its content is in quarantine until ${until === undefined ? '?' : formatDate(new Date(until))}`;
    case 'deleted':
      return `its content is deleted (${formatSize(bytes)})`;
    case 'held':
      return `its content ${stays(by)}`;
    case 'absent':
      return 'its content was gone already';
  }
}

/**
 * What can be done after versions were deleted; `undefined` where nothing went.
 * @param flags as placeFlags gives them
 */
export function adviceOn(versions: readonly DeletedVersion[], flags: string): string | undefined {
  const [quarantined, ...others] = versions.filter(({ content }) => has(content, 'condemned'));
  if (quarantined !== undefined) {
    const which = others.length === 0 ? ` ${versionName(quarantined)}` : ' VERSION...';
    return `Until then 'cfn-artifacts undelete${which}${flags}' takes the deletion back. Later, ${AGAIN}`;
  }
  if (versions.some(({ content }) => has(content, 'deleted'))) return `To have the content back, ${AGAIN}`;
  return undefined;
}

const AGAIN = 'publish the same bytes: the content has the same ARN then, and the version a new number.';

function has(content: readonly DeletedContent[], wanted: DeletedContent['outcome']): boolean {
  return content.some(({ outcome }) => outcome === wanted);
}

/** A version with those who need it. */
type Needed = Pick<DeletedVersion, 'repository' | 'id' | 'number' | 'users' | 'moreUsers'>;

/** Why a version is left: everybody who needs it. */
export function inUse(domain: Domain, version: Needed, remedy: string): ArtifactError {
  const users = [...new Set((version.users ?? []).map((user) => userName(domain, user)))];
  if (version.moreUsers !== undefined) users.push(`${version.moreUsers} more`);
  return new ArtifactError('ARTIFACT_IN_USE', `'${versionName(version)}' is in use by ${listed(users)}`, { remedy });
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

function userName(domain: Domain, user: VersionUser): string {
  return user.by === 'bookmark' ? `bookmark '${user.bookmark}'` : consumerName(domain, user);
}

function consumerName(domain: Domain, { consumer }: Usage): string {
  if (consumer.kind === 'stack') {
    const { stack, account, region, logicalId } = consumer.resource;
    const isHere = samePlace({ ...domain, account, region }, domain);
    return `stack '${stack}' (${logicalId}${isHere ? '' : `, in ${region} of account ${account}`})`;
  }
  const { name, stackId, logicalId, promotedTo } = consumer;
  if (promotedTo !== undefined) return `promotion to ${promotedTo}`;
  const stack = stackId === undefined ? undefined : parseStackId(stackId)?.stack;
  if (stack === undefined) return `consumer '${name}'`;
  return `what stack '${stack}'${logicalId === undefined ? '' : ` (${logicalId})`} left running`;
}

/**
 * How each kind of user lets go.
 * @param flags as placeFlags gives them
 */
export function lettingGo(versions: readonly Needed[], flags: string): string {
  const users = versions.flatMap(({ users: all = [] }) => all);
  const consumers = users.flatMap((user) => (user.by === 'reference' ? [user.consumer] : []));
  const [named] = versions.flatMap((version) => namedIn(version).map((name) => ({ name, version })));
  const [bookmarked] = versions.flatMap(({ users: all = [], ...name }) =>
    all.flatMap((user) => (user.by === 'bookmark' ? [`${formatArtifactName(name)} ${user.bookmark}`] : [])),
  );
  const ways: readonly (readonly [boolean, string])[] = [
    [consumers.some(({ kind }) => kind === 'stack'), 'A stack lets go when it is updated or deleted.'],
    [
      named !== undefined,
      named === undefined
        ? ''
        : `A consumer lets go by 'cfn-artifacts reference remove ${versionName(named.version)} --consumer ${named.name}${flags}'.`,
    ],
    [
      consumers.some((one) => one.kind === 'named' && one.stackId !== undefined),
      `What a stack left running lets go by 'cfn-artifacts audit --fix${flags}', when no version of the function is left.`,
    ],
    [
      consumers.some((one) => one.kind === 'named' && one.promotedTo !== undefined),
      `A promotion lets go when the version is deleted that it made; where that was cut short, by 'cfn-artifacts verify --fix${flags}'.`,
    ],
    [
      bookmarked !== undefined,
      `A bookmark lets go when it names another version, or by 'cfn-artifacts bookmark delete ${bookmarked ?? ''}${flags}'; one that a stack has moved keeps what it named before for 14 days.`,
    ],
  ];
  return ways.flatMap(([isMeant, way]) => (isMeant ? [way] : [])).join(' ');
}

/** Of a version, the consumers that somebody recorded by hand. */
function namedIn({ users = [] }: Needed): readonly string[] {
  return users.flatMap((user) => (user.by === 'reference' && isByHand(user.consumer) ? [user.consumer.name] : []));
}

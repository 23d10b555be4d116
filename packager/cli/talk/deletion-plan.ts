import type {
  ArtifactName,
  AskKeeper,
  DeletedContent,
  DeletedVersion,
  Digest,
  Domain,
  KeeperCommand,
  Subject,
} from '../../../repository/index.ts';
import {
  ArtifactError,
  ArtifactErrors,
  formatArn,
  formatArtifactName,
  hasCode,
  listHolders,
  runToEnd,
} from '../../../repository/index.ts';
import { resolveVersions } from '../../naming/artifact.ts';
import { CHANCE } from '../../chance.ts';
import type { DeleteOptions } from '../syntax/delete.ts';

/** `default/shop/api:3` */
export function versionName(version: ArtifactName & { readonly number: number }): string {
  return `${formatArtifactName(version)}:${version.number}`;
}

/** What was found before anything is deleted. */
export interface LookedAt {
  /** Each once, as named: of an artifact the newest first. */
  readonly versions: readonly DeletedVersion[];
  /** What does not exist, or can't be read. */
  readonly problems: readonly ArtifactError[];
}

/** @param hear told how many versions were looked at, while there are more */
export async function lookAt(
  domain: Domain,
  ask: AskKeeper,
  { artifacts, repository, now }: Pick<DeleteOptions, 'artifacts' | 'repository' | 'now'>,
  hear: (looked: number) => void,
): Promise<LookedAt> {
  const found = new Map<string, DeletedVersion>();
  const problems: ArtifactError[] = [];
  for (const text of artifacts) {
    try {
      const subject = await resolveVersions(domain, text, repository);
      let isAny = false;
      for await (const version of askFor(
        ask,
        { command: 'delete', arn: arnOf(domain, subject), dryRun: true, now },
        hear,
      )) {
        found.set(versionName(version), version);
        isAny = true;
      }
      if (!isAny) problems.push(noneOf(subject));
    } catch (error) {
      problems.push(...namingProblems(error));
    }
  }
  const versions = [...found.values()];
  return { versions: await together(domain, versions, now), problems };
}

/** What is wrong with one of several names; whatever is wrong with the domain is wrong with all. */
export function namingProblems(error: unknown): readonly ArtifactError[] {
  const problems = error instanceof ArtifactErrors ? error.problems : [error];
  return problems.map((problem) => {
    if (problem instanceof ArtifactError && hasCode(problem, ...OF_A_NAME)) return problem;
    throw error;
  });
}

const OF_A_NAME = [
  ...(['INVALID_ARGUMENT', 'INVALID_ARN', 'INVALID_NAME', 'ARTIFACT_NOT_FOUND'] as const),
  ...(['ARTIFACT_DELETED', 'DIGEST_MISMATCH'] as const),
];

/** Results as they come. */
export async function* askFor(
  ask: AskKeeper,
  command: Extract<KeeperCommand, { command: 'delete' }>,
  hear: (versions: number) => void,
): AsyncGenerator<DeletedVersion> {
  let heard = 0;
  for await (const { results, looked = 0, next } of runToEnd(ask, command, CHANCE)) {
    heard += looked;
    yield* results as readonly DeletedVersion[];
    if (next !== undefined) hear(heard);
  }
}

export function arnOf({ partition, account, region }: Domain, { repository, id, number, digest }: Subject): string {
  const version = number === undefined ? {} : { version: number };
  return formatArn({ partition, account, region, repository, id, ...version, ...(digest !== undefined && { digest }) });
}

function noneOf(subject: Subject): ArtifactError {
  const name = formatArtifactName(subject);
  const what = subject.digest === undefined ? 'no version' : `no version that holds sha256:${subject.digest}`;
  return new ArtifactError('ARTIFACT_NOT_FOUND', `'${name}' has ${what}`, {
    remedy: `'cfn-artifacts show ${name}' lists its versions with their content.`,
  });
}

/** What would become of the content if all of them went: the keeper told of each what would if it went alone. */
async function together(
  domain: Domain,
  versions: readonly DeletedVersion[],
  now: boolean,
): Promise<readonly DeletedVersion[]> {
  const going = new Set(versions.filter(({ outcome }) => outcome !== 'used').map(versionName));
  const staying = new Map<Digest, Promise<readonly string[]>>();
  const prospectOf = async (content: DeletedContent): Promise<DeletedContent> => {
    if (content.outcome !== 'held') return content;
    const { digest, bytes } = content;
    const known = staying.get(digest) ?? othersThan(going, domain, digest);
    staying.set(digest, known);
    const by = await known;
    if (by.length > 0) return { digest, bytes, outcome: 'held', by };
    return { digest, bytes, outcome: now ? 'deleted' : 'condemned' };
  };
  const settled: DeletedVersion[] = [];
  for (const version of versions) {
    settled.push({ ...version, content: await Promise.all(version.content.map(prospectOf)) });
  }
  return settled;
}

/** So many help. */
const HOLDERS = 3;

async function othersThan(going: ReadonlySet<string>, { store }: Domain, digest: Digest): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { version, name } of listHolders(store, digest)) {
    if (version !== undefined && going.has(versionName(version))) continue;
    if (names.push(name) === HOLDERS) break;
  }
  return names;
}

/** Whether a deletion would change anything about it: one of a version that was deleted before may have something to go on with. */
export function isDue({ outcome, content }: DeletedVersion): boolean {
  if (outcome === 'already') return content.some((one) => one.outcome === 'deleted' || isToCondemn(one));
  return outcome === 'would delete';
}

function isToCondemn({ outcome, until }: DeletedContent): boolean {
  return outcome === 'condemned' && until === undefined;
}

/** Versions in one command: it stays far below what a keeper takes. */
const VERSIONS = 500;

/** What has exactly these versions deleted: whatever came to the artifact since it was looked at is none of them. */
export function commandsFor(
  domain: Domain,
  versions: readonly DeletedVersion[],
  now: boolean,
): readonly Extract<KeeperCommand, { command: 'delete' }>[] {
  const artifacts = new Map<string, DeletedVersion[]>();
  for (const version of versions) {
    const name = formatArtifactName(version);
    artifacts.set(name, [...(artifacts.get(name) ?? []), version]);
  }
  return [...artifacts.values()].flatMap((all) =>
    chunks(all, VERSIONS).map((chunk) => ({
      ...{ command: 'delete' as const, dryRun: false, now },
      arn: arnOf(domain, { repository: chunk[0].repository, id: chunk[0].id }),
      versions: chunk.map(({ number }) => number),
    })),
  );
}

function chunks<T>(all: readonly T[], size: number): readonly (readonly [T, ...T[]])[] {
  const [first, ...others] = all.slice(0, size);
  return first === undefined ? [] : [[first, ...others], ...chunks(all.slice(size), size)];
}

/** What became of all: content that one of them still held when another went, and that went with it. */
export function settled(versions: readonly DeletedVersion[]): readonly DeletedVersion[] {
  const gone = new Map<Digest, DeletedContent>();
  for (const content of versions.flatMap((version) => version.content)) {
    if (content.outcome === 'condemned' || content.outcome === 'deleted') gone.set(content.digest, content);
  }
  return versions.map((version) => ({
    ...version,
    content: version.content.map((content) =>
      content.outcome === 'held' ? (gone.get(content.digest) ?? content) : content,
    ),
  }));
}

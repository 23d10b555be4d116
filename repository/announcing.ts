import { formatArn } from './arn.ts';
import { ownKeeper } from './deletion.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import type { Domain } from './domain.ts';
import { listBehind } from './behind.ts';
import type { Announce, BehindStack, Cause, Details, DomainEvent, Holder } from './event.ts';
import { bookmarkEvent, deletionEvent, referenceEvent, statusEvent } from './event.ts';
import { parseReferenceKey, parseVersionKey, recordOfReference, referencesPrefix, versionOfReference } from './keys.ts';
import { readRecord } from './record.ts';
import { formatStackId } from './stack-id.ts';
import type { Change } from './stores/observed.ts';
import { observed } from './stores/observed.ts';

/** A domain in which what happens is told. */
export interface Announcing {
  /** The same domain, its store and its keeper watched. */
  readonly domain: Domain;
  /** To be awaited after the last request: what is left is told. Never rejects. */
  readonly end: () => Promise<void>;
}

/** When so many changes wait they are told, while what makes them goes on. */
const TOLD_AT_ONCE = 100;
/** So many of those who hold what was rescued are told of. */
const HOLDERS = 10;
/** So many stacks that are behind a bookmark are told of. */
const BEHIND = 50;
/** So many digests, and versions, are remembered with each other. */
const REMEMBERED = 2000;

/** Records of facts; and manifests, which are read alone. */
const KINDS = /^(?:deletions|statuses|bookmarks|versions)\/|^references\/[^/]+\/(?:stack|named)\//;

/**
 * Watches what a keeper does, and has it announced: a reference, a deletion, a status, a bookmark is what its record says, so whatever writes the record is heard of,
 * and no command has to say anything.
 *
 * Commands are not held up, and fail for nothing of this. Where the store did not say whether a write took place, the record is looked at again in the end, and
 * what stands there is told. What changed once more by then is not.
 */
export function announcing(domain: Domain, cause: Cause, announce: Announce): Announcing {
  const manifests = new Manifests(domain);
  const doubtful: Change[] = [];
  let waiting: Change[] = [];
  let underWay: Promise<void> | undefined;
  const tellAll = async (): Promise<void> => {
    const changes = waiting;
    waiting = [];
    const events: DomainEvent[] = [];
    // In turn: only a rescue and a move of a bookmark ask for anything, and those are rare.
    for (const change of changes) {
      const event = await eventOf(change, domain, cause, manifests).catch(() => undefined);
      if (event !== undefined) events.push(event);
    }
    try {
      if (events.length > 0) await announce(events);
    } catch {
      // Whoever announces says in its own log what it could not.
    }
  };
  /** What is told already goes first; all that has come meanwhile goes next. */
  const tell = (): Promise<void> =>
    (underWay ??= tellAll().finally(() => {
      underWay = undefined;
    }));
  const store = observed(domain.store, {
    watches: (key) => KINDS.test(key),
    changed: (change, certainty) => {
      (certainty === 'done' ? waiting : doubtful).push(change);
      if (waiting.length >= TOLD_AT_ONCE) void tell();
    },
    seen: (key, record) => {
      if (key.startsWith('versions/')) manifests.note(parseVersionKey(key), record);
    },
  });
  return {
    domain: { ...domain, store, keeper: ownKeeper(store) },
    end: async () => {
      const stands = await Promise.all(doubtful.map((change) => isAsWritten(domain, change)));
      waiting.push(...doubtful.filter((_, index) => stands[index]));
      await underWay;
      await tell();
    },
  };
}

async function isAsWritten({ store }: Domain, { key, after }: Change): Promise<boolean> {
  try {
    const now = await readRecord(store, key, (record) => record);
    return JSON.stringify(now?.value) === JSON.stringify(after);
  } catch {
    return false;
  }
}

async function eventOf(
  change: Change,
  domain: Domain,
  cause: Cause,
  manifests: Manifests,
): Promise<DomainEvent | undefined> {
  const occasion = { place: domain, cause, now: domain.chance.now().toISOString() };
  const parts = change.key.split('/');
  switch (parts[0] ?? '') {
    case 'references':
      return referenceEvent(change, occasion);
    case 'statuses':
      return statusEvent(change, occasion, (repository, id, number) => manifests.digestsOf(repository, id, number));
    case 'bookmarks': {
      const event = bookmarkEvent(change, occasion, (repository, id, number) =>
        manifests.digestsOf(repository, id, number),
      );
      return event && { ...event, detail: { ...event.detail, ...(await behindIn(domain, event.detail)) } };
    }
    case 'deletions': {
      const digest = parts.at(-1) ?? '';
      if (!isDigest(digest)) return undefined;
      const event = deletionEvent(change, occasion, manifests.versionsOf(digest));
      if (event?.detailType !== 'Artifact Rescued') return event;
      const holders = await holdersOf(domain, digest).catch(() => []);
      return { ...event, detail: { ...event.detail, holders } };
    }
    default:
      return undefined;
  }
}

/** The stacks that were deployed through a bookmark and are behind now; as far as that can be found out. */
async function behindIn(
  domain: Domain,
  { repository, id, bookmark }: Pick<Details['Artifact Bookmark Moved'], 'repository' | 'id' | 'bookmark'>,
): Promise<Pick<Details['Artifact Bookmark Moved'], 'behind' | 'moreBehind'>> {
  const stacks = new Map<string, Set<number>>();
  try {
    for await (const { consumer, version } of listBehind(domain, { repository, id }, bookmark)) {
      const versions = stacks.get(consumer.stackId);
      if (versions === undefined && stacks.size === BEHIND) return { behind: plainBehind(stacks), moreBehind: true };
      if (versions === undefined) stacks.set(consumer.stackId, new Set([version]));
      else versions.add(version);
    }
    return { behind: plainBehind(stacks), moreBehind: false };
  } catch {
    // That it was moved is told all the same, and that there may be more.
    return { behind: plainBehind(stacks), moreBehind: true };
  }
}

function plainBehind(stacks: ReadonlyMap<string, ReadonlySet<number>>): readonly BehindStack[] {
  return [...stacks].map(([stackId, versions]) => ({ stackId, versions: [...versions] }));
}

/** What the manifests said that came by: which versions have which content. The latest alone, so it may be less than there is. */
class Manifests {
  readonly #domain: Domain;
  readonly #versions = new Map<string, readonly string[]>();
  readonly #digests = new Map<string, readonly Digest[]>();

  constructor(domain: Domain) {
    this.#domain = domain;
  }

  note(
    { repository, id, number }: ReturnType<typeof parseVersionKey>,
    { assets }: Readonly<Record<string, unknown>>,
  ): void {
    // Whatever it may be: whoever needs a manifest that is none says so.
    const all = Array.isArray(assets) ? (assets as readonly ({ readonly digest?: unknown } | null)[]) : [];
    const digests = [...new Set(all.map((asset) => String(asset?.digest)))].filter(isDigest);
    keep(this.#digests, `${repository}/${id}:${number}`, digests);
    const { partition, region, account } = this.#domain;
    for (const digest of digests) {
      const arn = formatArn({ partition, region, account, repository, id, version: number, digest });
      const others = this.versionsOf(digest).filter((one) => one !== arn);
      keep(this.#versions, digest, [...others, arn].slice(-HOLDERS));
    }
  }

  versionsOf(digest: Digest): readonly string[] {
    return this.#versions.get(digest) ?? [];
  }

  digestsOf(repository: string, id: string, number: number): readonly Digest[] {
    return this.#digests.get(`${repository}/${id}:${number}`) ?? [];
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) if (map.size > REMEMBERED) map.delete(oldest);
}

/** Whoever holds or uses it, as it is now, by the keys alone. */
async function holdersOf(domain: Domain, digest: Digest): Promise<readonly Holder[]> {
  const holders: Holder[] = [];
  for await (const { key } of domain.store.list(referencesPrefix(digest), { limit: HOLDERS })) {
    const holder = holderOf(domain, key);
    if (holder !== undefined) holders.push(holder);
  }
  return holders;
}

function holderOf({ partition, region, account }: Domain, key: string): Holder | undefined {
  const parsed = parseReferenceKey(key);
  const { digest, generation } = recordOfReference(key) ?? {};
  if (parsed === undefined || digest === undefined || generation === undefined) return undefined;
  if (parsed.kind === 'named') return { kind: 'named', consumer: parsed.consumer };
  if (parsed.kind === 'stack') {
    const stackId = formatStackId(partition, parsed.resource);
    return { kind: 'stack', stackId, logicalId: parsed.resource.logicalId, generation };
  }
  const version = versionOfReference(key);
  if (version === undefined) return undefined;
  const { repository, id, number } = version;
  return { kind: 'version', arn: formatArn({ partition, region, account, repository, id, version: number, digest }) };
}

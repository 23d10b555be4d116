import type { DomainPlace } from '../arn.ts';
import type { BindingRecord } from '../binding.ts';
import { readBindingRecord } from '../binding.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError, hasCode } from '../error.ts';
import type { parseNoteKey } from '../keys.ts';
import { EVERY_NOTE, notesPrefix, stackReferenceKey } from '../keys.ts';
import type { ObjectKey, ObjectStore } from '../object-store.ts';
import type { Stored } from '../record.ts';
import { recordContent } from '../record.ts';
import type { StackResource } from '../stack-id.ts';
import type { Homes } from './home.ts';
import { openHome } from './home.ts';
import { listNotes, readNote } from './note.ts';

/** What became of a note. */
export interface Told {
  /** The stack's, here. */
  readonly stack: string;
  readonly logicalId: string;
  readonly home: Pick<DomainPlace, 'account' | 'region'>;
  /** `recorded`, `removed`: home knows. `waiting`: it could not be told, because of `why`. */
  readonly state: 'recorded' | 'removed' | 'waiting';
  readonly why?: string;
}

const TURNS = 20;

/** Whoever began to tell longer ago than this has ended: no invocation lives for a quarter of it. */
const SETTLED_MS = 60 * 60 * 1000;

/**
 * Tells what is noted of a resource, and leaves the notes: another may be telling what was true before, and nobody knows which of the two is heard last.
 * @param generation absent: of all its bindings
 */
export async function* tellOf(
  domain: Domain,
  homes: Homes,
  { resource, generation }: { readonly resource: StackResource; readonly generation?: string },
): AsyncGenerator<Told> {
  const audience = new Audience(domain, homes);
  for await (const note of listNotes(domain.store, notesPrefix(resource, generation))) yield await audience.tell(note);
}

/**
 * Tells everything that is noted, and takes away what was told an hour after it was last touched.
 * @param now by the store's clock, or earlier: whose clocks are wrong would take notes away of what is just being written. Absent: nothing is taken away
 * @param after the key of a note: it and those before it are left out
 */
export async function* tellAll(
  domain: Domain,
  homes: Homes,
  now: Date | undefined,
  after?: string,
): AsyncGenerator<{ readonly after: string; readonly told: Told }> {
  const { store } = domain;
  const audience = new Audience(domain, homes);
  for await (const { key, ...note } of listNotes(store, EVERY_NOTE, after)) {
    const before = await readNote(store, key).catch(() => undefined);
    const told = await audience.tell(note);
    const isSettled = before !== undefined && now !== undefined && +now - +before.modified >= SETTLED_MS;
    // A conflict: it was touched meanwhile.
    if (told.state !== 'waiting' && isSettled) await store.removeRevision(key, before.revision).catch(() => undefined);
    yield { after: key, told };
  }
}

type Note = Omit<NonNullable<ReturnType<typeof parseNoteKey>>, 'key'>;

/** The homes of one piece of work. One that refused, or did not answer, is not asked again in it. */
class Audience {
  readonly #domain: Domain;
  readonly #homes: Homes;
  readonly #opened = new Map<string, Promise<ObjectStore>>();
  readonly #silent = new Map<string, string>();

  constructor(domain: Domain, homes: Homes) {
    this.#domain = domain;
    this.#homes = homes;
  }

  async tell({ resource, generation, digest, home }: Note): Promise<Told> {
    const { stack, logicalId } = resource;
    const name = `${home.account}/${home.region}`;
    const told = { stack, logicalId, home };
    const silence = this.#silent.get(name);
    if (silence !== undefined) return { ...told, state: 'waiting', why: silence };
    try {
      const store = await this.#open(name, home);
      const state = await agree(this.#domain.store, store, stackReferenceKey(digest, resource, generation));
      return { ...told, state };
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      if (!hasCode(error, 'CONTENTION', 'UNSUPPORTED_FORMAT')) this.#silent.set(name, error.message);
      return { ...told, state: 'waiting', why: error.message };
    }
  }

  #open(name: string, { account, region }: Note['home']): Promise<ObjectStore> {
    const { partition, chance } = this.#domain;
    const subject = `account ${account} in ${region}`;
    const opened =
      this.#opened.get(name) ??
      openHome(this.#homes, { partition, account, region }, subject, chance).then(({ store }) => store);
    this.#opened.set(name, opened);
    return opened;
  }
}

/**
 * Lets home say what is true here. The reference is read before and after: whoever changes it in between has noted that first, and one of the two who tell sees the truth last, or dies; then the
 * note is still there.
 */
async function agree(here: ObjectStore, home: ObjectStore, key: ObjectKey): Promise<'recorded' | 'removed'> {
  let before = await readBindingRecord(here, key);
  for (let turn = 0; turn < TURNS; turn++) {
    await (before === undefined ? remove(home, key) : record(home, key, before.value));
    const after = await readBindingRecord(here, key);
    if (isSame(before, after)) return after === undefined ? 'removed' : 'recorded';
    before = after;
  }
  throw new ArtifactError('CONTENTION', `'${key}' is changed by others all the time`, { remedy: 'Try again.' });
}

function isSame(one: Stored<BindingRecord> | undefined, other: Stored<BindingRecord> | undefined): boolean {
  return one?.revision === other?.revision;
}

async function record(home: ObjectStore, key: ObjectKey, value: BindingRecord): Promise<void> {
  const content = recordContent(value);
  for (let turn = 0; turn < TURNS; turn++) {
    if ((await home.create(key, content)) === 'created') return;
    const there = await readBindingRecord(home, key);
    if (there === undefined) continue;
    if (JSON.stringify(there.value) === JSON.stringify(value)) return;
    if ((await home.replace(key, content, there.revision)) === 'replaced') return;
  }
  throw new ArtifactError('CONTENTION', `'${key}' is changed by others all the time`, { remedy: 'Try again.' });
}

/** Looked for by a listing: of what is absent S3 tells nothing else to another account. */
async function remove(home: ObjectStore, key: ObjectKey): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    let isThere = false;
    for await (const found of home.list(key, { limit: 1 })) isThere = found.key === key;
    const there = isThere ? await readBindingRecord(home, key) : undefined;
    if (there === undefined || (await home.removeRevision(key, there.revision)) !== 'conflict') return;
  }
  throw new ArtifactError('CONTENTION', `'${key}' is changed by others all the time`, { remedy: 'Try again.' });
}

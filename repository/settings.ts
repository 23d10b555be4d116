import type { Domain } from './domain.ts';
import { ArtifactError, hasCode } from './error.ts';
import { EVERY_REPOSITORY, FORMAT_VERSION, settingsKey } from './keys.ts';
import { DEFAULT_REPOSITORY, isBucketName, isRepository } from './name.ts';
import type { ObjectStore } from './object-store.ts';
import type { Owner } from './owner.ts';
import { ownerOf } from './owner.ts';
import type { Stored } from './record.ts';
import { readRecord, recordContent } from './record.ts';
import type { SettingsProblem } from './settings-problems.ts';
import { problemsOfRules, problemsOfSettings } from './settings-problems.ts';
import type { ResourceShare } from './sharing/resource-share.ts';
import { resourceSharesIn } from './sharing/resource-share.ts';
import type { Demands, Share } from './sharing/share.ts';
import { demandsIn, sharesIn } from './sharing/share.ts';

/** What becomes of versions that nobody needs. It concerns the versions of the artifacts whose IDs match. */
export interface LifecycleRule {
  /** Names the rule in plans. */
  readonly id: string;
  /** Segments as in IDs: `*` stands for any characters in one, `**` for any number of them. */
  readonly match: string;
  /** Keeps the newest so many that exist. */
  readonly keepNewest?: number;
  /** Keeps what a bookmark named within so many days. What one names now is in use anyway. */
  readonly keepBookmarkedDays?: number;
  /** Keeps versions with a label that matches one of these; `*` stands for any characters. */
  readonly keepLabels?: readonly string[];
  /** Takes what nobody has needed for so many days, 0: at once, if no rule that matches keeps it. */
  readonly expireUnusedDays?: number;
}

/** By which rules versions and content go. */
export interface Rules {
  readonly lifecycle: readonly LifecycleRule[];
  /** How long content stays after it was condemned; of the whole domain, so that only `default` has it. */
  readonly quarantineDays?: number;
}

/** What people may set. */
export interface Settings extends Rules {
  /** For people, one line. */
  readonly description?: string;
  /** Only what is promoted from one of these comes into it, nothing that is published. Absent: everything may. */
  readonly acceptsFrom?: readonly string[];
  /** Only what is promoted with evidence comes into it. */
  readonly requiresEvidence?: boolean;
}

/** What of a repository is not set, but noted. */
export interface RepositoryNotes {
  /** The resource of a stack that declares it; absent where people made it. */
  readonly owner?: Owner;
  /** Somebody deletes it: nothing more comes into it. ISO 8601, since when. */
  readonly deletingSince?: string;
  /** Where its content stands, from its beginning on; absent: in the domain's bucket. */
  readonly bucket?: string;
  /** Which of its artifacts others may use. Absent: none. */
  readonly shares?: readonly Share[];
  /** Those of AWS RAM whose principals have shares here. */
  readonly resourceShares?: readonly ResourceShare[];
  /** Of the whole domain, so that only `default` has it. */
  readonly demands?: Demands;
}

/** A repository as its record tells it. */
export interface RepositoryRecord extends Settings, RepositoryNotes {
  /** New for every writing: who lost the answer recognises its own. */
  readonly nonce: string;
}

/** What `repositories/…` holds. Changed by compare-and-swap alone. */
interface SettingsRecord extends RepositoryRecord {
  readonly format: number;
}

export const NO_SETTINGS: Settings = { lifecycle: [] };

/** `undefined`: nobody has set anything. @throws ArtifactError UNSUPPORTED_FORMAT */
export async function readSettings(
  store: ObjectStore,
  repository: string,
): Promise<Stored<RepositoryRecord> | undefined> {
  try {
    return await readRecord(store, settingsKey(repository), (value) => {
      const { format, nonce, owner, deletingSince, bucket, shares, resourceShares, demands, ...settings } = value;
      if (typeof format !== 'number' || format > FORMAT_VERSION || typeof nonce !== 'string') return undefined;
      // A rule that is not understood may have meant to keep something.
      if (problemsOfSettings(settings, repository).length > 0) return undefined;
      const declared = ownerOf(owner);
      if ((owner !== undefined && declared === undefined) || !isTextOrAbsent(deletingSince)) return undefined;
      if (bucket !== undefined && !isBucketName(bucket)) return undefined;
      const [shared, demanded] = [sharesIn(shares ?? []), demandsIn(demands ?? {})];
      const byRam = resourceSharesIn(resourceShares ?? []);
      if (shared === undefined || demanded === undefined || byRam === undefined) return undefined;
      return {
        ...(settings as unknown as Settings),
        ...(declared !== undefined && { owner: declared }),
        ...(deletingSince !== undefined && { deletingSince }),
        ...(bucket !== undefined && { bucket }),
        ...(shared.length > 0 && { shares: shared }),
        ...(byRam.length > 0 && { resourceShares: byRam }),
        ...(Object.keys(demanded).length > 0 && { demands: demanded }),
        nonce,
      };
    });
  } catch (error) {
    throw hasCode(error, 'UNSUPPORTED_FORMAT') ? unreadable(error, repository) : error;
  }
}

/** Whoever knows what the rules were can give them anew: nobody else can tell what they kept. */
function unreadable(error: unknown, repository: string): ArtifactError {
  const where = repository === DEFAULT_REPOSITORY ? '' : ` --repository ${repository}`;
  return new ArtifactError('UNSUPPORTED_FORMAT', (error as ArtifactError).message, {
    remedy:
      'It was damaged, or written by a newer version: update cfn-artifacts. ' +
      `Or give the rules anew with 'cfn-artifacts gc rules set FILE${where}'.`,
    cause: error,
  });
}

/** What was read of a repository, and is replaced; of what can't be read, its head. */
export type ReadBefore = Pick<Stored<unknown>, 'revision'> & { readonly value?: RepositoryNotes };

/**
 * Writes all that there is of a repository, where what was read of it stands still.
 * @param before `undefined`: there was none
 * @returns whether it stands there now
 * @throws TypeError for settings with problems
 */
export async function writeRepository(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  wanted: Settings,
  noted: RepositoryNotes,
  before: Pick<ReadBefore, 'revision'> | undefined,
): Promise<boolean> {
  const settings = settingsIn(wanted);
  const [problem] = problemsOfSettings({ ...settings }, repository);
  if (problem !== undefined) throw new TypeError(problem.message);
  const nonce = chance.nonce();
  const record: SettingsRecord = { format: FORMAT_VERSION, nonce, ...settings, ...notesIn(noted) };
  const content = recordContent(record);
  const key = settingsKey(repository);
  const outcome =
    before === undefined ? await store.create(key, content) : await store.replace(key, content, before.revision);
  if (outcome === 'created' || outcome === 'replaced') return true;
  // It may be the echo of one's own writing.
  return (await readSettings(store, repository))?.value.nonce === nonce;
}

/** What is set, without anything else. */
export function settingsIn(from: Settings): Settings {
  const { lifecycle, quarantineDays, description, acceptsFrom, requiresEvidence } = from;
  return {
    lifecycle,
    ...(quarantineDays !== undefined && { quarantineDays }),
    ...(description !== undefined && { description }),
    ...(acceptsFrom !== undefined && { acceptsFrom }),
    ...(requiresEvidence === true && { requiresEvidence }),
  };
}

/** What is noted, without anything else. */
export function notesIn(notes: RepositoryNotes): RepositoryNotes {
  const { owner, deletingSince, bucket, shares, resourceShares, demands } = notes;
  return {
    ...(owner !== undefined && { owner }),
    ...(deletingSince !== undefined && { deletingSince }),
    ...(bucket !== undefined && { bucket }),
    ...(shares !== undefined && shares.length > 0 && { shares }),
    ...(resourceShares !== undefined && resourceShares.length > 0 && { resourceShares }),
    ...(demands !== undefined && Object.keys(demands).length > 0 && { demands }),
  };
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/** Repositories that have a record, in the order of their names: `default` only where something is set for it. */
export async function* listConfigured(store: ObjectStore): AsyncGenerator<string> {
  for await (const { key } of store.list(EVERY_REPOSITORY)) {
    const repository = key.slice(EVERY_REPOSITORY.length);
    if (isRepository(repository)) yield repository;
  }
}

/** @returns the rules of a file, where nothing is wrong with them */
export function parseRules(
  value: unknown,
  repository: string,
): { readonly rules: Rules } | { readonly problems: readonly [SettingsProblem, ...SettingsProblem[]] } {
  const [first, ...rest] = problemsOfRules(value, repository);
  return first === undefined ? { rules: value as Rules } : { problems: [first, ...rest] };
}

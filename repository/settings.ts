import type { Domain } from './domain.ts';
import { ArtifactError, hasCode } from './error.ts';
import { EVERY_REPOSITORY, FORMAT_VERSION, settingsKey } from './keys.ts';
import { DEFAULT_REPOSITORY, isRepository } from './name.ts';
import type { ObjectStore } from './object-store.ts';
import type { Stored } from './record.ts';
import { readRecord, recordContent } from './record.ts';
import type { SettingsProblem } from './settings-problems.ts';
import { problemsOfSettings } from './settings-problems.ts';

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

/** What people may set. */
export interface Settings {
  readonly lifecycle: readonly LifecycleRule[];
  /** How long content stays after it was condemned; of the whole domain, so that only `default` has it. */
  readonly quarantineDays?: number;
}

/** What `repositories/…` holds. Changed by compare-and-swap alone. */
interface SettingsRecord extends Settings {
  readonly format: number;
  /** New for every writing: who lost the answer recognises its own. */
  readonly nonce: string;
}

export const NO_SETTINGS: Settings = { lifecycle: [] };

/** `undefined`: nobody has set anything. @throws ArtifactError UNSUPPORTED_FORMAT */
export async function readSettings(
  store: ObjectStore,
  repository: string,
): Promise<Stored<Settings & { readonly nonce: string }> | undefined> {
  try {
    return await readRecord(store, settingsKey(repository), ({ format, nonce, ...settings }) => {
      if (typeof format !== 'number' || format > FORMAT_VERSION || typeof nonce !== 'string') return undefined;
      // A rule that is not understood may have meant to keep something.
      if (problemsOfSettings(settings, repository).length > 0) return undefined;
      return { ...(settings as unknown as Settings), nonce };
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

/**
 * @param before what was read, and is replaced; of what can't be read, its head
 * @throws ArtifactError CONTENTION where somebody else has changed it since; TypeError for settings with problems
 */
export async function writeSettings(
  { store, chance }: Pick<Domain, 'store' | 'chance'>,
  repository: string,
  { lifecycle, quarantineDays }: Settings,
  before: Pick<Stored<unknown>, 'revision'> | undefined,
): Promise<void> {
  const settings: Settings = { lifecycle, ...(quarantineDays !== undefined && { quarantineDays }) };
  const [problem] = problemsOfSettings(settings, repository);
  if (problem !== undefined) throw new TypeError(problem.message);
  const nonce = chance.nonce();
  const content = recordContent({ format: FORMAT_VERSION, nonce, ...settings } satisfies SettingsRecord);
  const key = settingsKey(repository);
  const outcome =
    before === undefined ? await store.create(key, content) : await store.replace(key, content, before.revision);
  if (outcome === 'created' || outcome === 'replaced') return;
  // It may be the echo of one's own writing.
  if ((await readSettings(store, repository))?.value.nonce === nonce) return;
  throw new ArtifactError('CONTENTION', `the rules of '${repository}' were changed by somebody else just now`, {
    remedy: "Look at them with 'cfn-artifacts gc rules', then try again.",
  });
}

/** Repositories for which something is set, in the order of their names. */
export async function* listConfigured(store: ObjectStore): AsyncGenerator<string> {
  for await (const { key } of store.list(EVERY_REPOSITORY)) {
    const repository = key.slice(EVERY_REPOSITORY.length);
    if (isRepository(repository)) yield repository;
  }
}

/** @returns the settings where nothing is wrong with them */
export function parseSettings(
  value: unknown,
  repository: string,
): { readonly settings: Settings } | { readonly problems: readonly [SettingsProblem, ...SettingsProblem[]] } {
  const [first, ...rest] = problemsOfSettings(value, repository);
  return first === undefined ? { settings: value as Settings } : { problems: [first, ...rest] };
}

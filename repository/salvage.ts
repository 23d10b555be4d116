import { bytesOf } from './content.ts';
import { notedPlace } from './contents.ts';
import { ArtifactError } from './error.ts';
import { FORMAT_VERSION, settingsKey } from './keys.ts';
import type { ObjectStore, Revision } from './object-store.ts';
import { leaveBody } from './object-store.ts';
import { ownerOf } from './owner.ts';
import { RECORD_LIMIT } from './record.ts';
import type { RepositoryNotes, Settings } from './settings.ts';
import { problemsOfSettings } from './settings-problems.ts';
import { resourceSharesIn } from './sharing/resource-share.ts';
import { demandsIn, sharesIn, SHARES_LIMIT } from './sharing/share.ts';

/** What can still be told of a repository whose record can't be read as a whole. */
export interface Salvaged {
  readonly revision: Revision;
  /** What was set, without rules: of those only all together say what is kept. */
  readonly settings: Omit<Settings, 'lifecycle' | 'quarantineDays'>;
  readonly notes: RepositoryNotes;
  /** What can't be told, in words. */
  readonly lost: readonly string[];
}

type Raw = Readonly<Record<string, unknown>>;

/** Of a member: what of it is understood, and what is not, as it stands there. */
interface Sifted<T> {
  readonly value?: T;
  readonly lost: readonly unknown[];
}

/**
 * Takes from a record that can't be read what stands in it and is understood, each by itself: who gives the repository rules anew is to lose nobody's share with them.
 * @returns `undefined`: there is no record
 * @throws ArtifactError UNSUPPORTED_FORMAT of a newer version's record: it is sound, and may say more than is understood here
 */
export async function salvageSettings(store: ObjectStore, repository: string): Promise<Salvaged | undefined> {
  const object = await store.read(settingsKey(repository));
  if (object === undefined) return undefined;
  const place = await notedPlace(store, repository);
  const { revision } = object;
  if (object.size > RECORD_LIMIT) await leaveBody(object);
  const raw = object.size > RECORD_LIMIT ? undefined : objectIn((await bytesOf(object.body)).toString('utf8'));
  if (raw === undefined)
    return { revision, settings: {}, notes: place, lost: ['all that was shared and demanded, and who declared it'] };
  requireOwnFormat(raw, repository);
  const sifted = {
    description: settingOf(raw, 'description', repository),
    acceptsFrom: settingOf(raw, 'acceptsFrom', repository),
    requiresEvidence: settingOf(raw, 'requiresEvidence', repository),
    owner: memberOf(raw['owner'], ownerOf),
    deletingSince: memberOf(raw['deletingSince'], (value) => (typeof value === 'string' ? value : undefined)),
    shares: listOf(raw['shares'], sharesIn, SHARES_LIMIT),
    resourceShares: listOf(raw['resourceShares'], resourceSharesIn, SHARES_LIMIT),
    demands: demandsOf(raw['demands']),
  };
  const { description, acceptsFrom, requiresEvidence, ...notes } = sifted;
  return {
    revision,
    settings: valuesOf({ description, acceptsFrom, requiresEvidence }),
    notes: { ...valuesOf(notes), ...place },
    lost: [
      ...Object.entries(sifted).flatMap(([name, { lost }]) => lost.map((one) => `${name}: ${shown(one)}`)),
      ...Object.keys(raw)
        .filter((name) => !(name in sifted) && !UNDERSTOOD.includes(name))
        .map((name) => `${shown(name)}: ${shown(raw[name])}`),
    ],
  };
}

/** Set anew in any case, or known from elsewhere. */
const UNDERSTOOD: readonly string[] = ['format', 'nonce', 'lifecycle', 'quarantineDays', 'bucket'];

function requireOwnFormat({ format }: Raw, repository: string): void {
  if (typeof format !== 'number' || format <= FORMAT_VERSION) return;
  throw new ArtifactError(
    'UNSUPPORTED_FORMAT',
    `the settings of '${repository}' were written in format ${format} by a newer version, and this one knows ${FORMAT_VERSION}`,
    { remedy: 'Update cfn-artifacts. Nothing was changed.' },
  );
}

function objectIn(text: string): Raw | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : undefined;
  } catch {
    return undefined;
  }
}

function settingOf<T extends keyof Salvaged['settings']>(
  raw: Raw,
  name: T,
  repository: string,
): Sifted<NonNullable<Settings[T]>> {
  const value = raw[name];
  return memberOf(value, () =>
    problemsOfSettings({ lifecycle: [], [name]: value }, repository).length === 0
      ? (value as NonNullable<Settings[T]>)
      : undefined,
  );
}

function memberOf<T>(value: unknown, read: (value: unknown) => T | undefined): Sifted<T> {
  if (value === undefined) return { lost: [] };
  const understood = read(value);
  return understood === undefined ? { lost: [value] } : { value: understood, lost: [] };
}

function listOf<T>(
  value: unknown,
  read: (list: readonly unknown[]) => readonly T[] | undefined,
  limit: number,
): Sifted<readonly T[]> {
  if (!Array.isArray(value)) return { lost: value === undefined ? [] : [value] };
  const understood: T[] = [];
  const lost: unknown[] = [];
  for (const one of value as readonly unknown[]) {
    const [item] = (understood.length < limit ? read([one]) : undefined) ?? [];
    if (item === undefined) lost.push(one);
    else understood.push(item);
  }
  return { value: understood, lost };
}

function demandsOf(value: unknown): Sifted<NonNullable<RepositoryNotes['demands']>> {
  if (value === undefined) return { lost: [] };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { lost: [value] };
  const each = Object.entries(value).map((one) => Object.fromEntries([one]) as Raw);
  return {
    value: Object.assign({}, ...each.map((one) => demandsIn(one) ?? {})) as NonNullable<RepositoryNotes['demands']>,
    lost: each.filter((one) => demandsIn(one) === undefined),
  };
}

type ValuesOf<T> = { readonly [K in keyof T]?: T[K] extends Sifted<infer V> ? V : never };

function valuesOf<T extends Readonly<Record<string, Sifted<unknown>>>>(sifted: T): ValuesOf<T> {
  const there = Object.entries(sifted).flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]]));
  return Object.fromEntries(there) as ValuesOf<T>;
}

/** On a terminal, whatever it is. */
function shown(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

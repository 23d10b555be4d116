import type { Warning } from '../event.ts';
import type { Contents } from './contents.ts';
import type { Listing } from './file-list.ts';
import { namesWith, split } from './file-list.ts';
import { compareUtf8 } from './names.ts';
import type { Tree } from './tree.ts';

/** So many are named; the others are counted. */
const NAMED = 3;

interface Suspicion {
  /** Occurs in each name that is meant: sought in all of them at once, because most folders have none. */
  readonly hint: RegExp;
  /** Of the names that are meant, and no others. */
  readonly name: RegExp;
}

/** `.env`, `.env.production`; what is there to be copied holds no secrets. */
const ENVIRONMENT_FILE: Suspicion = {
  hint: /\.env/g,
  name: /(?:^|\/)\.env(?:\.(?!(?:[^/]*\.)?(?:example|sample|template|defaults|dist|schema)$)[^/]+)?$/,
};
/** Key files whose content is binary, or that are what they are called. */
const KEY_FILE: Suspicion = {
  hint: /id_(?:rsa|dsa|ecdsa|ed25519)|\.(?:p12|pfx|jks|keystore|ppk)/gi,
  name: /(?:^|\/)id_(?:rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk)$|\.(?:p12|pfx|jks|keystore|ppk)$/i,
};

/** Warnings about what should perhaps not be in the archive of `folder`; names are those in the archive. */
export function hazardWarnings(
  folder: string,
  { listing, gitFolders }: Pick<Tree, 'listing' | 'gitFolders'>,
  contents: Contents,
): readonly Warning[] {
  const environment = suspects(listing, ENVIRONMENT_FILE);
  const keys = [...new Set([...filesWithKey(listing, contents), ...suspects(listing, KEY_FILE)])].toSorted(compareUtf8);
  const remedy = 'If it is not needed at run time, leave it out with .artifactignore or --exclude.';
  return [
    ...warning('git-folder-in-archive', folder, gitFolders, ['a git folder', 'git folders'], remedy),
    ...warning('env-file-in-archive', folder, environment, ['an environment file', 'environment files'], remedy),
    ...warning('private-key-in-archive', folder, keys, ['a private key', 'private keys'], remedy),
  ];
}

function suspects({ names }: Listing, { hint, name }: Suspicion): readonly string[] {
  return namesWith(names, hint).filter((one) => name.test(one));
}

/** At the beginning of which a private key stands. */
function filesWithKey({ names }: Listing, { privateKeys }: Contents): readonly string[] {
  return privateKeys.includes(1) ? split(names).filter((_, i) => privateKeys[i] === 1) : [];
}

function warning(
  code: string,
  folder: string,
  names: readonly string[],
  [one, many]: readonly [string, string],
  remedy: string,
): Warning[] {
  if (names.length === 0) return [];
  const what = names.length === 1 ? one : `${names.length} ${many}`;
  return [{ code, message: `the archive of '${folder}' contains ${what}: ${listed(names)}`, remedy }];
}

/** The first of them, and how many more there are. */
export function listed(names: readonly string[]): string {
  const first = names.slice(0, NAMED).map((name) => `'${name}'`);
  const others = names.length > NAMED ? [`${names.length - NAMED} more`] : [];
  return [...first, ...others].join(', ');
}

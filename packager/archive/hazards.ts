import type { Warning } from '../event.ts';

/** What may be suspicious in a source; names are those in the archive. */
export interface Suspects {
  readonly gitFolders: readonly string[];
  /** Of all files. */
  readonly names: readonly string[];
}

/** So many are named; the others are counted. */
const NAMED = 3;

/** `.env`, `.env.production`; what is there to be copied holds no secrets. */
const ENVIRONMENT_FILE = /(?:^|\/)\.env(?:\.(?!(?:[^/]*\.)?(?:example|sample|template|defaults|dist|schema)$)[^/]+)?$/;
/** Key files whose content is binary, or that are what they are called. */
const KEY_FILE = /(?:^|\/)id_(?:rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk)$|\.(?:p12|pfx|jks|keystore|ppk)$/i;

/**
 * Warnings about what should perhaps not be in the archive of `folder`.
 * @param isKey whether a private key stands at the beginning of a file, by its place in the list
 */
export function hazardWarnings(
  folder: string,
  { gitFolders, names }: Suspects,
  isKey: (index: number) => boolean,
): readonly Warning[] {
  const environment = names.filter((name) => ENVIRONMENT_FILE.test(name));
  const keys = names.filter((name, i) => isKey(i) || KEY_FILE.test(name));
  const remedy = 'If it is not needed at run time, leave it out with .artifactignore or --exclude.';
  return [
    ...warning('git-folder-in-archive', folder, gitFolders, ['a git folder', 'git folders'], remedy),
    ...warning('env-file-in-archive', folder, environment, ['an environment file', 'environment files'], remedy),
    ...warning('private-key-in-archive', folder, keys, ['a private key', 'private keys'], remedy),
  ];
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

import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { descriptorKey } from '../../repository/keys.ts';
import { directoryFile } from '../../repository/stores/directory-path.ts';
import type { Warning } from '../event.ts';
import { isCompiled } from '../program/compiled.ts';
import { withoutCacheFiles } from './cache-files.ts';
import { listed } from './hazards.ts';
import { realSoFar } from './links.ts';
import { compareUtf8 } from './names.ts';

/** The file that makes a folder a domain. */
const DESCRIPTOR = path.basename(directoryFile('.', descriptorKey));

/** Bytes; a descriptor is far smaller, and what is larger need not be read. */
const DESCRIPTOR_LIMIT = 64 * 1024;

/** What output.ts writes beside a file, to take its place. */
const DRAFT = /^\.(?<file>.+)\.[1-9]\d*\.draft$/;

/**
 * What this program writes and what therefore is no source: it would be in its own archive, which would be another one in every run. That is
 * what the run is about to write, and any domain in a directory, whoever's.
 */
export class OwnOutput {
  readonly #places: ReadonlySet<string>;

  /** @param leaveOut absolute paths, which need not exist */
  constructor(leaveOut: readonly string[]) {
    this.#places = new Set(leaveOut.flatMap(placesOf));
  }

  /** @param place of a file, folder or link, absolute, the links of its folder resolved */
  has(place: string): boolean {
    if (this.#places.has(place)) return true;
    if (!place.endsWith('.draft')) return false;
    const draftOf = DRAFT.exec(path.basename(place))?.groups?.['file'];
    return draftOf !== undefined && this.#places.has(path.join(path.dirname(place), draftOf));
  }
}

/** Its own place, where it is a link, and where that leads. */
function placesOf(file: string): readonly string[] {
  return [path.join(realSoFar(path.dirname(file)), path.basename(file)), realSoFar(file)];
}

/**
 * Those of the names in a folder that this program does not keep there between runs: neither in a cache, whoever's, nor beside itself where it is installed.
 * @param folder absolute
 */
export function withoutKept(folder: string, names: readonly string[]): readonly string[] {
  const others = withoutCacheFiles(folder, names);
  return others.some((name) => isCompiled(name, others)) ? others.filter((name) => !isCompiled(name, others)) : others;
}

/** @param names all in the folder */
export function isDomain(folder: string, names: readonly string[]): boolean {
  return names.includes(DESCRIPTOR) && isDescriptor(path.join(folder, DESCRIPTOR));
}

function isDescriptor(file: string): boolean {
  try {
    const stats = lstatSync(file);
    if (!stats.isFile() || stats.size > DESCRIPTOR_LIMIT) return false;
    const { format, account, region, bucket } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return typeof format === 'number' && [account, region, bucket].every((value) => typeof value === 'string');
  } catch {
    // Not readable, or no JSON: somebody else's file of that name.
    return false;
  }
}

/** @param names in the archive */
export function ownOutputWarnings(folder: string, names: readonly string[]): readonly Warning[] {
  if (names.length === 0) return [];
  return [
    {
      code: 'own-output-left-out',
      message: `the archive of '${folder}' is made without what this program writes there: ${listed(names.toSorted(compareUtf8))}`,
      remedy: 'To package without this warning, write it elsewhere, or name it in .artifactignore or with --exclude.',
    },
  ];
}

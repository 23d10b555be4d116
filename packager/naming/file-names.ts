import path from 'node:path';
import type { Asset } from '../../repository/index.ts';
import { ARCHIVE_FILENAME } from '../../repository/keys.ts';

/** The artifact's own filename; of an archive, which all have the same, the last part of a name. */
export function fileNameOf({ filename }: Pick<Asset, 'filename'>, name: string): string {
  return filename === ARCHIVE_FILENAME ? withExtension(path.posix.basename(name), filename) : filename;
}

/**
 * What the assets of a version are called beside each other: as they are alone, archives by their assets' names; where two would have one name, also for a file
 * system that does not tell upper from lower case, all are called by their assets' names, of which no two are the same.
 */
export function fileNamesOf(assets: readonly Asset[]): ReadonlyMap<Asset, string> {
  const own = new Map(assets.map((asset) => [asset, fileNameOf(asset, asset.name)]));
  const distinct = new Set([...own.values()].map((name) => name.toLowerCase()));
  if (distinct.size === assets.length) return own;
  return new Map(assets.map((asset) => [asset, withExtension(asset.name, asset.filename)]));
}

function withExtension(name: string, filename: string): string {
  const extension = path.extname(filename);
  return name.endsWith(extension) ? name : `${name}${extension}`;
}

import { createHash } from 'node:crypto';
import { isDigest } from '../repository/digest.ts';
import type { Digest } from '../repository/digest.ts';
import type { Domain } from '../repository/index.ts';
import type { ArtifactName } from '../repository/name.ts';
import type { SourceMemory } from '../repository/source-memory.ts';
import type { CacheFiles } from './archive/cache-files.ts';

const KIND = 'sources';
/** Raised when what is written has another meaning. */
const VERSION = 1;

/** What became of sources in one domain, in files of the cache. */
export function sourceMemory(
  files: CacheFiles,
  { partition, account, region, bucket }: Pick<Domain, 'partition' | 'account' | 'region' | 'bucket'>,
): SourceMemory {
  const fileOf = ({ repository, id }: ArtifactName, sourceDigest: Digest): string =>
    createHash('sha256')
      .update(JSON.stringify([VERSION, partition, account, region, bucket, repository, id, sourceDigest]))
      .digest('hex');
  return {
    recall(name, sourceDigest) {
      const file = fileOf(name, sourceDigest);
      const bytes = files.read(KIND, file);
      return bytes && knownIn(bytes.toString(), file, name);
    },
    remember(name, sourceDigest, { digest, filename, size, first: { number, nonce } }) {
      const file = fileOf(name, sourceDigest);
      // A file that is given another's name says nothing of it.
      const text = JSON.stringify({ of: file, digest, filename, size, number, nonce });
      files.write(KIND, file, [Buffer.from(text)]);
    },
  };
}

function knownIn(text: string, file: string, { id }: ArtifactName): ReturnType<SourceMemory['recall']> {
  const { of, digest, filename, size, number, nonce } = parsed(text);
  if (of !== file) return undefined;
  if (typeof digest !== 'string' || !isDigest(digest) || typeof filename !== 'string') return undefined;
  if (typeof size !== 'number' || typeof number !== 'number' || typeof nonce !== 'string') return undefined;
  return { digest, filename, size, first: { id, number, nonce } };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ArtifactError, findDomain, hasCode, LOCAL_PLACE, noEvidence, objectKey } from '../../repository/index.ts';
import { objectPath } from '../../repository/stores/object-path.ts';
import { askHere } from '../aws/keeper.ts';
import type { UrlOf } from '../packaging/destination.ts';
import type { OpenDomain, Purpose } from './opening.ts';
import { begin, partsOf } from './opening.ts';
import { placeFlags } from './place-flags.ts';

export const LOCAL_BUCKET = 'local';

/**
 * A domain in a directory. Whoever writes makes it where there is none.
 * @param directory absolute
 * @param given as somebody named it
 * @throws ArtifactError DOMAIN_NOT_FOUND, and where the directory can't be used for the purpose
 */
export async function openDirectory(
  directory: string,
  purpose: Purpose,
  given: string = directory,
): Promise<OpenDomain> {
  const { directoryStore } = await import('../../repository/stores/directory.ts');
  const { directoryFile } = await import('../../repository/stores/directory-path.ts');
  const { checkDirectory } = await import('../../repository/stores/directory-root.ts');
  checkDirectory(directory, purpose === 'write' || purpose === 'keep' ? 'write' : 'read');
  const store = directoryStore(directory);
  const linkOf: UrlOf = (_bucket, key) => pathToFileURL(directoryFile(directory, objectKey(key))).href;
  const place = { ...LOCAL_PLACE, bucket: LOCAL_BUCKET };
  const found = await findDomain(partsOf(store, purpose));
  if (found === undefined) refuseForeign(directory);
  const domain = found ?? (await begin(partsOf(store, purpose), place, purpose, `directory '${directory}'`));
  const ask = askHere(domain, noEvidence);
  const nobody = { announce: async () => undefined, findStack: async () => undefined };
  const flags = placeFlags({ domain: { kind: 'directory', directory: given } });
  return { domain, urlOf: localUrlOf, linkOf, ask, askToPublish: ask, ...nobody, flags };
}

/** In the shape of S3's, though nothing answers there. */
const localUrlOf: UrlOf = (bucket, key) => `https://s3.${LOCAL_PLACE.region}.amazonaws.com/${objectPath(bucket, key)}`;

/** A folder of somebody's files becomes no domain by a slip of the keyboard. */
function refuseForeign(directory: string): void {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw new ArtifactError('ACCESS_DENIED', `the directory '${directory}' may not be read`, { cause: error });
  }
  // What a first run that was ended early leaves behind is no stranger's.
  const foreign = names.filter((name) => name !== '@drafts' && name !== 'scratch' && !name.startsWith('.'));
  if (foreign.length === 0) return;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `the directory '${directory}' is no domain, and not empty: it has '${String(foreign[0])}'`,
    {
      remedy: 'Name a directory that is empty or does not exist yet.',
    },
  );
}

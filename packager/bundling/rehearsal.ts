import { blobKey } from '../../repository/keys.ts';
import { formatArn, LOCAL_PLACE, looksLikeArtifactArn, parseArn, sha256 } from '../../repository/index.ts';
import { DEFAULT_REPOSITORY } from '../../repository/name.ts';
import type { Digest, Publishable } from '../../repository/index.ts';
import type { Destination, Stored } from '../packaging/destination.ts';
import { refuseVersionless } from '../packaging/destination.ts';

/** Which it is tells nobody anything: the domain gives the number where the bundle is published. */
const SOME_VERSION = 1;

/**
 * A destination that takes everything and keeps nothing, so that whatever keeps a template from being packaged is found when its bundle is made, and not where that is published.
 * What it tells stands in no bundle.
 */
export function rehearsal(): Destination {
  const stored = (id: string, filename: string, digest: Digest, size: number): Stored => {
    const { partition, account, region } = LOCAL_PLACE;
    const key = blobKey(digest, filename);
    const name = { repository: DEFAULT_REPOSITORY, id };
    return {
      ...{ bucket: 'bundle', key, partition, url: `https://bundle/${key}`, digest, size, outcome: 'uploaded' },
      arn: formatArn({ partition, account, region, ...name, version: SOME_VERSION, digest }),
      ...{ id: `${DEFAULT_REPOSITORY}/${id}`, version: SOME_VERSION, objectVersion: 'bundle' },
    };
  };
  return {
    ...{ bucket: 'bundle', region: LOCAL_PLACE.region, isDomain: true, repository: DEFAULT_REPOSITORY },
    async publish(id, publishable) {
      const { size, digest } = await measure(publishable);
      return stored(id, publishable.filename, digest, size);
    },
    plan: () => Promise.resolve(undefined),
    // Whether it exists, the domain knows in which the bundle is published.
    resolve(name) {
      refuseVersionless(name);
      const isArn = looksLikeArtifactArn(name);
      const digest = (isArn ? parseArn(name).digest : undefined) ?? sha256(name);
      return Promise.resolve({
        ...stored('named', 'named', digest, 0),
        ...(isArn ? { arn: name } : { resolvedFrom: name }),
      });
    },
  };
}

async function measure(publishable: Publishable): Promise<{ readonly size: number; readonly digest: Digest }> {
  const content = await publishable.open();
  const { size, sha256: digest } = content;
  await content.close();
  return { size, digest };
}

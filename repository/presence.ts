import type { Arrival, BlobName } from './blob.ts';
import { headBlob, missing } from './blob.ts';
import { concerns, readDeletion } from './deletion.ts';
import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';

/** Each turn needs somebody else to have decided otherwise in between; so many in a row are no coincidence. */
const TURNS = 20;
const PAUSE_MS = 50;

/**
 * Steps 3 and 4 of adding a reference, for one that is written already: looks whether the blob is being deleted and whether it
 * is there, in that order. When this returns, no collector that begins or goes on later removes the blob, because each lists the references first.
 *
 * @param bring stores the content, for who has it; others omit it and fail where the content is gone
 * @throws ArtifactError ARTIFACT_DELETED, CONTENT_MISSING, CONTENTION, DIGEST_MISMATCH where the blob's size is known and another
 */
export async function securePresence(
  { store, keeper, chance, hold }: Domain,
  blob: BlobName & { readonly size?: number },
  bring?: () => Promise<Arrival>,
): Promise<Arrival> {
  let arrival: Arrival = 'reused';
  for (let turn = 0; turn < TURNS; turn++) {
    const deletion = (await readDeletion(store, blob.digest))?.value;
    // As long as a decided one stands there is no other, so that nothing which it does not name can go.
    const isInTheWay = deletion !== undefined && concerns(deletion, blob.bucket);
    switch (isInTheWay ? deletion.state : undefined) {
      case 'condemned':
        await keeper.cancel(blob.digest);
        break;
      case 'deleting':
        if (bring === undefined) throw deleted(blob);
        await keeper.finish(blob.digest);
        break;
      case 'cancelled':
      case undefined: {
        const head = await headBlob(store, blob);
        if (head !== undefined) {
          // A bucket of a user's own need not have Object Lock.
          if (blob.bucket === undefined) await hold?.(head);
          return arrival;
        }
        if (bring === undefined) throw missing(blob);
        // Looked at again from the beginning: a collector may have decided while the bytes were on their way.
        arrival = await bring();
        continue;
      }
    }
    if (turn > 0) await chance.pause(PAUSE_MS * turn);
  }
  throw new ArtifactError(
    'CONTENTION',
    `the content sha256:${blob.digest} is deleted and stored again by others all the time`,
    {
      remedy: 'Try again.',
    },
  );
}

function deleted({ digest }: BlobName): ArtifactError {
  return new ArtifactError('ARTIFACT_DELETED', `the content sha256:${digest} is being deleted`, {
    remedy: 'Package it again.',
  });
}

import { S3Client } from '@aws-sdk/client-s3';
import type { DomainPlace } from '../../repository/arn.ts';
import { domainBucket } from '../../repository/domain.ts';
import type { Homes } from '../../repository/home/home.ts';
import type { ObjectStore } from '../../repository/object-store.ts';
import { guestStore } from '../../repository/stores/guest.ts';
import { limited } from '../../repository/stores/limited.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';

/** So many requests at once to one other domain. */
const REQUESTS_AT_ONCE = 16;

/** Clients by region, each made when it is first needed, and kept as long as the function is. */
const clients = new Map<string, S3Client>();

/** Other domains of the partition, with the rights of the keeper's role: what their policies give it, and their buckets only if they are whose they must be. */
export function s3Homes(signal: AbortSignal): Homes {
  const open = (region: string, bucket: string, expectedOwner: string): ObjectStore =>
    guestStore(
      limited(
        s3Store({ client: clientOf(region), bucket, expectedOwner, requiresVersions: true, signal }),
        REQUESTS_AT_ONCE,
      ),
    );
  return {
    domain: async ({ account, region }) => {
      const bucket = domainBucket({ account, region });
      return { bucket, store: open(region, bucket, account) };
    },
    content: async ({ region }: DomainPlace, bucket, owner) => open(region, bucket, owner),
  };
}

function clientOf(region: string): S3Client {
  const client = clients.get(region) ?? new S3Client({ ...s3ClientDefaults, region });
  clients.set(region, client);
  return client;
}

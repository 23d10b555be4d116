import { setTimeout as pause } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { remoteAway } from '../../repository/home/remote-away.ts';
import { remoteKeeper } from '../../repository/asking/ask.ts';
import { DECLARING_ALIAS, KEEPER_FUNCTION } from '../../repository/asking/invocation.ts';
import type { ObjectStore } from '../../repository/object-store.ts';
import { objectPath } from '../../repository/stores/object-path.ts';
import { routed } from '../../repository/stores/routed.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { s3Hold } from '../../repository/stores/s3-hold.ts';
import type { Context } from '../lambda.ts';
import { announcing, log, nonce, now, ownPlace, UNLIMITED } from '../lambda.ts';
import { handle } from './handle.ts';
import { askFunction } from './keeper.ts';
import { putAnswer } from './put.ts';
import type { Served } from './reference.ts';

/**
 * Custom::ArtifactRef: records which stack uses an artifact, and hands out where its content is. Custom::ArtifactRepository and Custom::ArtifactBookmark: asks the keeper. Runs in AWS Lambda, with the SDK that is there.
 *
 * Its environment: BUCKET, ACCOUNT and PARTITION of the domain, KEEPER and DECLARING, the names of the keeper's function for what binding needs and for what stacks declare, EVENT_BUS, the name of the bus that
 * hears of events, none where it is absent; LEGAL_HOLD, `on` where S3 itself is to keep what is bound. AWS_ENDPOINT_URL_S3 and the rest as the SDK reads it.
 */

const { env } = process;
const client = new S3Client(s3ClientDefaults);

/** What Lambda calls, with an event of CloudFormation's. Its outcome goes to the event's ResponseURL; nothing is returned. */
export async function handler(event: unknown, context: Context = UNLIMITED): Promise<void> {
  await handle(event, () => context.getRemainingTimeInMillis(), {
    connect,
    put: putAnswer,
    log,
    now,
    pause: (milliseconds, signal) => pause(milliseconds, undefined, signal && { signal }),
    ...announcing,
  });
}

function connect(signal: AbortSignal): Served {
  const place = ownPlace();
  const { bucket, account, region } = place;
  const declaring = askFunction(env['DECLARING'] ?? `${KEEPER_FUNCTION}:${DECLARING_ALIAS}`, signal);
  const open = (one: string): ObjectStore =>
    s3Store({ client, bucket: one, expectedOwner: account, requiresVersions: true, signal });
  return {
    store: routed(open(bucket), open),
    ...(env['LEGAL_HOLD'] === 'on' && { hold: s3Hold({ client, bucket, expectedOwner: account, signal }) }),
    keeper: remoteKeeper(askFunction(env['KEEPER'] ?? KEEPER_FUNCTION, signal)),
    declaring,
    away: remoteAway(declaring, place),
    chance: {
      now,
      nonce,
      pause: (milliseconds) => pause(milliseconds),
    },
    place,
    urlOf: (of, key) => urlOf(region, of, key),
  };
}

/** As the AWS CLI writes it. */
function urlOf(region: string, bucket: string, key: string): string {
  const base =
    env['AWS_ENDPOINT_URL_S3'] ??
    client.config.endpointProvider({ Region: region, UseGlobalEndpoint: true, ForcePathStyle: true }).url.href;
  return `${base.replace(/\/+$/, '')}/${objectPath(bucket, key)}`;
}

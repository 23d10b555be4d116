import { setTimeout as pause } from 'node:timers/promises';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { ownKeeper } from '../../repository/deletion.ts';
import { awsEvidence } from '../../repository/evidence/aws.ts';
import type { Following } from '../../repository/keeping/keeping.ts';
import type { KeeperReply } from '../../repository/asking/reply.ts';
import type { ObjectStore } from '../../repository/object-store.ts';
import { awsPolicies } from '../../repository/stores/domain-policies.ts';
import { limited } from '../../repository/stores/limited.ts';
import { routed } from '../../repository/stores/routed.ts';
import type { SharingPlace } from '../../repository/sharing/statements.ts';
import { askRam } from '../../repository/stores/resource-shares.ts';
import { s3ClientDefaults, s3Store } from '../../repository/stores/s3.ts';
import { s3Hold } from '../../repository/stores/s3-hold.ts';
import type { Context } from '../lambda.ts';
import { announcing, log, nonce, now, ownPlace, UNLIMITED } from '../lambda.ts';
import type { Kept } from './handle.ts';
import { handle } from './handle.ts';
import { s3Homes } from './homes.ts';
import { lineOfLifting } from './log.ts';

/**
 * The keeper: does what only it may do in a domain, one command at a time, as JSON. Runs in AWS Lambda, with the SDK that is there.
 *
 * Its environment: BUCKET, ACCOUNT and PARTITION of the domain, EVENT_BUS, the name of the bus that hears of events, none where it is absent; AUDIT (daily or off) and COLLECT (off,
 * plan or on), what it does every day; LEGAL_HOLD, `on` where S3
 * itself is to keep what is in use. AWS_ENDPOINT_URL and the rest as the SDK reads it.
 */

/** So many requests at once; the SDK's client keeps that many connections. */
const REQUESTS_AT_ONCE = 50;

/** As the domain's template exports it. */
const serviceTokenExport = 'cfn-artifacts-ServiceToken';

const { env } = process;
/** Pauses between attempts that fit the rates of the services: nobody waits for an audit. */
const patient = { maxAttempts: 8, retryMode: 'adaptive' } as const;
const s3 = new S3Client(s3ClientDefaults);
const cloudFormation = new CloudFormationClient(patient);
const lambda = new LambdaClient(patient);
const cloudFormationOf = new Map<string, CloudFormationClient>();

/** Kept from one invocation to the next. */
function cloudFormationIn(other: string): CloudFormationClient {
  const client = cloudFormationOf.get(other) ?? new CloudFormationClient({ ...patient, region: other });
  cloudFormationOf.set(other, client);
  return client;
}

/** What Lambda calls. A failure that was foreseen is part of the reply; a rejection is a defect. */
export async function handler(event: unknown, context: Context = UNLIMITED): Promise<KeeperReply> {
  const invoked = {
    requestId: context.awsRequestId ?? '',
    // `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, with `:QUALIFIER` where one was called.
    qualifier: context.invokedFunctionArn?.split(':')[7] ?? '',
    remaining: () => context.getRemainingTimeInMillis(),
  };
  return handle(event, invoked, {
    connect,
    log,
    now,
    ...announcing,
  });
}

function connect(signal: AbortSignal): Kept {
  const place = ownPlace();
  const { bucket, account, region } = place;
  const open = (one: string): ObjectStore =>
    s3Store({
      ...{ client: s3, bucket: one, expectedOwner: account, requiresVersions: true, signal },
      liftsHolds: true,
      onHoldLifted: (hold) => {
        log(lineOfLifting(one, hold));
      },
    });
  const store = limited(routed(open(bucket), open), REQUESTS_AT_ONCE);
  return {
    store,
    keeper: ownKeeper(store),
    ...(env['LEGAL_HOLD'] === 'on' && { hold: s3Hold({ client: s3, bucket, expectedOwner: account, signal }) }),
    chance: {
      now,
      nonce,
      pause: async (milliseconds) => {
        await pause(milliseconds * (0.5 + Math.random()));
      },
    },
    place,
    evidence: awsEvidence({
      ...{ cloudFormation, lambda, serviceTokenExport, account, region, signal },
      elsewhere: cloudFormationIn,
    }),
    homes: s3Homes(signal),
    following: followingOf(place, signal),
    schedule: {
      audit: env['AUDIT'] === 'off' ? 'off' : 'daily',
      collect: env['COLLECT'] === 'plan' || env['COLLECT'] === 'on' ? env['COLLECT'] : 'off',
    },
  };
}

/** The clients of RAM and KMS are made where anything is shared by RAM, and where the domain has a key. */
function followingOf(place: SharingPlace, signal: AbortSignal): Following {
  return {
    ask: askRam(async () => {
      const { RAMClient } = await import('@aws-sdk/client-ram');
      return new RAMClient(patient);
    }, signal),
    policies: awsPolicies(
      {
        ...{ s3, signal, lambda: async () => lambda },
        kms: async () => {
          const { KMSClient } = await import('@aws-sdk/client-kms');
          return new KMSClient(patient);
        },
      },
      place,
    ),
  };
}

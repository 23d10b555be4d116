import type { DomainPolicies } from './domain-principals.ts';
import { BUCKET, BUCKET_ARN, PLACE } from './domain-principals.ts';
import { parseBucketPolicy } from './iam/policy.ts';
import type { Principal } from './iam/request.ts';
import type { ClientConfig, S3Server } from './s3-server.ts';
import type { Identity } from './s3-server-auth.ts';
import type { Bucket } from './s3-server-state.ts';

/** As the server knows somebody of the domain's account. */
export function identityOf({ caller, policies }: Principal): Identity {
  return { ...caller, account: PLACE.account, policies };
}

/** The domain's bucket as its template makes it, empty, with the policy of the template; in the place of an earlier one. */
export function createDomainBucket(server: S3Server, policies: DomainPolicies): Bucket {
  const bucket = server.createBucket(BUCKET, { versioning: 'Enabled', owner: PLACE.account, region: PLACE.region });
  const text = JSON.stringify(policies.bucket);
  bucket.policy = { text, policy: parseBucketPolicy(text, BUCKET_ARN) };
  return bucket;
}

/** For a stack engine, where a template's own functions are run: as in Lambda, with the rights of whoever this configures a client for. */
export function inlineFunctionsAt({ endpoint, region, credentials }: ClientConfig): {
  readonly endpoint: string;
  readonly environment: Readonly<Record<string, string>>;
} {
  return {
    endpoint,
    environment: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      // What the SDK of this project says on Node 20, where no function of ours runs.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  };
}

import type { Terminal } from '../../packager/cli/terminal.ts';
import type { S3Server } from './s3-server.ts';

/** The variables of a person whose AWS is a server of the tests, and nothing of this machine. */
export function awsEnvironment(server: S3Server, accessKeyId?: string, region?: string): Terminal['env'] {
  const { endpoint, credentials, ...config } = server.clientConfig(accessKeyId, region);
  return {
    ...WITHOUT_FILES,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_REGION: config.region,
    // One retry: what fails for good does so soon.
    AWS_MAX_ATTEMPTS: '2',
  };
}

/** No profile and no saved credentials. */
export const WITHOUT_FILES: Terminal['env'] = {
  AWS_CONFIG_FILE: '/no/such/config',
  AWS_SHARED_CREDENTIALS_FILE: '/no/such/credentials',
};

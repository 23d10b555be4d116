import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { ListExportsCommand } from '@aws-sdk/client-cloudformation';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { GetResourceSharesCommand, RAMClient } from '@aws-sdk/client-ram';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AwsAccess, AwsSettings } from '../../../packager/aws/access.ts';
import type { ClientConfig } from '../../../packager/aws/client-config.ts';
import { awsAccess } from '../../../packager/aws/access.ts';
import { awsOf } from '../../../packager/aws/keeper.ts';
import { hideOwnEnvironment } from '../../support/own-environment.ts';
import { knowEveryError } from '../../support/realm.ts';
import { temporaryFolder } from '../../support/temporary.ts';

knowEveryError();

/** Whatever asks AWS asks the endpoint that is configured, for the region that it means. */

/** The endpoint of one service, or of all. */
interface Endpoint {
  readonly url: string;
  /** `SERVICE in REGION`, as requests are signed. */
  readonly asked: string[];
  readonly close: () => Promise<void>;
}

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'secret', AWS_MAX_ATTEMPTS: '1' };
const OWN = 'eu-west-1';
const OTHER = 'ap-south-1';

type Ask = (access: AwsAccess, region: string) => Promise<unknown>;

const inRegion =
  (region: string) =>
  (config: ClientConfig): ClientConfig => ({ ...config, region });

/** One request of each service, as the command line makes its clients. */
const SERVICES: Readonly<Record<string, Ask>> = {
  s3: async (access, region) => (await access.s3(region)).send(new HeadBucketCommand({ Bucket: 'b' })),
  lambda: async (access, region) => {
    const client = await awsOf(access, region, new AbortController().signal).lambda();
    return client.send(new GetFunctionCommand({ FunctionName: 'f' }));
  },
  cloudformation: async (access, region) => {
    const client = await awsOf(access, region, new AbortController().signal).cloudFormation();
    return client.send(new ListExportsCommand({}));
  },
  kms: (access, region) => {
    const client = access.client('kms', (config) => new KMSClient({ ...inRegion(region)(config) }));
    return client.send(new DescribeKeyCommand({ KeyId: 'k' }));
  },
  ssm: (access, region) => {
    const client = access.client('ssm', (config) => new SSMClient({ ...inRegion(region)(config) }));
    return client.send(new GetParameterCommand({ Name: 'p' }));
  },
  ram: (access, region) => {
    const client = access.client('ram', (config) => new RAMClient({ ...inRegion(region)(config) }));
    return client.send(new GetResourceSharesCommand({ resourceOwner: 'SELF' }));
  },
};

const endpoints: Endpoint[] = [];
let home = '';

hideOwnEnvironment();

beforeEach(async () => {
  home = await temporaryFolder();
  mkdirSync(path.join(home, '.aws'));
});

afterEach(async () => {
  for (const { close } of endpoints.splice(0)) await close();
});

async function endpoint(): Promise<Endpoint> {
  const asked: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const [, region = '', service = ''] =
      /Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    asked.push(`${service} in ${region}`);
    request.resume();
    response.writeHead(400).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const made = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
  endpoints.push(made);
  return made;
}

async function ask(service: string, settings: Partial<AwsSettings>, region: string): Promise<void> {
  const { env = {}, ...others } = settings;
  const access = await awsAccess({ region: OWN, verifySsl: true, ...others, env: { HOME: home, ...KEYS, ...env } });
  try {
    // What is answered does not matter here, nor that nothing is.
    await SERVICES[service]?.(access, region).catch(() => undefined);
  } finally {
    access.close();
  }
}

const cases = Object.keys(SERVICES).flatMap((service) =>
  [OWN, OTHER].map((region) => ({ service, region, variable: `AWS_ENDPOINT_URL_${service.toUpperCase()}` })),
);

describe.each(cases)('$service in $region', ({ service, region, variable }) => {
  const signed = `${service} in ${region}`;

  test('by its own variable, before the common one', async () => {
    const [own, common] = [await endpoint(), await endpoint()];
    await ask(service, { env: { [variable]: own.url, AWS_ENDPOINT_URL: common.url } }, region);
    expect([own.asked, common.asked]).toEqual([[signed], []]);
  });

  test('by the variable of all services', async () => {
    const common = await endpoint();
    await ask(service, { env: { AWS_ENDPOINT_URL: common.url } }, region);
    expect(common.asked).toEqual([signed]);
  });

  test("by the profile's services, before the profile's endpoint", async () => {
    const [own, common] = [await endpoint(), await endpoint()];
    writeFileSync(
      path.join(home, '.aws/config'),
      `[profile private]\naws_access_key_id = AKIAPRIVATE\naws_secret_access_key = secret\nservices = vpc\nendpoint_url = ${common.url}\n[services vpc]\n${service} =\n  endpoint_url = ${own.url}\n`,
    );
    await ask(service, { profile: 'private' }, region);
    expect([own.asked, common.asked]).toEqual([[signed], []]);
  });

  test('by --endpoint-url, before all others', async () => {
    const [given, own] = [await endpoint(), await endpoint()];
    await ask(service, { endpointUrl: given.url, env: { [variable]: own.url } }, region);
    expect([given.asked, own.asked]).toEqual([[signed], []]);
  });
});

test.each([[OWN], [OTHER]])('who one is, is asked of the endpoint of STS (%s)', async (region) => {
  const own = await endpoint();
  const access = await awsAccess({
    ...{ region, verifySsl: true },
    env: { HOME: home, ...KEYS, AWS_ENDPOINT_URL_STS: own.url },
  });
  await access.identity().catch(() => undefined);
  access.close();
  expect(own.asked).toEqual([`sts in ${region}`]);
});

test('no client of the command line is made in another way', () => {
  const root = path.join(import.meta.dirname, '../../../packager');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const found = files
    .filter((name) => name !== path.join('aws', 'access.ts'))
    .flatMap((name) => {
      const text = readFileSync(path.join(root, name), 'utf8').replaceAll(/\s+/g, ' ');
      return [...text.matchAll(/.{0,60}new (?:sdk\.)?([A-Za-z0-9]*)Client\(.{0,40}/g)].map(([line, of = '']) => ({
        name,
        line,
        of,
      }));
    });
  expect(found.length).toBeGreaterThan(5);
  const made =
    /\.client\( ?'(?<service>[a-z0-9]+)', \(config\) => new (?:sdk\.)?[A-Za-z0-9]*Client\(\{ \.\.\.(?:patient\()?config/;
  const wrong = found.filter(({ line, of }) => {
    const service = made.exec(line)?.groups?.['service'];
    return service === undefined || (of !== '' && of.toLowerCase() !== service);
  });
  expect(wrong).toEqual([]);
});

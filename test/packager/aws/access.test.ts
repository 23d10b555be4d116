import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { HeadBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CacheFiles } from '../../../packager/archive/cache-files.ts';
import type { AwsAccess, AwsSettings } from '../../../packager/aws/access.ts';
import { awsAccess } from '../../../packager/aws/access.ts';
import { IdentityMemory } from '../../../packager/aws/identity-memory.ts';
import { knowEveryError } from '../../support/realm.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { whySkipped } from '../../support/where.ts';

knowEveryError();

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly authorization: string;
  readonly form: URLSearchParams;
}

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** STS, and as much of S3 as a client can't do without; `answer` may put something else in the place of what comes next. */
interface Aws {
  readonly url: string;
  readonly asked: Asked[];
  readonly answers: Answer[];
}

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'secret' };
const IDENTITY = { account: '111122223333', arn: 'arn:aws-cn:iam::111122223333:user/dev', partition: 'aws-cn' };

const closing: (() => unknown)[] = [];
const own = process.env;
let home = '';

beforeEach(async () => {
  home = await temporaryFolder();
  mkdirSync(join(home, '.aws'));
  // The SDK reads variables by itself: none of this machine's may play a part.
  process.env = { PATH: own['PATH'], HOME: home, AWS_EC2_METADATA_DISABLED: 'true' };
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  process.env = own;
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function fakeAws(tls?: { readonly key: string; readonly cert: string }): Promise<Aws> {
  const asked: Asked[] = [];
  const answers: Answer[] = [];
  const serve = async (request: IncomingMessage): Promise<Answer> => {
    const { method = '', url: path = '', headers } = request;
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const form = new URLSearchParams(Buffer.concat(pieces).toString());
    asked.push({ method, path, host: headers.host ?? '', authorization: headers.authorization ?? '', form });
    return answers.shift() ?? standardAnswer(method, form);
  };
  const listener: Parameters<typeof createServer>[1] = (request, response) => {
    void serve(request).then(({ status, body, headers }) => response.writeHead(status, headers).end(body));
  };
  const server = tls === undefined ? createServer(listener) : createHttpsServer(tls, listener);
  const port = await listen(server);
  return { url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`, asked, answers };
}

function standardAnswer(method: string, form: URLSearchParams): Answer {
  switch (form.get('Action') ?? '') {
    case 'GetCallerIdentity':
      return xml(
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
          `<Arn>${IDENTITY.arn}</Arn><UserId>x</UserId><Account>${IDENTITY.account}</Account>` +
          `</GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    case 'AssumeRole':
      return xml(
        `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
          `<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
          `<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      );
    default:
      return { status: 200, ...(method === 'HEAD' ? {} : { body: '' }), headers: { etag: '"x"' } };
  }
}

function xml(body: string, status = 200): Answer {
  return { status, body, headers: { 'content-type': 'text/xml' } };
}

function refusal(code: string, status = 403): Answer {
  return xml(
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>Told you so.</Message></Error></ErrorResponse>`,
    status,
  );
}

async function access(settings: Partial<AwsSettings> = {}): Promise<AwsAccess> {
  const { env = KEYS, ...others } = settings;
  const made = await awsAccess({ verifySsl: true, ...others, env: { HOME: home, CFN_ARTIFACTS_CACHE: 'off', ...env } });
  closing.push(() => {
    made.close();
  });
  return made;
}

function configure(config: string, credentials = ''): void {
  writeFileSync(join(home, '.aws', 'config'), config);
  writeFileSync(join(home, '.aws', 'credentials'), credentials);
}

describe('identity() that is remembered', () => {
  let aws: Aws;
  beforeEach(async () => {
    aws = await fakeAws();
  });

  const folder = (): string => join(home, 'cache');
  const asks = async (env: AwsSettings['env'] = {}, endpointUrl = aws.url): Promise<number> => {
    const before = aws.asked.length;
    const made = await access({
      ...{ region: 'eu-west-1', endpointUrl },
      env: { ...KEYS, CFN_ARTIFACTS_CACHE: folder(), ...env },
    });
    expect(await made.identity()).toEqual(IDENTITY);
    return aws.asked.length - before;
  };
  const only = (): string => {
    const [name, ...others] = readdirSync(join(folder(), 'identities'));
    if (name === undefined || others.length > 0) throw new Error('there is not just one');
    return join(folder(), 'identities', name);
  };

  test('is not asked for again: by these keys, at this endpoint', async () => {
    expect([await asks(), await asks()]).toEqual([1, 0]);
    expect(await asks({ AWS_ACCESS_KEY_ID: 'AKIAOTHER' })).toBe(1);
    expect(await asks({}, aws.url.replace('127.0.0.1', 'localhost'))).toBe(1);
    expect(await asks({ CFN_ARTIFACTS_CACHE: 'off' })).toBe(1);
    expect(await asks()).toBe(0);
  });

  test('is worth nothing to who has another secret', async () => {
    await asks();
    expect(await asks({ AWS_SECRET_ACCESS_KEY: 'guessed' })).toBe(1);
  });

  test('holds no key, neither of the pair', async () => {
    await asks();
    const text = readFileSync(only(), 'latin1');
    expect(text).toContain(IDENTITY.account);
    expect(text).not.toContain(KEYS.AWS_SECRET_ACCESS_KEY);
    expect(`${text}${only()}`).not.toContain(KEYS.AWS_ACCESS_KEY_ID);
  });

  test('is asked for again where somebody wrote another account into the file, whole as it is', async () => {
    await asks();
    const files = new CacheFiles(folder());
    const name = basename(only());
    const text = files.read('identities', name)?.toString() ?? '';
    files.write('identities', name, [Buffer.from(text.replace(IDENTITY.account, '444455556666'))]);
    expect(await asks()).toBe(1);
    expect(await asks()).toBe(0);
  });

  test('is asked for again where the file is damaged, empty or a folder', async () => {
    await asks();
    const file = only();
    const whole = readFileSync(file);
    for (let at = 0; at < whole.byteLength; at += 7) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      writeFileSync(file, damaged);
      expect(await asks()).toBe(1);
    }
    writeFileSync(file, '');
    expect(await asks()).toBe(1);
    rmSync(file);
    mkdirSync(file);
    expect([await asks(), await asks()]).toEqual([1, 1]);
  });

  test('is asked for again where the seal is as long in letters, and not in bytes', async () => {
    await asks();
    const files = new CacheFiles(folder());
    const name = basename(only());
    const [text = ''] = files.read('identities', name)?.toString().split('\n') ?? [];
    files.write('identities', name, [Buffer.from(`${text}\n${'é'.repeat(64)}`)]);
    expect(await asks()).toBe(1);
  });

  test('is not what somebody said whom only that run trusted', async () => {
    const env = { ...KEYS, CFN_ARTIFACTS_CACHE: folder() };
    const settings = { region: 'eu-west-1', endpointUrl: aws.url, env };
    expect(await (await access({ ...settings, verifySsl: false })).identity()).toEqual(IDENTITY);
    writeFileSync(join(home, 'ca.pem'), '');
    expect(await (await access({ ...settings, caBundle: join(home, 'ca.pem') })).identity()).toEqual(IDENTITY);
    expect([await asks(), await asks()]).toEqual([1, 0]);
    // Nor does such a run believe what another has heard.
    expect(await (await access({ ...settings, verifySsl: false })).identity()).toEqual(IDENTITY);
    expect(aws.asked).toHaveLength(4);
  });

  test('is none without an account', async () => {
    const nobody = xml(
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult/></GetCallerIdentityResponse>',
    );
    aws.answers.push(nobody);
    const made = await access({
      region: 'eu-west-1',
      endpointUrl: aws.url,
      env: { ...KEYS, CFN_ARTIFACTS_CACHE: folder() },
    });
    expect(await made.identity()).toMatchObject({ account: '' });
    expect(await asks()).toBe(1);
  });

  test('is a day old at most, by a clock that is set back too', () => {
    const key = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
    const at = (now: number) => new IdentityMemory(new CacheFiles(folder()), 'e', () => now);
    const day = 24 * 60 * 60_000;
    const noon = Date.UTC(2026, 0, 10, 12);
    at(noon).remember(key, IDENTITY);
    expect(at(noon + day - 1).recall(key)).toEqual(IDENTITY);
    expect(at(noon + day).recall(key)).toBeUndefined();
    expect(at(noon - day).recall(key)).toBeUndefined();
  });
});

describe('endpoints of other kinds', () => {
  const kinds = async (env: AwsSettings['env'], profile?: string): Promise<readonly unknown[]> => {
    const made = await access({
      region: 'us-east-1',
      env: { ...KEYS, ...env },
      ...(profile !== undefined && { profile }),
    });
    const { config } = await made.s3();
    const given = config as { useFipsEndpoint: () => Promise<boolean>; useDualstackEndpoint: () => Promise<boolean> };
    return [await given.useFipsEndpoint(), await given.useDualstackEndpoint()];
  };

  test('are asked for by the environment, which goes before the profile', async () => {
    configure(
      '[default]\nuse_fips_endpoint = true\n[profile both]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = TRUE\n',
    );
    expect(await kinds({})).toEqual([true, false]);
    expect(await kinds({ AWS_USE_FIPS_ENDPOINT: 'false', AWS_USE_DUALSTACK_ENDPOINT: 'true' })).toEqual([false, true]);
    expect(await kinds({}, 'both')).toEqual([true, true]);
  });

  test('are not where anything but true is said, as the AWS CLI reads it', async () => {
    expect(await kinds({ AWS_USE_FIPS_ENDPOINT: '1', AWS_USE_DUALSTACK_ENDPOINT: 'yes' })).toEqual([false, false]);
  });
});

describe('identity()', () => {
  test('is asked of STS, once', async () => {
    const aws = await fakeAws();
    const made = await access({ region: 'eu-west-1', endpointUrl: aws.url });
    expect(await Promise.all([made.identity(), made.identity()])).toEqual([IDENTITY, IDENTITY]);
    expect(await made.identity()).toEqual(IDENTITY);
    expect(aws.asked.map(({ method, form }) => [method, form.get('Action')])).toEqual([['POST', 'GetCallerIdentity']]);
    expect(aws.asked[0]?.authorization).toContain('Credential=AKIAENVIRONMENT/');
    expect(aws.asked[0]?.authorization).toContain('/eu-west-1/sts/aws4_request');
  });

  test('goes to the endpoint of the environment or the profile', async () => {
    const [first, second] = [await fakeAws(), await fakeAws()];
    configure(
      `[profile local]\nregion = eu-west-1\nservices = l\n[services l]\nsts =\n  endpoint_url = ${second.url}\n`,
    );
    const env = {
      ...KEYS,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_STS: first.url,
      AWS_REGION: 'eu-west-1',
    };
    await (await access({ env })).identity();
    expect([first.asked.length, second.asked.length]).toEqual([1, 0]);
    await (await access({ env: { ...KEYS, AWS_PROFILE: 'local' } })).identity();
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
  });

  test('is asked again after a failure of the server, five times', async () => {
    const aws = await fakeAws();
    const settings = { region: 'eu-west-1', endpointUrl: aws.url };
    aws.answers.push(...Array.from({ length: 4 }, () => refusal('InternalFailure', 500)));
    expect(await (await access(settings)).identity()).toEqual(IDENTITY);
    expect(aws.asked).toHaveLength(5);
    aws.answers.push(refusal('InternalFailure', 500));
    const once = await access({ ...settings, env: { ...KEYS, AWS_MAX_ATTEMPTS: '1' } });
    await expect(once.identity()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('Told you so'),
    });
  });

  test('of a server that is not there', async () => {
    const once = { ...KEYS, AWS_MAX_ATTEMPTS: '1' };
    const made = await access({ region: 'eu-west-1', endpointUrl: 'http://127.0.0.1:1', env: once });
    await expect(made.identity()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('ends with the signal', async () => {
    const ending = new AbortController();
    const server = createServer(() => {
      ending.abort();
    });
    const endpointUrl = `http://127.0.0.1:${await listen(server)}`;
    const made = await access({ region: 'eu-west-1', endpointUrl, signal: ending.signal });
    await expect(made.identity()).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the Region', () => {
  test('is that of the option, the environment or the profile, in this order', async () => {
    configure('[default]\nregion = profile-1\n');
    const regionOf = async (env: AwsSettings['env'], region?: string): Promise<string> =>
      (await access({ env, ...(region !== undefined && { region }) })).region();
    const env = { AWS_REGION: 'env-1', AWS_DEFAULT_REGION: 'env-2' };
    expect(await regionOf(env, 'option-1')).toBe('option-1');
    expect(await regionOf(env)).toBe('env-1');
    expect(await regionOf({ ...env, AWS_REGION: '' })).toBe('env-2');
    expect(await regionOf({})).toBe('profile-1');
  });

  test('must be set', async () => {
    const made = await access();
    for (const asking of [made.region(), made.s3(), made.identity()]) {
      await expect(asking).rejects.toMatchObject({
        code: 'INVALID_CONFIGURATION',
        message: 'no AWS Region is set',
        remedy: expect.stringContaining('aws configure set region'),
      });
    }
  });
});

describe('credentials', () => {
  const TWO =
    '[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n';
  const used = ({ asked }: Aws): string | undefined => /Credential=(\w+)\//.exec(asked[0]?.authorization ?? '')?.[1];

  test.each<[string, Partial<AwsSettings>, string]>([
    ['the environment', { env: KEYS }, 'AKIAENVIRONMENT'],
    ['the environment before the profile that it names', { env: { ...KEYS, AWS_PROFILE: 'dev' } }, 'AKIAENVIRONMENT'],
    ['a profile on the command line before the environment', { env: KEYS, profile: 'dev' }, 'AKIADEV'],
    ['the profile of AWS_PROFILE', { env: { AWS_PROFILE: 'dev' } }, 'AKIADEV'],
    ['the profile of AWS_DEFAULT_PROFILE', { env: { AWS_DEFAULT_PROFILE: 'dev' } }, 'AKIADEV'],
    ['the default profile', { env: {} }, 'AKIADEFAULT'],
  ])('are those of %s', async (_what, settings, expected) => {
    const aws = await fakeAws();
    configure('', TWO);
    await (await access({ region: 'eu-west-1', endpointUrl: aws.url, ...settings })).identity();
    expect(used(aws)).toBe(expected);
  });

  test('of a role with MFA are asked for once, whatever is done with them', async () => {
    const aws = await fakeAws();
    process.env['AWS_ENDPOINT_URL_STS'] = aws.url;
    configure(
      '[profile admin]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/admin\nsource_profile = dev\nmfa_serial = arn:aws:iam::1:mfa/me\n',
      TWO,
    );
    const questions: string[] = [];
    const onMfa = async (question: string): Promise<string> => {
      questions.push(question);
      return '123456';
    };
    const made = await access({ env: {}, profile: 'admin', endpointUrl: aws.url, onMfa });
    await made.identity();
    await (await made.s3()).send(new HeadBucketCommand({ Bucket: 'b' }));
    await (await made.s3('us-east-1')).send(new HeadBucketCommand({ Bucket: 'b' }));
    expect(questions).toEqual(['Enter MFA code for arn:aws:iam::1:mfa/me: ']);
    const [assumed, ...others] = aws.asked;
    expect(Object.fromEntries(assumed!.form)).toMatchObject({ Action: 'AssumeRole', TokenCode: '123456' });
    expect(assumed!.authorization).toContain('Credential=AKIADEV/');
    expect(others.map(({ authorization }) => authorization.includes('Credential=ASIAROLE/'))).toEqual([
      true,
      true,
      true,
    ]);
    const mute = await access({ env: {}, profile: 'admin', endpointUrl: aws.url });
    await expect(mute.identity()).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
      message: "profile 'admin' needs an MFA code, and there is no terminal to ask for it",
    });
  });

  test('of a role that may not be assumed', async () => {
    const aws = await fakeAws();
    process.env['AWS_ENDPOINT_URL_STS'] = aws.url;
    configure('[profile admin]\nrole_arn = arn:aws:iam::1:role/admin\nsource_profile = dev\n', TWO);
    aws.answers.push(refusal('AccessDenied'));
    const made = await access({ env: {}, profile: 'admin', region: 'eu-west-1', endpointUrl: aws.url });
    await expect(made.identity()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: "the credentials of profile 'admin' may not be had: Told you so",
    });
  });

  test.each<[string, Partial<AwsSettings>, string]>([
    ['nothing at all', { env: {} }, "Run 'aws configure'"],
    ['a session that nobody signed in to', { env: {}, profile: 'sso' }, 'Run: aws sso login --profile sso'],
    ['a role from such a session', { env: {}, profile: 'role' }, 'Run: aws sso login --profile sso'],
    ['a process that fails', { env: {}, profile: 'process' }, "Run the credential_process of profile 'process'"],
    ['a login that is over', { env: {}, profile: 'login' }, 'Run: aws login --profile login'],
  ])('that are %s', async (_what, settings, remedy) => {
    configure(
      [
        '[profile sso]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r',
        '[sso-session s]\nsso_start_url = https://127.0.0.1/start\nsso_region = eu-west-1',
        '[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = sso',
        '[profile process]\ncredential_process = false',
        '[profile login]\nlogin_session = arn:aws:sts::1:x',
      ].join('\n'),
    );
    const made = await access({ region: 'eu-west-1', endpointUrl: 'http://127.0.0.1:1', ...settings });
    await expect(made.identity()).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
      message: expect.stringMatching(/^there are no usable AWS credentials/),
      remedy: expect.stringContaining(remedy),
    });
  });

  test.each([
    ['ExpiredToken', 'identity'],
    ['InvalidClientTokenId', 'identity'],
    ['SignatureDoesNotMatch', 'identity'],
    ['ExpiredToken', 's3'],
    ['InvalidAccessKeyId', 's3'],
  ])('that AWS answers %s to (%s)', async (code, service) => {
    const aws = await fakeAws();
    const made = await access({ region: 'eu-west-1', endpointUrl: aws.url });
    const error = `<Error><Code>${code}</Code><Message>Told you so.</Message></Error>`;
    aws.answers.push(service === 's3' ? xml(error, 403) : refusal(code));
    const client = await made.s3();
    const asking =
      service === 's3' ? client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' })) : made.identity();
    await expect(asking).rejects.toMatchObject({
      code: 'NO_CREDENTIALS',
      message: 'AWS refuses the credentials in the environment: Told you so',
      remedy: expect.stringContaining('AWS_SESSION_TOKEN'),
    });
  });

  test('of a profile that is not there', async () => {
    configure('[profile dev]\nregion = x\n', TWO);
    for (const settings of [{ profile: 'prod' }, { env: { AWS_PROFILE: 'prod' } }]) {
      await expect(access(settings)).rejects.toMatchObject({
        code: 'INVALID_CONFIGURATION',
        message: `there is no profile 'prod' in '${join(home, '.aws', 'config')}'`,
        remedy: "There are 'dev', 'default'.",
      });
    }
  });
});

test.each(['us_east_1', 'x/y', 'eu west'])('%s is no Region', async (region) => {
  await expect((await access({ env: { ...KEYS, AWS_REGION: region } })).region()).rejects.toMatchObject({
    code: 'INVALID_CONFIGURATION',
    message: `'${region}' is no AWS Region`,
  });
});

describe('s3()', () => {
  test('has one client for each Region', async () => {
    const made = await access({ region: 'eu-west-1' });
    expect(await made.s3()).toBe(await made.s3('eu-west-1'));
    expect(await made.s3('us-east-1')).not.toBe(await made.s3());
    expect(await (await made.s3('us-east-1')).config.region()).toBe('us-east-1');
  });

  test('puts the bucket into the path on an endpoint of our own', async () => {
    const aws = await fakeAws();
    const made = await access({ region: 'eu-west-1', env: { ...KEYS, AWS_ENDPOINT_URL_S3: `${aws.url}/base` } });
    await (await made.s3()).send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a b', Body: 'x' }));
    expect(aws.asked).toMatchObject([
      { method: 'PUT', path: '/base/bucket/a%20b?x-id=PutObject', host: new URL(aws.url).host },
    ]);
    expect(await (await access({ region: 'eu-west-1' })).s3()).toMatchObject({ config: { forcePathStyle: false } });
    configure('[default]\ns3 =\n  addressing_style = path\n');
    expect(await (await access({ region: 'eu-west-1' })).s3()).toMatchObject({ config: { forcePathStyle: true } });
  });
});

describe('urlOf()', () => {
  test.each([
    ['us-east-1', 'https://s3.amazonaws.com'],
    ['eu-west-1', 'https://s3.eu-west-1.amazonaws.com'],
    ['cn-north-1', 'https://s3.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'https://s3.us-gov-west-1.amazonaws.com'],
    ['eusc-de-east-1', 'https://s3.eusc-de-east-1.amazonaws.eu'],
    ['us-iso-east-1', 'https://s3.us-iso-east-1.c2s.ic.gov'],
  ])('in %s begins with %s', async (region, base) => {
    const made = await access({ region: 'ap-south-1' });
    expect(made.urlOf('my.bucket', 'p/x.template', region)).toBe(`${base}/my.bucket/p/x.template`);
  });

  test('encodes the key, and uses the endpoint that is set', async () => {
    const made = await access({ region: 'eu-west-1', endpointUrl: 'http://127.0.0.1:5000/' });
    expect(made.urlOf('b', "sha256/a b+c%é(1)!'*.zip", 'us-east-1')).toBe(
      'http://127.0.0.1:5000/b/sha256/a%20b%2Bc%25%C3%A9%281%29%21%27%2A.zip',
    );
  });
});

describe('urlOf() through an endpoint in a VPC', () => {
  test.each([
    ['https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com', 'us-east-1', 'https://s3.amazonaws.com'],
    [
      'https://bucket.vpce-1a2b3c4d-5e6f-us-east-1a.s3.us-east-1.vpce.amazonaws.com/',
      'eu-west-1',
      'https://s3.eu-west-1.amazonaws.com',
    ],
    [
      'https://bucket.vpce-1a2b3c4d-5e6f.s3.cn-north-1.vpce.amazonaws.com.cn',
      'cn-north-1',
      'https://s3.cn-north-1.amazonaws.com.cn',
    ],
    // A name of somebody's own is somebody's own server.
    ['https://vpce.s3.example.com', 'eu-west-1', 'https://vpce.s3.example.com'],
  ])('%s in %s is one that services can reach', async (endpoint, region, base) => {
    const made = await access({ region, env: { ...KEYS, AWS_ENDPOINT_URL_S3: endpoint } });
    expect(made.urlOf('b', 'x.template', region)).toBe(`${base}/b/x.template`);
    expect((await (await made.s3()).config.endpoint?.())?.hostname).toBe(new URL(endpoint).hostname);
  });
});

describe('partitionOf()', () => {
  const REGIONS = [
    ...['us-east-1', 'eu-central-2', 'ap-southeast-7', 'il-central-1', 'mx-central-1', 'cn-north-1', 'cn-northwest-1'],
    ...['us-gov-east-1', 'us-iso-east-1', 'us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1', 'eusc-de-east-1'],
  ];

  test.each(REGIONS)("of %s is the SDK's own", async (region) => {
    const partition = (await access({ region })).partitionOf(region);
    const { endpointProvider } = new S3Client({ region }).config;
    // For an access point in another partition the SDK refuses, and names its own.
    const other = partition === 'aws' ? 'cn-north-1' : 'us-east-1';
    const resolve = (): unknown =>
      endpointProvider({
        Region: region,
        UseArnRegion: true,
        Bucket: `arn:aws:s3:${other}:111122223333:accesspoint/name`,
      });
    expect(resolve).toThrow(`Client was configured for partition \`${partition}\` but`);
  });
});

/** Makes certificates. Not every machine has it. */
const OPENSSL = 'openssl';

const hasOpenssl = ((): boolean => {
  try {
    execFileSync(OPENSSL, ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

// Skipped, visibly, where certificates can't be made.
(hasOpenssl ? describe : describe.skip)(`over TLS${whySkipped(hasOpenssl, 'openssl is not installed')}`, () => {
  let tls: { key: string; cert: string; file: string };

  beforeEach(() => {
    const [key, cert] = [join(home, 'key.pem'), join(home, 'cert.pem')];
    execFileSync(
      OPENSSL,
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
        ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
      ],
      { stdio: 'ignore' },
    );
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), file: cert };
  });

  const once = { ...KEYS, AWS_MAX_ATTEMPTS: '1' };

  /** Without the SDK: `undefined` if that does not do. */
  const directly = async (env: AwsSettings['env'], settings: Partial<AwsSettings>): Promise<object | undefined> => {
    const made = await access({ region: 'eu-west-1', ...settings, env: { ...env, AWS_MAX_ATTEMPTS: '2' } });
    return await made.directS3().direct.ask('HeadBucket', { Bucket: 'bucket' });
  };

  test('a certificate is trusted if the bundle has it, or if none is verified', async () => {
    const aws = await fakeAws(tls);
    const settings = { region: 'eu-west-1', endpointUrl: aws.url, env: once };
    await expect((await access(settings)).identity()).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      remedy: expect.stringContaining('AWS_CA_BUNDLE'),
    });
    expect(aws.asked).toEqual([]);
    expect(await (await access({ ...settings, caBundle: tls.file })).identity()).toEqual(IDENTITY);
    expect(await (await access({ ...settings, env: { ...once, AWS_CA_BUNDLE: tls.file } })).identity()).toEqual(
      IDENTITY,
    );
    expect(await (await access({ ...settings, verifySsl: false })).identity()).toEqual(IDENTITY);
    const before = aws.asked.length;
    expect(await directly(KEYS, settings)).toBeUndefined();
    expect(aws.asked).toHaveLength(before);
    expect(await directly(KEYS, { ...settings, caBundle: tls.file })).toBeDefined();
    expect(await directly(KEYS, { ...settings, verifySsl: false })).toBeDefined();
    expect(aws.asked).toHaveLength(before + 2);
    configure(`[default]\nca_bundle = ${tls.file}\n`);
    expect(await (await access(settings)).identity()).toEqual(IDENTITY);
    await expect(access({ ...settings, caBundle: '/no/such.pem' })).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining("the CA bundle '/no/such.pem' can't be read"),
    });
  });

  test('an endpoint that is asked by the wrong protocol, or as another host, is told', async () => {
    const [plain, secure] = [await fakeAws(), await fakeAws(tls)];
    const asking = async (endpointUrl: string): Promise<unknown> =>
      (await access({ region: 'eu-west-1', endpointUrl, caBundle: tls.file, env: once })).identity();
    await expect(asking(plain.url.replace('http:', 'https:'))).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(/^the endpoint of AWS STS speaks another protocol: \S.*\S$/),
      remedy: expect.stringContaining('https://'),
    });
    await expect(asking(secure.url.replace('127.0.0.1', 'localhost'))).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(/^the endpoint of AWS STS has the certificate of another host: /),
    });
  });

  interface Proxy {
    readonly url: string;
    readonly host: string;
    /** Each a host with its port, and what it was told of the caller. */
    readonly connected: (readonly [target: string, authorization: string | undefined])[];
  }

  async function fakeProxy(status = 200): Promise<Proxy> {
    const connected: (readonly [string, string | undefined])[] = [];
    const server = createServer();
    server.on('connect', (request, socket: Socket) => {
      connected.push([request.url ?? '', request.headers['proxy-authorization']]);
      if (status !== 200) {
        socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
        return;
      }
      const [host = '', port = ''] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    const port = await listen(server);
    return { url: `http://me:p%40ss@127.0.0.1:${port}`, host: `127.0.0.1:${port}`, connected };
  }

  test.each(['HTTPS_PROXY', 'https_proxy'])(
    'requests go through the proxy of %s, verified to the other end',
    async (variable) => {
      const [aws, proxy] = [await fakeAws(tls), await fakeProxy()];
      const env = { ...once, [variable]: proxy.url, NO_PROXY: 'example.com' };
      const made = await access({ region: 'eu-west-1', endpointUrl: aws.url, caBundle: tls.file, env });
      expect(await made.identity()).toEqual(IDENTITY);
      await (await made.s3()).send(new HeadBucketCommand({ Bucket: 'b' }));
      const connected = proxy.connected.length;
      expect(await directly(env, { endpointUrl: aws.url, caBundle: tls.file })).toBeDefined();
      expect(proxy.connected).toHaveLength(connected + 1);
      const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
      expect([...new Set(proxy.connected.map((one) => one.join(' ')))]).toEqual([
        `${new URL(aws.url).host} ${authorization}`,
      ]);
      const untrusting = await access({ region: 'eu-west-1', endpointUrl: aws.url, env });
      await expect(untrusting.identity()).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' });
    },
  );

  test('requests to hosts in NO_PROXY go around it', async () => {
    const [aws, proxy] = [await fakeAws(tls), await fakeProxy()];
    const env = { ...once, HTTPS_PROXY: proxy.url, NO_PROXY: 'example.com,127.0.0.1' };
    const made = await access({ region: 'eu-west-1', endpointUrl: aws.url, caBundle: tls.file, env });
    expect(await made.identity()).toEqual(IDENTITY);
    await expect((await access({ region: 'eu-west-1', endpointUrl: aws.url, env })).identity()).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
    });
    expect(await directly(env, { endpointUrl: aws.url, caBundle: tls.file })).toBeDefined();
    expect(proxy.connected).toEqual([]);
  });

  test('plain requests go through the proxy of HTTP_PROXY', async () => {
    const [aws, proxy] = [await fakeAws(), await fakeProxy()];
    const made = await access({ region: 'eu-west-1', endpointUrl: aws.url, env: { ...once, HTTP_PROXY: proxy.url } });
    expect(await made.identity()).toEqual(IDENTITY);
    expect(proxy.connected.map(([target]) => target)).toEqual([new URL(aws.url).host]);
    expect(await directly({ ...KEYS, HTTP_PROXY: proxy.url }, { endpointUrl: aws.url })).toBeDefined();
    expect(proxy.connected).toHaveLength(2);
  });

  test('a proxy that wants a password says so at once', async () => {
    const [aws, proxy] = [await fakeAws(tls), await fakeProxy(407)];
    const made = await access({ region: 'eu-west-1', endpointUrl: aws.url, env: { ...KEYS, HTTPS_PROXY: proxy.url } });
    await expect(made.identity()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: `the proxy '${proxy.host}' refuses the connection: it answers 407`,
      remedy: expect.stringContaining('NAME:PASSWORD'),
    });
    expect(proxy.connected).toHaveLength(1);
  });

  test('a proxy that is not there is named', async () => {
    const aws = await fakeAws(tls);
    const made = await access({
      region: 'eu-west-1',
      endpointUrl: aws.url,
      env: { ...once, HTTPS_PROXY: '127.0.0.1:1' },
    });
    await expect(made.identity()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining("no connection through the proxy '127.0.0.1:1'"),
    });
  });
});

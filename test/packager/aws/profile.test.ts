import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { configuredEndpoint, readAwsFiles, renewal, sourceOfProfile } from '../../../packager/aws/profile.ts';
import type { AwsFiles } from '../../../packager/aws/profile.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function files(config: string, credentials = ''): Promise<AwsFiles> {
  const home = await temporaryFolder();
  mkdirSync(join(home, '.aws'));
  writeFileSync(join(home, '.aws', 'config'), config);
  writeFileSync(join(home, '.aws', 'credentials'), credentials);
  return readAwsFiles({ HOME: home });
}

const none = new Map<string, string>();

describe('readAwsFiles()', () => {
  test('merges both files, comments, quotes, blocks and line ends understood', async () => {
    const { profiles, services } = await files(
      [
        '# all',
        '[default]',
        'region = eu-west-1 ; here',
        's3 =',
        '  addressing_style = path',
        '\tmax_concurrent_requests = 20',
        'output=json',
        '[profile "two words"]\r',
        'region=eu-west-2\r',
        '[profile dev]',
        'aws_access_key_id = from-config',
        'ca_bundle = /etc/my#bundle.pem',
        '[services local]',
        's3 =',
        '  endpoint_url = http://127.0.0.1:9000',
      ].join('\n'),
      '[dev]\naws_access_key_id = from-credentials\n[other]\nregion = x',
    );
    expect(profiles.get('default')).toEqual(
      new Map([
        ['region', 'eu-west-1'],
        ['s3.addressing_style', 'path'],
        ['s3.max_concurrent_requests', '20'],
        ['output', 'json'],
      ]),
    );
    expect(profiles.get('two words')?.get('region')).toBe('eu-west-2');
    expect(profiles.get('dev')).toEqual(
      new Map([
        ['aws_access_key_id', 'from-credentials'],
        ['ca_bundle', '/etc/my#bundle.pem'],
      ]),
    );
    expect([...profiles.keys()]).toEqual(['default', 'two words', 'dev', 'other']);
    expect(services.get('local')?.get('s3.endpoint_url')).toBe('http://127.0.0.1:9000');
  });

  test('goes where the variables say; absent files are empty', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'c'), '[profile x]\na = 1');
    const found = readAwsFiles({
      HOME: folder,
      AWS_CONFIG_FILE: '~/c',
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no'),
    });
    expect([...found.profiles.keys()]).toEqual(['x']);
    expect(found).toMatchObject({ configFile: join(folder, 'c'), credentialsFile: join(folder, 'no') });
    expect(() => readAwsFiles({ HOME: folder, AWS_CONFIG_FILE: folder })).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
    );
  });
});

describe('configuredEndpoint()', () => {
  const config =
    '[default]\nservices = l\nendpoint_url = https://profile\n[services l]\ns3 =\n  endpoint_url = https://service\n';

  test.each<[string, string, Record<string, string>, string | undefined]>([
    [
      's3',
      'its own variable',
      { AWS_ENDPOINT_URL_S3: 'https://own', AWS_ENDPOINT_URL: 'https://common' },
      'https://own',
    ],
    [
      'sts',
      'the common variable',
      { AWS_ENDPOINT_URL_S3: 'https://own', AWS_ENDPOINT_URL: 'https://common' },
      'https://common',
    ],
    ['s3', "the profile's services", { AWS_ENDPOINT_URL: '' }, 'https://service'],
    ['sts', 'the profile', {}, 'https://profile'],
    ['s3', 'nothing', { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true', AWS_ENDPOINT_URL_S3: 'https://own' }, undefined],
  ])('of %s is what %s says', async (service, _what, env, expected) => {
    const found = await files(config);
    expect(configuredEndpoint(service, env, found.profiles.get('default') ?? none, found)).toBe(expected);
  });

  test.each<[string, string, Record<string, string>, string]>([
    ['s3', '', { AWS_ENDPOINT_URL_S3: 'foo' }, "'AWS_ENDPOINT_URL_S3'"],
    ['s3', '', { AWS_ENDPOINT_URL: 'foo' }, "'AWS_ENDPOINT_URL'"],
    ['sts', '[default]\nendpoint_url = foo\n', {}, "'endpoint_url' of the profile in '"],
    ['s3', config.replace('https://service', 'foo'), {}, "'endpoint_url' of 's3' in [services l] of '"],
    ['s3', '', { AWS_ENDPOINT_URL: 'ftp://foo' }, "'AWS_ENDPOINT_URL'"],
  ])('of %s that is no URL is told by its name: %s %j', async (service, text, env, label) => {
    const found = await files(text);
    expect(() => configuredEndpoint(service, env, found.profiles.get('default') ?? none, found)).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIGURATION',
        message: expect.stringMatching(/^'.* must be a URL with http or https, not '(ftp:\/\/)?foo'$/),
        remedy: expect.stringContaining('--endpoint-url'),
      }),
    );
    expect(() => configuredEndpoint(service, env, found.profiles.get('default') ?? none, found)).toThrow(label);
  });
});

describe('sourceOfProfile()', () => {
  test.each([
    ['keys', 'aws_access_key_id = x', { kind: 'keys', profile: 'p' }, 'aws configure --profile p'],
    ['a session', 'sso_session = s', { kind: 'sso', profile: 'p' }, 'aws sso login --profile p'],
    ['a start URL', 'sso_start_url = u', { kind: 'sso', profile: 'p' }, 'aws sso login --profile p'],
    ['a login', 'login_session = arn', { kind: 'login', profile: 'p' }, 'aws login --profile p'],
    ['a process', 'credential_process = x', { kind: 'process', profile: 'p' }, 'credential_process'],
    ['a role', 'role_arn = r\nsource_profile = default', { kind: 'sso', profile: 'default' }, 'Run: aws sso login'],
    ['a circle', 'role_arn = r\nsource_profile = p', { kind: 'none', profile: 'p' }, 'aws configure'],
    ['nothing', 'region = x', { kind: 'none', profile: 'p' }, 'AWS_PROFILE'],
  ])('of a profile with %s, and how it is renewed', async (_what, section, source, advice) => {
    const found = await files(`[default]\nsso_session = s\n[profile p]\n${section}\n`);
    expect(sourceOfProfile('p', found)).toEqual(source);
    expect(renewal(sourceOfProfile('p', found))).toContain(advice);
  });
});

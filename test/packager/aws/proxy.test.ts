import { describe, expect, test } from '@jest/globals';
import { agentsFor, needsNoProxy } from '../../../packager/aws/proxy.ts';

describe('needsNoProxy()', () => {
  test.each<[string, number, string, boolean]>([
    ['s3.eu-west-1.amazonaws.com', 443, '', false],
    ['s3.eu-west-1.amazonaws.com', 443, 'amazonaws.com', true],
    ['s3.eu-west-1.amazonaws.com', 443, '.amazonaws.com', true],
    ['s3.eu-west-1.amazonaws.com', 443, '*.amazonaws.com', true],
    ['s3.eu-west-1.amazonaws.com', 443, 'aws.com', false],
    ['s3.eu-west-1.amazonaws.com', 443, 'localhost, S3.EU-WEST-1.AMAZONAWS.COM', true],
    ['127.0.0.1', 5000, '127.0.0.1:5000', true],
    ['127.0.0.1', 5000, '127.0.0.1:5001', false],
    ['127.0.0.1', 5000, '127.0.0.0/8', false],
    ['anything', 443, '*', true],
  ])('%s:%d with NO_PROXY=%j is %j', (host, port, noProxy, expected) => {
    expect(needsNoProxy(host, port, noProxy)).toBe(expected);
  });
});

test('a proxy that is no URL is told with its variable', async () => {
  await expect(agentsFor({ HTTPS_PROXY: 'http://[' }, { verifySsl: true })).rejects.toMatchObject({
    code: 'INVALID_CONFIGURATION',
    message: "'http://[' in HTTPS_PROXY is no URL of a proxy",
  });
});

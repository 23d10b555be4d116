import { execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseMetadata } from '../../../../packager/cli/syntax/metadata.ts';
import { temporaryFolder } from '../../../support/temporary.ts';
import { whySkipped } from '../../../support/where.ts';

const hasDevices = existsSync('/dev/zero');
const onUnix = hasDevices ? test : test.skip;

describe('parseMetadata() reads', () => {
  test.each<[string, unknown, Record<string, string>]>([
    ['pairs', 'a=1,b=2', { a: '1', b: '2' }],
    ['an equals sign in a value', 'a=x=y', { a: 'x=y' }],
    ['an empty value', 'a=,b=2', { a: '', b: '2' }],
    ['quotes of either kind', `a="1,2",b='3,"4"'`, { a: '1,2', b: '3,"4"' }],
    ['commas and quotes behind a backslash', String.raw`a=1\,2,b="say \"hi\""`, { a: '1,2', b: 'say "hi"' }],
    ['spaces around pairs', ' a=1, b=2 ', { a: '1', b: '2' }],
    ['JSON', '{"a": "1", "b": 2, "c": true}', { a: '1', b: '2', c: 'true' }],
    ['several, the later over the earlier', ['a=1,b=2', '{"b": "3"}'], { a: '1', b: '3' }],
    ['a map of a file', { a: 'x', b: 1 }, { a: 'x', b: '1' }],
    ['nothing', '', {}],
  ])('%s', (_what, given, expected) => {
    expect(parseMetadata(given, '/')).toEqual(expected);
  });

  test('a file', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'meta.json'), '{"a": "1"}\n');
    expect(parseMetadata(['file://meta.json', 'b=2'], folder)).toEqual({ a: '1', b: '2' });
  });

  onUnix(`a pipe, as of <(command)${whySkipped(hasDevices, 'Windows has no such files')}`, async () => {
    const pipe = join(await temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    spawn('sh', ['-c', `(printf '{"a": '; sleep 0.1; printf '"1"}') > "$0"`, pipe], { stdio: 'ignore' });
    expect(parseMetadata(`file://${pipe}`, '/')).toEqual({ a: '1' });
  });
});

describe('parseMetadata() refuses', () => {
  test.each<[string, unknown, string]>([
    ['a word without a value', 'a=1,b', "'b' is not KEY=VALUE"],
    ['a name that S3 does not take', 'a b=1', "'a b=1' is not KEY=VALUE"],
    ['a name in JSON that S3 does not take', '{"a b": "1"}', "'a b' can't name metadata"],
    ['what a header would not carry', '{"a": "é"}', "the value of 'a' is not all visible ASCII"],
    ['a nested map', '{"a": {"b": "c"}}', "'a' can't have a map for its value"],
    ['bad JSON', '{"a"', `'{"a"' is no JSON`],
    ['a number', [3], "'3' is no metadata"],
    ['an absent file', 'file://no.json', "'file://no.json' can't be read: nothing is there"],
  ])('%s', (_what, given, message) => {
    expect(() => parseMetadata(given, '/')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });

  onUnix(`what never ends${whySkipped(hasDevices, 'there is no /dev/zero')}`, () => {
    expect(() => parseMetadata('file:///dev/zero', '.')).toThrow(
      /^'file:\/\/\/dev\/zero' can't be read: it has more than 4 MiB$/,
    );
  });
});

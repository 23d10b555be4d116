import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseOverrides } from '../../../../packager/cli/syntax/overrides.ts';
import { temporaryFolder } from '../../../support/temporary.ts';
import { whySkipped } from '../../../support/where.ts';

const parse = (given: unknown, folder = '/'): Promise<Readonly<Record<string, string>>> =>
  parseOverrides(given, folder);

const hasDevices = existsSync('/dev/zero');
const onUnix = hasDevices ? test : test.skip;

describe('parseOverrides() reads', () => {
  test.each<[string, unknown, Record<string, string>]>([
    ['nothing', [], {}],
    ['an empty text', '', {}],
    ['one word each, as the AWS CLI', ['A=1', 'B=x=y', 'C='], { A: '1', B: 'x=y', C: '' }],
    ['a value with spaces, as the AWS CLI', ['Name=hello big world'], { Name: 'hello big world' }],
    ['several in one text, as SAM', 'A=1 B=2\n C=3', { A: '1', B: '2', C: '3' }],
    [
      'CloudFormation words, as SAM',
      'ParameterKey=KeyPairName,ParameterValue=MyKey ParameterKey=Subnets,ParameterValue=a,b',
      { KeyPairName: 'MyKey', Subnets: 'a,b' },
    ],
    ['CloudFormation words the other way round', 'ParameterValue=v,ParameterKey=K', { K: 'v' }],
    ['commas behind a backslash', String.raw`ParameterKey=S,ParameterValue=a\,b`, { S: 'a,b' }],
    ['double quotes', 'A="1 2" B="say \\"hi\\""', { A: '1 2', B: 'say "hi"' }],
    ['single quotes', "A='1 2' B='it\\'s'", { A: '1 2', B: "it's" }],
    ['spaces behind a backslash', String.raw`A=1\ 2 B=3`, { A: '1 2', B: '3' }],
    ['apostrophes', "A=don't B=can't", { A: "don't", B: "can't" }],
    ['quotes that are part of a value', ['A="a" and "b"'], { A: '"a" and "b"' }],
    ['backslashes that mean nothing', String.raw`A=C:\code\new`, { A: String.raw`C:\code\new` }],
    ['a map', { A: 1, B: true, C: null, D: ['x', ' y ', ''] }, { A: '1', B: 'true', C: '', D: 'x,y' }],
    ['a list of maps', [{ A: '1' }, { B: '2' }], { A: '1', B: '2' }],
    [
      'what CloudFormation takes',
      [
        { ParameterKey: 'A', ParameterValue: '1' },
        { ParameterKey: 'B', UsePreviousValue: true },
      ],
      { A: '1' },
    ],
    ['what CodePipeline takes', { Parameters: { A: '1' }, Tags: { T: 't' } }, { A: '1' }],
    ['JSON', '[{"ParameterKey": "A", "ParameterValue": "1"}]', { A: '1' }],
    ['a JSON map', ' {"A": "x y"}', { A: 'x y' }],
    ['a JSON list of words', '["A=1", "B=2"]', { A: '1', B: '2' }],
    ['the later of two', ['A=1', { A: '2' }, 'A=3'], { A: '3' }],
    [
      'a name that an object has too',
      ['constructor=1', '__proto__=2'],
      Object.fromEntries([
        ['constructor', '1'],
        ['__proto__', '2'],
      ]),
    ],
  ])('%s', async (_what, given, expected) => {
    expect(await parse(given)).toEqual(expected);
  });

  test('files of JSON, YAML and TOML, each relative to the one that names it', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'a.json'), '\uFEFF[{"ParameterKey": "A", "ParameterValue": "1"}]');
    writeFileSync(join(folder, 'b.yaml'), 'B: [x, y]\n$include: file://c.toml\n');
    writeFileSync(join(folder, 'c.toml'), 'C = 3\n');
    expect(await parse(['file://a.json', 'Z=9', `file://${join(folder, 'b.yaml')}`], folder)).toEqual({
      A: '1',
      Z: '9',
      B: 'x,y',
      C: '3',
    });
  });

  test('any value that is quoted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (value) => {
        // A backslash before a quote can't be told from one that escapes it.
        fc.pre(!/\\/.test(value));
        const quoted = `A="${value.replaceAll('"', '\\"')}"`;
        expect(await parse(`${quoted} B=1`)).toEqual({ A: value, B: '1' });
      }),
    );
  });
});

describe('parseOverrides() refuses', () => {
  test.each<[string, unknown, string]>([
    ['a word without a value', ['A'], "'A' is not NAME=VALUE"],
    ['a name with a space', ['A B=1'], "'A B=1' is not NAME=VALUE"],
    ['a number', 3, "'3' is no parameter"],
    ['a map for a value', { A: { B: 1 } }, "parameter 'A' can't have a map for its value"],
    ['bad JSON', '{"A": }', `'{"A": }' is no JSON`],
    ['an absent file', 'file://no.json', "'file://no.json' can't be read: nothing is there"],
  ])('%s', async (_what, given, message) => {
    await expect(parse(given)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
      remedy: expect.any(String),
    });
  });

  test('a file that includes itself', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'a.yaml'), '$include: file://b.yaml');
    writeFileSync(join(folder, 'b.yaml'), '$include: [file://./a.yaml]');
    await expect(parse('file://a.yaml', folder)).rejects.toThrow(/a\.yaml' includes itself/);
  });

  onUnix(`what never ends${whySkipped(hasDevices, 'there is no /dev/zero')}`, async () => {
    await expect(parse('file:///dev/zero')).rejects.toThrow(
      /^'file:\/\/\/dev\/zero' can't be read: it has more than 4 MiB$/,
    );
  });

  test('a file with bad syntax', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'a.yaml'), 'A: [');
    await expect(parse('file://a.yaml', folder)).rejects.toThrow(/a\.yaml' can't be read: /);
  });
});

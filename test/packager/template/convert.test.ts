import { describe, expect, test } from '@jest/globals';
import { toJson } from '../../../packager/template/text/convert.ts';
import { CORPUS } from './corpus.ts';
import { readIndependently } from './independent.ts';
import { whySkipped } from '../../support/where.ts';

describe('YAML as JSON', () => {
  test('as aws-cli prints it', () => {
    const yaml = [
      'Resources:',
      '  A: # a comment',
      '    Arn: !GetAtt B.Outputs.C',
      '    Long: {"Fn::GetAtt": "B.C"}',
      '    Name: !Sub "${X} é☃"',
      '    Empty: []',
      '    None: {}',
      '    Date: 2012-10-17',
      "    Account: '012345678901'",
      '    Text: |',
      '      line "1"',
      '      line 2',
      'On: yes',
      '',
    ].join('\n');
    expect(toJson(yaml, 't.yaml')).toBe(`{
    "Resources": {
        "A": {
            "Arn": {
                "Fn::GetAtt": [
                    "B",
                    "Outputs.C"
                ]
            },
            "Long": {
                "Fn::GetAtt": "B.C"
            },
            "Name": {
                "Fn::Sub": "\${X} é☃"
            },
            "Empty": [],
            "None": {},
            "Date": "2012-10-17",
            "Account": "012345678901",
            "Text": "line \\"1\\"\\nline 2\\n"
        }
    },
    "On": true
}
`);
  });

  test.each([
    ['1.10', '1.10'],
    ['12345678901234567890', '12345678901234567890'],
    ['0123', '83'],
    ['0xFFFFFFFFFFFFFFFF', '18446744073709551615'],
    ['-0b1_0', '-2'],
    ['+1', '1'],
    ['1_000.50', '1000.50'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-1:00:00', '-3600'],
    ['-1:00.25', '-60.25'],
    ['&x 1.0', '1.0'],
    ['!!int "7"', '7'],
    ['!!float &y 2.50', '2.50'],
  ])('the number %s keeps its digits', (yaml, json) => {
    expect(toJson(`A: ${yaml}\n`, 't.yaml')).toBe(`{\n    "A": ${json}\n}\n`);
  });

  test('JSON stays as it is', () => {
    const json = '\uFEFF{ "A":\t1.50 }';
    expect(toJson(json, 't.json')).toBe(json);
  });
});

const inCorpus = CORPUS.length > 0 ? describe : describe.skip;

inCorpus(`the templates of the corpus as JSON${whySkipped(CORPUS.length > 0, 'there is no shared corpus')}`, () => {
  const some = CORPUS.filter(({ name }, index) => index % 8 === 0 && !/broken|duplicate/.test(name));

  test.each(some)('$name', ({ name, source }) => {
    const independent = readIndependently(source);
    if (independent === undefined) return;
    expect(withPaths(JSON.parse(toJson(source, name).replace(/^\uFEFF/, '')))).toEqual(withPaths(independent.data));
  });
});

/** Fn::GetAtt as one text, however it is written. */
function withPaths(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withPaths);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]: [string, unknown]) => [
      key,
      key === 'Fn::GetAtt' && Array.isArray(value) ? value.join('.') : withPaths(value),
    ]),
  );
}

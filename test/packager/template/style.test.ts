import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { FlowStyle } from '../../../packager/template/rewrite/style.ts';
import { blockLines, flowMember, inFlow, yamlText } from '../../../packager/template/rewrite/style.ts';
import { quoteDouble } from '../../../packager/template/text/quote.ts';
import type { Value } from '../../../packager/template/rewrite/value.ts';
import { list, literal, map, text } from '../../../packager/template/rewrite/value.ts';
import { dataOf, readIndependently } from './independent.ts';

const YAML: FlowStyle = { json: false, colon: ': ', comma: ', ', padding: '' };
const JSON_LINES: FlowStyle = {
  json: true,
  colon: ': ',
  comma: ', ',
  padding: '',
  lines: { lineBreak: '\n', indent: '', step: '\t' },
};

/** Much that means something to YAML, and much else. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc
    .array(
      fc.constantFrom(...Array.from(`-?:,[]{}#&*!|>'"%@\` \n\t0123456789.eExab~_TZ<=yYnN/$\\\u0085\u00a0\u2028\ufeff`)),
      {
        maxLength: 8,
      },
    )
    .map((characters) => characters.join('')),
);

/** What two readers make of a document. */
function read(source: string): readonly unknown[] {
  return [dataOf(parseTemplate(source, 't', { kind: 'fragment' }).root), readIndependently(source)?.data];
}

describe('text as a scalar', () => {
  test('is the same text for every reader', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(undefined, 'single', 'double'), (content, quotes) => {
        const block = yamlText(content, 'block', quotes);
        const flow = yamlText(content, 'flow', quotes);
        const expected = { A: content, B: [content, { C: content }] };
        const source = `A: ${block} # c\nB: [${flow}, {C: ${flow}}]\n`;
        expect(read(source)).toEqual([expected, expected]);
        expect(JSON.parse(quoteDouble(content))).toBe(content);
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 2000) },
    );
  });

  test.each([
    's3://bucket/blobs/sha256/9f86/archive.zip',
    'arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:3#code@sha256:9f86',
    'https://s3.amazonaws.com/b/k?versionId=x',
    "it's",
    '${X.Bucket}/key',
    './path (1)',
    '1.2.3',
    '9f86d0',
  ])('%s needs no quotes', (content) => {
    expect(yamlText(content, 'block')).toBe(content);
  });

  test.each([
    '',
    ' a',
    'a ',
    '0123',
    '1e5',
    '12:30',
    '2012-10-17',
    'no',
    'y',
    '~',
    '<<',
    '-a',
    '@a',
    'a: b',
    'a #b',
    'a:',
    '!a',
  ])("'%s' does", (content) => {
    expect(yamlText(content, 'block')).toBe(`'${content}'`);
  });
});

const values = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    texts.map(text),
    fc.oneof(fc.nat(), fc.boolean()).map(literal),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => list(...items)),
    fc
      .dictionary(texts, tie('value'), { maxKeys: 3, noNullPrototype: true })
      .map((members) => map(...Object.entries(members))),
  ),
})).value;

test('values are the same in every style', () => {
  fc.assert(
    fc.property(values, (value) => {
      const expected = { A: plain(value) };
      const member: [string, Value] = ['A', value];
      const styles = [
        `{${flowMember(member, YAML)}}`,
        `{${flowMember(member, JSON_LINES)}}`,
        blockLines(map(member), '   ').join('\n'),
      ];
      for (const source of styles) expect(read(source)).toEqual([expected, expected]);
      expect(JSON.parse(inFlow(map(member), JSON_LINES))).toEqual(expected);
    }),
  );
});

function plain(value: Value): unknown {
  switch (value.kind) {
    case 'text':
      return value.text;
    case 'literal':
      return value.literal;
    case 'list':
      return value.items.map(plain);
    case 'map':
      return Object.fromEntries(value.entries.map(([key, member]) => [key, plain(member)]));
    case 'call':
      throw new Error('none is made here');
  }
}

import { describe, expect, test } from '@jest/globals';
import { isList, itemsOf, parametersOf } from '../../../packager/template/find/parameters.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';

function parameters(
  source: string,
  overrides: Record<string, string> = {},
  kind: 'template' | 'fragment' = 'template',
) {
  return parametersOf(parseTemplate(source, 't.yaml', { kind }).root, kind, new Map(Object.entries(overrides)));
}

describe('parametersOf()', () => {
  test('takes the Default, and an override before it', () => {
    const source = 'Parameters: {A: {Type: String, Default: ./a}, B: {Type: Number, Default: 1}, C: {Type: String}}';
    const found = parameters(source, { A: './other' });
    expect([...found.values()].map(({ name, value }) => [name, value])).toEqual([
      ['A', './other'],
      ['B', '1'],
      ['C', undefined],
    ]);
  });

  test('knows no value of a parameter that is read from SSM, whose Default is but a name', () => {
    const source = "Parameters: {A: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}}";
    expect(parameters(source, {}).get('A')).toEqual({ name: 'A', type: 'AWS::SSM::Parameter::Value<String>' });
    expect(parameters(source, { A: '/c' }).get('A')?.value).toBeUndefined();
  });

  test('knows no value of a Default that is null', () => {
    expect(parameters('Parameters: {A: {Type: String, Default: }}').get('A')?.value).toBeUndefined();
  });

  test('ignores overrides of what a template does not declare, and takes all of them for a fragment', () => {
    expect(parameters('Resources: {}', { A: 'x' }).size).toBe(0);
    expect(parameters('- 1', { A: 'x' }, 'fragment').get('A')?.value).toBe('x');
  });
});

describe('itemsOf()', () => {
  test.each(['CommaDelimitedList', 'List<Number>', 'List<AWS::EC2::Subnet::Id>'])('splits and trims %s', (type) => {
    expect(itemsOf({ name: 'A', type, value: 'a, b,c' })).toEqual(['a', 'b', 'c']);
  });

  test('gives nothing for a text, and nothing without a value', () => {
    expect(itemsOf({ name: 'A', type: 'String', value: 'a,b' })).toBeUndefined();
    expect(itemsOf({ name: 'A', type: 'CommaDelimitedList' })).toBeUndefined();
    expect(isList({ name: 'A', type: 'String' })).toBe(false);
  });
});

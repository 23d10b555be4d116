import { describe, expect, test } from '@jest/globals';
import { find, messages, onlyPlace, shown, warned } from './search.ts';
import type { Given } from './search.ts';

const fragment = (source: string, given: Given = {}) => find(source, { kind: 'fragment', ...given });

describe('in a fragment', () => {
  test('resources are found wherever they stand, and everything is a literal', () => {
    const found = fragment(`Fn: {Type: AWS::Lambda::Function, Condition: C, Properties: {Code: ./src}}
Deeper:
  Resources:
    Stack: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}
List:
  - {Type: AWS::Serverless::Function, Properties: {CodeUri: ./sam}}
`);
    expect(shown(found)).toEqual([
      '/Fn/Properties/Code = ./src',
      '/Deeper/Resources/Stack/Properties/TemplateURL = child.yaml',
      '/List/0/Properties/CodeUri = ./sam',
    ]);
    expect(found.places.map(({ resource, literal }) => [resource, literal])).toEqual([
      ['Fn', true],
      ['Stack', true],
      ['0', true],
    ]);
    expect(found.places[0]).toMatchObject({ position: { line: 1, column: 68 }, detached: false });
  });

  test('includes and Fn::Artifact are found', () => {
    const found = fragment(`paths:
  /x:
    Fn::Transform: {Name: AWS::Include, Parameters: {Location: x.yaml}}
    uri: !Artifact ./model
`);
    expect(shown(found)).toEqual(['/paths/~1x/Fn::Transform/Parameters/Location = x.yaml', '/paths/~1x/uri = ./model']);
    expect(found.places.every(({ literal }) => literal)).toBe(true);
  });

  test('may be a list, a text, or one resource alone', () => {
    expect(shown(fragment('- !Artifact ./x'))).toEqual(['/0 = ./x']);
    expect(shown(fragment('!Artifact ./x'))).toEqual([' = ./x']);
    expect(fragment('just text')).toEqual({ places: [], warnings: [], problems: [] });
    expect(shown(fragment('{Type: AWS::Lambda::Function, Properties: {Code: ./src}}'))).toEqual([
      '/Properties/Code = ./src',
    ]);
  });

  test('the including template’s parameters are what is given', () => {
    const found = fragment('R: {Type: AWS::Lambda::Function, Properties: {Code: !Ref Folder}}', {
      parameters: { Folder: './src' },
      disk: ['./src/'],
    });
    expect(onlyPlace(found).targets).toEqual([{ values: [], target: { kind: 'path', path: './src' } }]);
  });

  test('only what has a type and properties counts as a resource', () => {
    const resources = ['Properties: {A: !Artifact ./x}', 'Type: T, A: !Artifact ./x'].map(
      (members) => onlyPlace(fragment(`X: {${members}}`)).resource,
    );
    expect(resources).toEqual([undefined, undefined]);
    expect(onlyPlace(fragment('X: {Type: T, Properties: {A: !Artifact ./x}}')).resource).toBe('X');
  });

  test('loops are entered', () => {
    const found = fragment(
      `Fn::ForEach::L: [N, [a, b], {'F\${N}': {Type: AWS::Lambda::Function, Properties: {Code: './\${N}'}}}]`,
    );
    expect(shown(found)).toEqual(['/Fn::ForEach::L/2/F${N}/Properties/Code = ./a ./b']);
    expect(messages(fragment('Fn::ForEach::L: [N]'))).toHaveLength(1);
  });

  test('nothing is wrong with what a template would not have', () => {
    expect(fragment('Resources: text\nTransform: x\n')).toEqual({ places: [], warnings: [], problems: [] });
  });

  test('unresolved paths are told of', () => {
    expect(warned(fragment('R: {Type: AWS::Lambda::Function, Properties: {Code: !Select [0, [a]]}}'))).toEqual([
      'unresolved-path 1:53',
    ]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { ArtifactErrors } from '../../../repository/error.ts';
import type { Form } from '../../../packager/template/place.ts';
import { findObstacles, rewriteTemplate } from '../../../packager/template/rewrite/rewrite.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { BriefChanges } from './changes.ts';
import { changesOf } from './changes.ts';
import { dataOf } from './independent.ts';

const URI: Form = { kind: 'uri' };
const LOCATION = { bucket: 'b', key: 'k' };

function rewritten(source: string, changes: BriefChanges): string {
  return rewriteTemplate(parseTemplate(source, 't.yaml'), changesOf(changes));
}

function problems(source: string, changes: BriefChanges): readonly (readonly [string, string | undefined])[] {
  const template = parseTemplate(source, 't.yaml');
  const found = findObstacles(template, changesOf(changes));
  if (found.length > 0) expect(() => rewriteTemplate(template, changesOf(changes))).toThrow(ArtifactErrors);
  for (const { code } of found) expect(code).toBe('INVALID_TEMPLATE');
  return found.map(({ message, remedy }) => [message, remedy]);
}

/** The resource R is waited for by F, whose included file stands at S3 now. */
const waiting = (source: string): string =>
  rewritten(source, {
    rewrites: [
      {
        pointer: '/Resources/F/Fn::Transform/Parameters/Location',
        form: URI,
        literal: true,
        dependsOn: ['R'],
        location: LOCATION,
      },
    ],
  });

describe('a resource that is a short tag gets its DependsOn beside the function', () => {
  test.each<[string, string, string]>([
    [
      'in brackets',
      'Resources:\n  F: !Transform {Name: AWS::Include, Parameters: {Location: ./f}} # why\n  R: {Type: T}\n',
      "Resources:\n  F:\n    Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://b/k'}} # why\n    DependsOn: R\n  R: {Type: T}\n",
    ],
    [
      'on lines of its own',
      'Resources:\n    F: !Transform # why\n        Name: AWS::Include\n\n        Parameters:\n            Location: ./f\n    R: {Type: T}\n',
      'Resources:\n    F:\n        Fn::Transform: # why\n            Name: AWS::Include\n\n            Parameters:\n                Location: s3://b/k\n        DependsOn: R\n    R: {Type: T}\n',
    ],
    [
      'below its key',
      'Resources:\n  F:\n    !Transform\n    Name: AWS::Include\n    Parameters: {Location: ./f}\n  R: {Type: T}\n',
      "Resources:\n  F:\n    Fn::Transform:\n      Name: AWS::Include\n      Parameters: {Location: 's3://b/k'}\n    DependsOn: R\n  R: {Type: T}\n",
    ],
    [
      'with an explicit key',
      'Resources:\n  ? F\n  : !Transform {Name: AWS::Include, Parameters: {Location: ./f}}\n  ? R\n  : Type: T\n',
      "Resources:\n  ? F\n  : Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}\n    DependsOn: R\n  ? R\n  : Type: T\n",
    ],
    [
      'with an anchor and CRLF',
      'Resources:\r\n  F: &x !Transform {Name: AWS::Include, Parameters: {Location: ./f}}\r\n  R: {Type: T}',
      "Resources:\r\n  F: &x\r\n    Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}\r\n    DependsOn: R\r\n  R: {Type: T}",
    ],
    [
      'in a map in brackets',
      'Resources: {F: !Transform {Name: AWS::Include, Parameters: {Location: ./f}}, R: {Type: T}}\n',
      "Resources: {F: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}, DependsOn: R}, R: {Type: T}}\n",
    ],
  ])('%s', (_name, source, expected) => {
    const output = waiting(source);
    expect(output).toBe(expected);
    expect(dataOf(parseTemplate(output, 't').root)).toEqual({
      Resources: {
        F: { 'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location: 's3://b/k' } }, DependsOn: 'R' },
        R: { Type: 'T' },
      },
    });
  });

  test('a macro of one’s own, too, and its block scalars keep their text', () => {
    const source =
      'Resources:\n  F: !Transform\n    Name: Mine\n    Parameters:\n      Text: |\n        a\n         b\n\n        c\n      More: "d\n        e"\n      Location: !Artifact ./f\n  R: {Type: T}\n';
    const output = waiting(source);
    const before = dataOf(parseTemplate(source, 't').root) as { Resources: Record<string, object> };
    const transform = (before.Resources['F'] as { 'Fn::Transform': { Parameters: object } })['Fn::Transform'];
    expect(dataOf(parseTemplate(output, 't').root)).toEqual({
      Resources: {
        F: {
          'Fn::Transform': { ...transform, Parameters: { ...transform.Parameters, Location: 's3://b/k' } },
          DependsOn: 'R',
        },
        R: { Type: 'T' },
      },
    });
  });

  test('nothing to wait for: nothing is spelled out', () => {
    const source = 'Resources:\n  F: !Transform {Name: AWS::Include, Parameters: {Location: ./f}}\n';
    const pointer = '/Resources/F/Fn::Transform/Parameters/Location';
    const output = rewritten(source, { rewrites: [{ pointer, form: URI, literal: true, location: LOCATION }] });
    expect(output).toBe(source.replace('./f', "'s3://b/k'"));
  });
});

describe('sections', () => {
  const INCLUDE = '!Transform {Name: AWS::Include, Parameters: {Location: s3://b/r}}';

  test('Resources that AWS::Include brings in get references beside it', () => {
    const output = rewritten(`Resources: ${INCLUDE}\nOutputs: {O: {Value: x}}\n`, { references: [{ logicalId: 'R' }] });
    expect(output).toMatch(
      /^Resources:\n {2}Fn::Transform: \{Name: AWS::Include, Parameters: \{Location: s3:\/\/b\/r\}\}\n {2}R:\n {4}Type: Custom::ArtifactRef\n/,
    );
  });

  test('Mappings that AWS::Include brings in get those of loops beside it', () => {
    const source = `Mappings: ${INCLUDE}\nResources:\n  Fn::ForEach::L: [V, [A, B], {F: {Type: T, Properties: {Code: ./x}}}]\n`;
    const output = rewritten(source, {
      rewrites: [
        {
          pointer: '/Resources/Fn::ForEach::L/2/F/Properties/Code',
          form: URI,
          loop: ['V'],
          turns: [['A'], ['B']],
          location: LOCATION,
        },
      ],
    });
    expect(output).toContain(
      'Mappings:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/r}}\n  ArtifactsL',
    );
    expect(Object.keys((dataOf(parseTemplate(output, 't').root) as { Mappings: object }).Mappings)).toHaveLength(2);
  });

  test.each([
    ['Resources: !Transform {Name: Mine, Parameters: {P: x}}\n', "the macro 'Mine'"],
    ['Resources: {Fn::Transform: {Name: Mine}}\n', "the macro 'Mine'"],
    ['Resources: {Fn::Transform: [{Name: AWS::Include}, Mine]}\n', "'Fn::Transform'"],
    ['Resources: !If [C, {}, {}]\n', "'Fn::If'"],
  ])('%j: a reference beside what makes all of it would be lost, which is an error', (source, maker) => {
    expect(problems(source, { references: [{ logicalId: 'R' }] })).toEqual([
      [
        `t.yaml:1:12: 'Resources' is all made by ${maker}, so the references to artifacts can't be added to it`,
        expect.stringContaining("'--references none'"),
      ],
    ]);
    expect(problems(source, {})).toEqual([]);
  });

  test('Mappings that a macro makes alone take none of a loop’s', () => {
    const source =
      'Mappings: !Transform {Name: Mine}\nResources:\n  Fn::ForEach::L: [V, [A], {F: {Type: T, Properties: {Code: ./x}}}]\n';
    const pointer = '/Resources/Fn::ForEach::L/2/F/Properties/Code';
    expect(problems(source, { rewrites: [{ pointer, form: URI, loop: ['V'], turns: [['A']] }] })).toEqual([
      [
        "t.yaml:1:11: 'Mappings' is all made by the macro 'Mine', so the locations of artifacts can't be added to it",
        expect.stringContaining('write out the loops'),
      ],
    ]);
  });

  test('a macro beside resources works on them, and on ours', () => {
    const source = 'Resources:\n  Fn::Transform: {Name: Mine}\n  A: {Type: T}\n';
    expect(problems(source, { references: [{ logicalId: 'R' }] })).toEqual([]);
    expect(rewritten(source, { references: [{ logicalId: 'R' }] }).startsWith(source)).toBe(true);
  });
});

describe('a DependsOn that is no list of names', () => {
  const template = (dependsOn: string): string =>
    `Resources:\n  F:\n    Type: T\n    DependsOn: ${dependsOn}\n    Properties: {Code: ./x}\n  R: {Type: T}\n`;
  const changes = (dependsOn: readonly string[]): BriefChanges => ({
    rewrites: [{ pointer: '/Resources/F/Properties/Code', form: URI, literal: true, dependsOn, location: LOCATION }],
  });

  test.each(['!If [C, A, B]', '!Ref A', '{Fn::If: [C, A, B]}', '[A, !Ref B]', '{A: B}', '7', '[[A]]'])(
    '%s is an error where something would be added to it, and stays where not',
    (dependsOn) => {
      expect(problems(template(dependsOn), changes(['R']))).toEqual([
        [
          "t.yaml:4:16: DependsOn of 'F' is no text and no list of texts, so nothing can be added to it",
          'CloudFormation takes the logical IDs of resources there, and no functions.',
        ],
      ]);
      expect(problems(template(dependsOn), changes([]))).toEqual([]);
      expect(rewritten(template(dependsOn), changes([]))).toContain(`DependsOn: ${dependsOn}\n`);
    },
  );

  test.each([
    ['A', ['A', 'R']],
    ['[A, B]', ['A', 'B', 'R']],
    ['[]', ['R']],
    ['', ['R']],
    ['R', 'R'],
  ])('%j is added to', (dependsOn, expected) => {
    const output = rewritten(template(dependsOn), changes(['R']));
    expect(dataOf(parseTemplate(output, 't').root)).toMatchObject({ Resources: { F: { DependsOn: expected } } });
  });

  test('a resource that another function makes can have none', () => {
    const source = 'Resources:\n  F: !If [C, {Properties: {Code: ./x}}, {}]\n  R: {Type: T}\n';
    const pointer = '/Resources/F/Fn::If/1/Properties/Code';
    expect(problems(source, { rewrites: [{ pointer, form: URI, dependsOn: ['R'] }] })).toEqual([
      ["t.yaml:2:6: the resource 'F' is all made by 'Fn::If', so no DependsOn can be added to it", 'Write it out.'],
    ]);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TemplateNode } from '../../../packager/template/node.ts';
import { pointerTo } from '../../../packager/template/node.ts';
import type { Form } from '../../../packager/template/place.ts';
import type { Changes } from '../../../packager/template/rewrite/rewrite.ts';
import { findObstacles, rewriteTemplate, verifyRewrite } from '../../../packager/template/rewrite/rewrite.ts';
import type { Template } from '../../../packager/template/template.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { BriefChanges, BriefRewrite } from './changes.ts';
import { changesOf } from './changes.ts';
import { documents } from './documents.ts';

const FORMS: readonly Form[] = [
  { kind: 'uri' },
  { kind: 'https-url' },
  { kind: 'arn' },
  { kind: 'object', fields: { bucket: 'S3Bucket', key: 'S3Key', version: 'S3ObjectVersion' }, inKey: false },
  { kind: 'object', fields: { bucket: 'B', key: 'K', bucketIsArn: true }, inKey: false },
  { kind: 'artifact', member: 'Bucket' },
];

const SOURCE = `# c
Resources:
  Fn:
    Type: AWS::Lambda::Function
    DependsOn: Topic
    Properties:
      Code: ./src # path
      Handler: app.handler
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: a}}
Outputs:
  O: {Value: !GetAtt Fn.Arn}
`;
const BRIEF: BriefChanges = {
  rewrites: [
    {
      pointer: '/Resources/Fn/Properties/Code',
      form: { kind: 'object', fields: { bucket: 'S3Bucket', key: 'S3Key' }, inKey: false },
      references: ['FnArtifact'],
      dependsOn: ['Other'],
    },
  ],
  references: [{ logicalId: 'FnArtifact' }, { logicalId: 'Other', count: 2, grouped: true }],
};
const template = parseTemplate(SOURCE, 'dir/t.yaml');
const changes = changesOf(BRIEF);
const output = rewriteTemplate(template, changes);

describe('a rewritten text', () => {
  test('is as it was meant', () => {
    expect(() => {
      verifyRewrite(template, changes, output);
    }).not.toThrow();
  });

  test.each<[string, string | RegExp, string, string]>([
    ['can’t be read', 'Type: AWS::Lambda::Function', 'Type: "AWS::Lambda::Function', "can't be read: "],
    ['lost a resource', /^ {2}Topic: .*\n/m, '', " at '/Resources': its members are not those that it had"],
    ['has a resource twice', '  Topic:', '  Topic: {Type: T}\n  Topic:', "can't be read: dir/t.yaml:"],
    [
      'has a resource of nobody’s',
      '  Topic:',
      '  New: {Type: T}\n  Topic:',
      " at '/Resources/New' (resource 'New'): it was not to be added",
    ],
    [
      'has a section of nobody’s',
      'Outputs:',
      'Mappings: {M: {a: {b: c}}}\nOutputs:',
      " at '/Mappings/M': it was not to be added",
    ],
    [
      'has its members in another order',
      'Type: AWS::SNS::Topic, Properties: {DisplayName: a}',
      'Properties: {DisplayName: a}, Type: AWS::SNS::Topic',
      " at '/Resources/Topic' (resource 'Topic'): its members",
    ],
    [
      'has another value beside',
      'Handler: app.handler',
      'Handler: app',
      " at '/Resources/Fn/Properties/Handler' (resource 'Fn'): it is another value",
    ],
    [
      'has another type of value',
      'DisplayName: a',
      'DisplayName: [a]',
      " at '/Resources/Topic/Properties/DisplayName' (resource 'Topic'): it is another value",
    ],
    [
      'has an item more',
      '- Topic',
      '- Topic\n      - More',
      " at '/Resources/Fn/DependsOn' (resource 'Fn'): it is not Topic, Other",
    ],
    ['lacks a DependsOn', /^ {4}DependsOn:\n(?: +- .*\n)+/m, '', " at '/Resources/Fn' (resource 'Fn'): its members"],
    [
      'names no resource',
      'GetAtt FnArtifact.Bucket',
      'GetAtt Fnartifact.Bucket',
      " at '/Resources/Fn/Properties/Code' (resource 'Fn'): it refers to 'Fnartifact', which is not in Resources",
    ],
    [
      'lost a reference',
      /^ {2}FnArtifact:\n(?: {4}.*\n)+/m,
      '',
      " at '/Resources/FnArtifact' (resource 'FnArtifact'): it is no Custom::ArtifactRef",
    ],
    [
      'names another artifact',
      'ArtifactArn: arn:',
      'ArtifactArn: urn:',
      " at '/Resources/FnArtifact' (resource 'FnArtifact'): its artifacts are not those",
    ],
    [
      'lost an artifact of many',
      /^ +- Arn: .*\n.*\n/m,
      '',
      " at '/Resources/Other' (resource 'Other'): its artifacts are not those",
    ],
    ['lost its comment only', '# c\n', '', ''],
  ])('that %s', (_name, found, instead, message) => {
    const doctored = output.replace(found, instead);
    expect(doctored).not.toBe(output);
    const verify = (): void => {
      verifyRewrite(template, changes, doctored);
    };
    if (message === '') expect(verify).not.toThrow();
    else expect(verify).toThrow(message);
  });

  test('that is wrong is a defect of ours: no problem of the template, and nothing is written', () => {
    const verify = (): void => {
      verifyRewrite(template, changes, output.replace('app.handler', 'x'));
    };
    expect(verify).toThrow(
      expect.objectContaining({
        name: 'Error',
        message:
          "'dir/t.yaml' was rewritten wrongly at '/Resources/Fn/Properties/Handler' (resource 'Fn'): it is another value than before; nothing was written",
      }),
    );
  });

  test('that was to be changed and was not', () => {
    expect(() => {
      verifyRewrite(template, changes, SOURCE);
    }).toThrow('it is not Topic, Other');
    const absent = changesOf({
      rewrites: [{ pointer: '/Resources/Topic/Properties/New', absent: true, form: { kind: 'uri' } }],
    });
    expect(() => {
      verifyRewrite(template, absent, SOURCE);
    }).toThrow(" at '/Resources/Topic/Properties/New' (resource 'Topic'): it is not there");
    expect(() => {
      verifyRewrite(template, { rewrites: [], references: [] }, SOURCE.replace('a}', 'b}'));
    }).toThrow('it is another value than before');
  });

  test('that refers by Fn::Sub, and to a mapping', () => {
    const rewrite = (text: string): void => {
      const uri = changesOf({ rewrites: [{ pointer: '/Resources/Fn/Properties/Code', form: { kind: 'uri' } }] });
      verifyRewrite(template, uri, SOURCE.replace('./src', text));
    };
    expect(() => {
      rewrite('!Sub "s3://${Topic.Bucket}/${!No.No}/${AWS::Region}"');
    }).not.toThrow();
    expect(() => {
      rewrite('!Sub ["s3://${A.B}/x", {A.B: c}]');
    }).not.toThrow();
    expect(() => {
      rewrite('!Sub "s3://${Tobic.Bucket}/k"');
    }).toThrow("it refers to 'Tobic', which is not in Resources");
    expect(() => {
      rewrite('!FindInMap [M, a, b]');
    }).toThrow("it refers to 'M', which is not in Mappings");
  });
});

describe('every rewriting', () => {
  test('of random documents is verified', () => {
    let rewrites = 0;
    fc.assert(
      fc.property(documents, fc.array(fc.nat({ max: 99 }), { minLength: 1 }), (source, picks) => {
        const read = readable(source);
        if (read?.root.kind !== 'map' || read.root.short) return;
        const chosen = choose(read.root, picks).map(({ pointer }, index): BriefRewrite => ({
          pointer,
          form: FORMS[((picks[0] ?? 0) + index) % FORMS.length]!,
          ...(index % 2 === 0 && { references: ['R'] }),
        }));
        rewriteTemplate(read, changesOf({ rewrites: chosen, references: [{ logicalId: 'R' }] }));
        rewrites += chosen.length;
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
    expect(rewrites).toBeGreaterThan(150);
  });

  test('of random templates, with dependencies and what is absent, is verified, and any other change is found', () => {
    let doctored = 0;
    fc.assert(
      fc.property(templates, fc.nat(), ({ source, brief }, pick) => {
        const read = parseTemplate(source, 't.yaml');
        const wanted = changesOf(brief);
        expect(findObstacles(read, wanted)).toEqual([]);
        const text = rewriteTemplate(read, wanted);

        const others = scalars(parseTemplate(text, 't.yaml').root).filter(({ pointer }) => !isWritten(wanted, pointer));
        const victim = others[pick % others.length];
        if (victim === undefined) return;
        const { start, end } = victim.node;
        const wrong = `${text.slice(0, start)} "doctored"${text.slice(end)}`;
        expect(() => {
          verifyRewrite(read, wanted, wrong);
        }).toThrow(/nothing was written$/);
        doctored += 1;
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
    expect(doctored).toBeGreaterThan(200);
  });
});

interface Spot {
  readonly pointer: string;
  readonly node: TemplateNode;
}

function* spots(node: TemplateNode, pointer = ''): Generator<Spot> {
  yield { pointer, node };
  if (node.kind === 'list')
    for (const [index, item] of node.items.entries()) yield* spots(item, pointerTo(pointer, index));
  if (node.kind === 'map') for (const { key, value } of node.entries) yield* spots(value, pointerTo(pointer, key));
}

function scalars(root: TemplateNode): readonly Spot[] {
  return [...spots(root)].filter(({ node }) => node.kind === 'scalar');
}

/** Some below the sections, none inside of another, none behind a tag. */
function choose(root: TemplateNode, picks: readonly number[]): readonly Spot[] {
  const chosen: Spot[] = [];
  const all = [...spots(root)].filter(({ pointer }) => pointer !== '' && !/\/(?:Fn::|Ref)/.test(pointer));
  for (const [index, spot] of all.entries()) {
    const outer = chosen.at(-1);
    const isFree = outer === undefined || !spot.pointer.startsWith(`${outer.pointer}/`);
    if ((picks[index % picks.length] ?? 0) % 3 === 0 && isFree) chosen.push(spot);
  }
  return chosen;
}

/** What verification leaves to the tests of forms, and what of a reference is not its artifacts. */
function isWritten({ rewrites }: Changes, pointer: string): boolean {
  return (
    rewrites.some(({ place }) => pointer === place.pointer || pointer.startsWith(`${place.pointer}/`)) ||
    /^\/Resources\/R\d\/(?!Type|Properties\/(?:ArtifactArn|Key))/.test(pointer)
  );
}

function readable(source: string): Template | undefined {
  try {
    return parseTemplate(source, 't.yaml', { kind: 'fragment' });
  } catch {
    return undefined;
  }
}

const DEPENDS = ['', 'DependsOn: Z', 'DependsOn: [Z]', 'DependsOn:\n- Z\n- Q', 'DependsOn: []', 'DependsOn:'];
const BODIES = [
  'Code: ./x',
  'Code:\n  A: 1 # c',
  'Code: !Sub "./x"',
  'Code: |\n  ./x',
  'Code: {S3Key: ./x}',
  'Other: [1, 2]',
  'Text: |+\n  a\n\n',
];

/** Templates as people write them, and what is to be changed in them. */
const templates = fc
  .record({
    resources: fc.array(
      fc.record({
        depends: fc.constantFrom(...DEPENDS),
        body: fc.constantFrom(...BODIES),
        form: fc.nat({ max: FORMS.length - 1 }),
        style: fc.constantFrom('block', 'flow', 'transform', 'transform-lines'),
        waits: fc.subarray(['R1', 'R2']),
        refers: fc.boolean(),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    step: fc.constantFrom(1, 2, 4),
    blank: fc.boolean(),
    lineBreak: fc.constantFrom('\n', '\r\n', '\r'),
    lead: fc.constantFrom('', '\uFEFF', '# c\n', 'Description: d\n\n'),
    tail: fc.constantFrom('', '\n# end', '\nOutputs: {O: {Value: 1}}\n', '\n\nMetadata:\n- x\n'),
  })
  .map(({ resources, step, blank, lineBreak, lead, tail }) => {
    const rewrites: BriefRewrite[] = [];
    const written = resources.map(({ depends, body, form, style, waits, refers }, index) => {
      const change = (pointer: string, absent: boolean): void => {
        const references = refers ? { references: ['R1'] } : {};
        rewrites.push({
          pointer: `/Resources/X${index}/${pointer}`,
          absent,
          form: FORMS[form]!,
          dependsOn: waits,
          ...references,
        });
      };
      if (style === 'transform') {
        change('Fn::Transform/Parameters/Location', false);
        return `X${index}: !Transform {Name: AWS::Include, Parameters: {Location: ./x}} # t`;
      }
      if (style === 'transform-lines') {
        change('Fn::Transform/Parameters/Location', false);
        return `X${index}: !Transform\n${indented('Name: AWS::Include\nParameters:\n  Location: ./x', step)}`;
      }
      if (style === 'flow') {
        change('Properties/Code', false);
        return `X${index}: {Type: T, Properties: {Code: ./x}, DependsOn: [Z]}`;
      }
      change('Properties/Code', !body.startsWith('Code'));
      const members = ['Type: T', ...(depends === '' ? [] : [depends]), `Properties:\n${indented(body, step)}`];
      return `X${index}:\n${indented(members.join('\n'), step)}`;
    });
    const all = indented(written.join(blank ? '\n\n' : '\n'), step);
    const source = `${lead}Resources:\n${all}${tail}`.replaceAll('\n', lineBreak);
    const brief: BriefChanges = { rewrites, references: [{ logicalId: 'R1' }, { logicalId: 'R2' }] };
    return { source, brief };
  });

function indented(text: string, step: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(step));
}

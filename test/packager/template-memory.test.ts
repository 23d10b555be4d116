import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CacheFiles } from '../../packager/archive/cache-files.ts';
import { templateMemory } from '../../packager/template-memory.ts';
import type { TemplateMemory } from '../../packager/template/memory.ts';
import { rewriteTemplate, verifyRewrite } from '../../packager/template/rewrite/rewrite.ts';
import type { Template } from '../../packager/template/template.ts';
import { parseTemplate } from '../../packager/template/text/parse.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { whySkipped } from '../support/where.ts';
import { changesOf } from './template/changes.ts';
import { CORPUS } from './template/corpus.ts';
import { documents } from './template/documents.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

function memoryOf(program = 'this'): TemplateMemory {
  const memory = templateMemory(new CacheFiles(folder), program);
  if (memory === undefined) throw new Error('a program with an identity has a memory');
  return memory;
}

const files = (): readonly string[] =>
  readdirSync(path.join(folder, 'templates')).map((name) => path.join(folder, 'templates', name));

/** What it is, with some of the places that it tells. */
function told(read: () => Template): unknown {
  try {
    const template = read();
    const { file, syntax, text, root } = template;
    return {
      file,
      syntax,
      text,
      root,
      places: [root.start, root.end, Math.floor(root.end / 2)].map((at) => template.position(at)),
    };
  } catch (error) {
    return String(error);
  }
}

/** Counts what it is asked and knows. */
function watched(memory: TemplateMemory): TemplateMemory & { readonly recalled: () => number } {
  let recalled = 0;
  return {
    ...memory,
    recall: (...asked) => {
      const known = memory.recall(...asked);
      if (known !== undefined) recalled++;
      return known;
    },
    recalled: () => recalled,
  };
}

describe('a text that was read before', () => {
  (CORPUS.length > 0 ? test : test.skip)(
    `gives the same, for every tenth template of the corpus${whySkipped(CORPUS.length > 0, 'there is no shared corpus')}`,
    () => {
      const memory = watched(memoryOf());
      const some = CORPUS.filter((_, at) => at % 10 === 0);
      for (const { name, source } of some) {
        const plain = told(() => parseTemplate(source, name));
        expect(told(() => parseTemplate(source, name, { memory }))).toEqual(plain);
        expect(told(() => parseTemplate(source, name, { memory }))).toEqual(plain);
      }
      expect(memory.recalled()).toBeGreaterThan(some.length / 2);
    },
  );

  test('gives the same, whatever document it is', () => {
    const memory = memoryOf();
    fc.assert(
      fc.property(documents, fc.constantFrom('template' as const, 'fragment' as const), (source, kind) => {
        const plain = told(() => parseTemplate(source, 't.yaml', { kind }));
        for (let turn = 0; turn < 2; turn++)
          expect(told(() => parseTemplate(source, 't.yaml', { kind, memory }))).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  test.each(['A: .nan', 'A: -0', 'A: -0.0', 'A: .inf', 'A: 1e400', 'A: "\\ud800"', 'A: "\u2028"', 'A: {__proto__: 1}'])(
    'gives the same of %j',
    (source) => {
      const memory = memoryOf();
      const plain = told(() => parseTemplate(source, 't.yaml'));
      for (let turn = 0; turn < 2; turn++)
        expect(told(() => parseTemplate(source, 't.yaml', { memory }))).toEqual(plain);
    },
  );

  test('is no template because it is a fragment, and nothing that is wrong is remembered as right', () => {
    const memory = memoryOf();
    parseTemplate('[a]', 't.yaml', { kind: 'fragment', memory });
    for (let turn = 0; turn < 2; turn++) expect(() => parseTemplate('[a]', 't.yaml', { memory })).toThrow('a list');
  });

  test('is read again by another program, and where what was kept is damaged or called otherwise', () => {
    const [one, two] = ['A: 1\n', 'B: 2\n'];
    parseTemplate(one, 't.yaml', { memory: memoryOf() });
    parseTemplate(two, 't.yaml', { memory: memoryOf() });
    const recalled = (memory: TemplateMemory): number => {
      const all = watched(memory);
      for (const source of [one, two])
        expect(told(() => parseTemplate(source, 't.yaml', { memory: all }))).toEqual(
          told(() => parseTemplate(source, 't.yaml')),
        );
      return all.recalled();
    };
    expect(recalled(memoryOf())).toBe(2);
    const [first = '', second = ''] = files();
    renameSync(first, `${first}.away`);
    renameSync(second, first);
    renameSync(`${first}.away`, second);
    expect(recalled(memoryOf())).toBe(0);
    for (const file of files()) writeFileSync(file, readFileSync(file).subarray(1));
    expect(recalled(memoryOf())).toBe(0);
    expect(recalled(memoryOf('another'))).toBe(0);
  });
});

describe('a rewritten text that was verified before', () => {
  const source = 'Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: ./src\n';
  const template = parseTemplate(source, 't.yaml');
  const form = { kind: 'object', fields: { bucket: 'S3Bucket', key: 'S3Key' }, inKey: false } as const;
  const changes = changesOf({ rewrites: [{ pointer: '/Resources/F/Properties/Code', form }], references: [] });

  test('is believed, and no other', () => {
    const memory = memoryOf();
    const text = rewriteTemplate(template, changes, memory);
    expect(memory.isVerified(source, text)).toBe(true);
    expect(memory.isVerified(source, `${text}# more`)).toBe(false);
    expect(memory.isVerified(`${source}# more`, text)).toBe(false);
    expect(memoryOf('another').isVerified(source, text)).toBe(false);
  });

  test('is remembered only if it was right', () => {
    const memory = memoryOf();
    const wrong = source.replace('F:', 'G:');
    for (let turn = 0; turn < 2; turn++)
      expect(() => {
        verifyRewrite(template, changes, wrong, memory);
      }).toThrow('was rewritten wrongly');
  });
});

test('a program that is run from its sources remembers nothing', () => {
  expect(templateMemory(new CacheFiles(folder))).toBeUndefined();
});

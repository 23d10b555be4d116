import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ArtifactError } from '../../../repository/index.ts';
import type { Found } from '../../../packager/template/find.ts';
import { findPlaces } from '../../../packager/template/find.ts';
import { parseTemplate } from '../../../packager/template/parse.ts';
import type { Place, Wanted } from '../../../packager/template/place.ts';
import { propertyTable } from '../../../packager/template/properties.ts';
import type { CorpusCase, ExpectedRewrite, ExpectedTemplate } from '../../support/corpus.ts';
import {
  copyInput,
  corpusCases,
  describeWithCorpus,
  describeWithTemplates,
  expectedOf,
  inputOf,
  singleTemplateFile,
  singleTemplates,
} from '../../support/corpus.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { FOUND_BESIDE, LEFT_LOCAL, QUIRKS, REFUSED } from './corpus-differences.ts';

const TABLE = propertyTable();

function kindOf(file: string): false | 'file' | 'folder' {
  try {
    return statSync(file).isDirectory() ? 'folder' : 'file';
  } catch {
    return false;
  }
}

function search(file: string, kind: 'template' | 'fragment', zipTemplateDirWhenAbsent = false): Found {
  return findPlaces(parseTemplate(readFileSync(file, 'utf8'), file, { kind }), {
    table: TABLE,
    kind,
    parameters: new Map(),
    exists: (local) => kindOf(path.resolve(path.dirname(file), local)),
    zipTemplateDirWhenAbsent,
    detached: false,
    hasDomain: true,
  });
}

/** What aws-cli did at a place, in words of ours. */
function wantedFor({ kind }: ExpectedRewrite, found: ReturnType<typeof kindOf>): readonly Wanted[] {
  switch (kind) {
    case 'zip-dir':
    case 'zip-dir-null':
      expect(found).toBe('folder');
      return ['zip', 'archive-or-file'];
    case 'zip-file':
      expect(found).toBe('file');
      return ['zip'];
    case 'zip-asis':
      expect(found).toBe('file');
      return ['zip', 'archive-or-file'];
    case 'file':
      expect(found).toBe('file');
      return ['file', 'archive-or-file', 'fragment'];
    case 'template':
      return ['template'];
    case 'uri-to-object':
      return ['zip', 'archive-or-file', 'file'];
  }
}

function membersOf({ form }: Place): readonly string[] | undefined {
  return form.kind === 'object' ? [form.fields.bucket, form.fields.key] : undefined;
}

function expectSame(place: Place, rewrite: ExpectedRewrite, folder: string): void {
  const [target, ...others] = place.targets;
  expect(others).toEqual([]);
  const local = target?.target.kind === 'path' ? target.target.path : undefined;
  const about = { type: place.type, form: place.form.kind, fields: membersOf(place), path: local };
  const { type, form, fields, value } = rewrite;
  expect(about).toEqual({ type, form, fields, path: value === null || value === '' ? '.' : value });
  if (rewrite.quirk === 'force-zip-cwd') expect(place.wanted).toBe('zip');
  else expect(wantedFor(rewrite, kindOf(path.resolve(folder, local ?? '')))).toContain(place.wanted);
}

/** Compares a template, and those that it nests, with what aws-cli made of them. */
function expectTemplate(one: CorpusCase, file: string, expected: ExpectedTemplate, whenAbsent: boolean): void {
  const { places, problems } = search(file, 'template', whenAbsent);
  expect(problems).toEqual([]);
  const folder = path.dirname(file);
  const remaining = new Map(places.map((place) => [place.pointer, place]));
  const ownWay = ['null-property-inline-code', 'null-property-globals-codeuri'];
  const byDefault = ['null-property', 'empty-string'];
  for (const rewrite of expected.rewrites) {
    const quirk = rewrite.quirk ?? '';
    if (quirk !== '') expect(Object.keys(QUIRKS)).toContain(quirk);
    const place = remaining.get(rewrite.pointer);
    remaining.delete(rewrite.pointer);
    if (ownWay.includes(quirk) || (byDefault.includes(quirk) && !whenAbsent)) {
      expect([rewrite.pointer, place]).toEqual([rewrite.pointer, undefined]);
      continue;
    }
    expect([rewrite.pointer, place?.pointer]).toEqual([rewrite.pointer, rewrite.pointer]);
    expectSame(place!, rewrite, folder);
    if (rewrite.nested !== undefined) {
      expectTemplate(one, path.resolve(folder, rewrite.value ?? ''), rewrite.nested, whenAbsent);
    }
    if (place?.wanted === 'fragment') {
      expect(search(path.resolve(folder, rewrite.value ?? ''), 'fragment').problems).toEqual([]);
    }
  }
  const allowed = expected.extra_allowed ?? [];
  const left = allowed.filter(({ pointer }) => !remaining.has(pointer)).map(({ pointer }) => pointer);
  expect(left).toEqual(LEFT_LOCAL.filter((known) => known.case === one.name).map(({ pointer }) => pointer));
  const known = [...allowed, ...FOUND_BESIDE.filter((beside) => beside.case === one.name)].map(
    ({ pointer }) => pointer,
  );
  expect([...remaining.keys()].filter((pointer) => !known.includes(pointer))).toEqual([]);
}

/** Whether packaging has to fail: something is wrong with a template, or a path leads nowhere. */
function fails(file: string): boolean {
  let found: Found;
  try {
    found = search(file, 'template');
  } catch (error) {
    if (error instanceof ArtifactError) return true;
    throw error;
  }
  return (
    found.problems.length > 0 ||
    found.places.some(({ wanted, targets }) =>
      targets.some(({ target }) => {
        const local = target.kind === 'path' ? path.resolve(path.dirname(file), target.path) : file;
        return kindOf(local) === false || (wanted === 'template' && fails(local));
      }),
    )
  );
}

describeWithCorpus('the corpus', () => {
  test.each(corpusCases())('$name', async (one) => {
    const root = one.symlinks > 0 ? copyInput(one, await temporaryFolder()) : inputOf(one);
    const file = path.join(root, one.template);
    const expected = expectedOf(one);
    if (REFUSED[one.name] !== undefined) {
      expect(() => search(file, 'template')).toThrow(ArtifactError);
    } else if (expected.exit_code === 0) {
      expectTemplate(one, file, expected, false);
      expectTemplate(one, file, expected, true);
    } else {
      expect(fails(file)).toBe(one.expect !== 'limit');
    }
  });

  test('ours packages loops whose paths have the loop variable, where aws-cli gives up', () => {
    const [limit, ...others] = corpusCases().filter(({ expect: how }) => how === 'limit');
    expect(others).toEqual([]);
    const { places } = search(path.join(inputOf(limit!), limit!.template), 'template');
    expect(places.map(({ targets }) => targets.map(({ target }) => target.kind === 'path' && target.path))).toEqual([
      ['./fns/a', './fns/b'],
    ]);
  });
});

/** Their files are not beside them, so that only what has to be a path is found in them. */
const WITH_PLACES = [
  '38df6f01-authored-ecs-envfile-not-by-aws-cli.yaml',
  'd0f2ca7f-authored-httpapi-not-by-aws-cli.yaml',
];

describeWithTemplates('templates that name nothing local', () => {
  test.each(singleTemplates())('$name', (one) => {
    const { places, problems, warnings } = search(singleTemplateFile(one), 'template');
    expect(problems).toEqual([]);
    expect(places.length > 0).toBe(WITH_PLACES.includes(one.name));
    expect(warnings).toEqual([]);
  });
});

describe('the list of differences', () => {
  test('names each case once for each place', () => {
    const names = [...FOUND_BESIDE, ...LEFT_LOCAL].map((difference) => `${difference.case} ${difference.pointer}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ArtifactError } from '../../../repository/index.ts';
import type { Found } from '../../../packager/template/find/find.ts';
import { findPlaces } from '../../../packager/template/find/find.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { Place, Wanted } from '../../../packager/template/place.ts';
import { propertyTable } from '../../../packager/template/properties/table.ts';
import type { ExpectedRewrite, ExpectedTemplate } from '../../support/corpus.ts';
import {
  copyInput,
  corpusCases,
  describeWithCorpus,
  describeWithTemplates,
  expectedOf,
  inputOf,
  singleTemplateFile,
  singleTemplates,
  whyNoCorpus,
  whyNoTemplates,
} from '../../support/corpus.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { Difference } from './corpus-differences.ts';
import { DIFFERENCES } from './corpus-differences.ts';

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
    defaultsAreFinal: false,
    hasDomain: true,
  });
}

/** What aws-cli did at a place, in words of ours. */
function wantedFor({ kind }: ExpectedRewrite): readonly Wanted[] {
  switch (kind) {
    case 'zip-dir':
    case 'zip-dir-null':
    case 'zip-asis':
      return ['zip', 'archive-or-file'];
    case 'zip-file':
      return ['zip'];
    case 'file':
      return ['file', 'archive-or-file', 'fragment'];
    case 'template':
      return ['template'];
    case 'uri-to-object':
      return ['zip', 'archive-or-file', 'file'];
  }
}

function expectSame(place: Place, rewrite: ExpectedRewrite, folder: string): void {
  const { type, form, fields, value, kind } = rewrite;
  const { target } = place.targets[0]!;
  const local = target.kind === 'path' ? target.path : '';
  const members = place.form.kind === 'object' ? [place.form.fields.bucket, place.form.fields.key] : undefined;
  expect({ type: place.type, form: place.form.kind, fields: members, targets: place.targets.length, local }).toEqual({
    ...{ type, form, fields, targets: 1 },
    local: value === null || value === '' ? '.' : value,
  });
  expect(wantedFor(rewrite)).toContain(place.wanted);
  expect(kindOf(path.resolve(folder, local))).toBe(kind.startsWith('zip-dir') ? 'folder' : 'file');
}

/** Compares a template, and those that it nests, with what aws-cli made of them. */
function expectTemplate(
  file: string,
  name: string | undefined,
  expected: ExpectedTemplate,
  all: readonly Difference[],
): void {
  const differences = all.filter(({ template }) => template === name);
  const { places, problems } = search(file, 'template');
  expect(problems).toEqual([]);
  const folder = path.dirname(file);
  const pointersOf = (ours: Difference['ours']): (string | undefined)[] =>
    differences.filter((difference) => difference.ours === ours).map(({ pointer }) => pointer);
  const left = pointersOf('left');
  const known = [...expected.rewrites, ...(expected.extra_allowed ?? [])].map(({ pointer }) => pointer);
  expect([...left, ...pointersOf('zipped')].filter((pointer) => !known.includes(pointer ?? ''))).toEqual([]);
  const rewritten = expected.rewrites.filter(({ pointer }) => !left.includes(pointer));
  const allowed = (expected.extra_allowed ?? []).map(({ pointer }) => pointer).filter((one) => !left.includes(one));
  expect(places.map(({ pointer }) => pointer).sort()).toEqual(
    [...rewritten.map(({ pointer }) => pointer), ...allowed, ...pointersOf('packaged')].sort(),
  );
  for (const rewrite of rewritten) {
    const place = places.find(({ pointer }) => pointer === rewrite.pointer)!;
    const zipped = pointersOf('zipped').includes(rewrite.pointer);
    expectSame(place, zipped ? { ...rewrite, kind: 'zip-file' } : rewrite, folder);
    const behind = path.resolve(folder, rewrite.value ?? '');
    if (rewrite.nested !== undefined) expectTemplate(behind, rewrite.nested.path, rewrite.nested, all);
    if (place.wanted === 'fragment') expect(search(behind, 'fragment').problems).toEqual([]);
  }
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

/** Of the differences, those that the switch for absent properties takes away. */
const SWITCHED = ['authored--glue-without-script-quirk', 'authored--path-empty-string'];

describeWithCorpus(`the places of every case of the corpus${whyNoCorpus}`, () => {
  test.each(corpusCases())('$name', async (one) => {
    const root = one.symlinks > 0 ? copyInput(one, await temporaryFolder()) : inputOf(one);
    const file = path.join(root, one.template);
    const expected = expectedOf(one);
    const differences = DIFFERENCES.filter((difference) => difference.case === one.name);
    const whole = differences.find(({ pointer }) => pointer === undefined);
    const shouldFail = whole === undefined ? expected.exit_code !== 0 : whole.ours === 'fails';
    expect(fails(file)).toBe(shouldFail);
    if (!shouldFail && whole === undefined) expectTemplate(file, undefined, expected, differences);
  });

  test.each(corpusCases().filter(({ name }) => SWITCHED.includes(name)))('$name, with the switch', (one) => {
    const file = path.join(inputOf(one), one.template);
    const { rewrites } = expectedOf(one);
    const { places } = search(file, 'template', true);
    expect(places).toHaveLength(rewrites.length);
    rewrites.forEach((rewrite, index) => {
      expectSame(places[index]!, rewrite, path.dirname(file));
    });
  });

  test('a path with a loop variable is found for each value', () => {
    const one = corpusCases().find(({ name }) => name === 'authored--foreach-variable-path-fails')!;
    const { places } = search(path.join(inputOf(one), one.template), 'template');
    expect(places.map(({ targets }) => targets.map(({ target }) => target.kind === 'path' && target.path))).toEqual([
      ['./fns/a', './fns/b'],
    ]);
  });

  test('differs from aws-cli only where there is a reason, once for each place', () => {
    const names = DIFFERENCES.map((difference) => `${difference.case} ${difference.pointer ?? ''}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const cases = corpusCases().map(({ name }) => name);
    expect(DIFFERENCES.filter((difference) => !cases.includes(difference.case))).toEqual([]);
  });
});

/** Their files are not beside them, so that only what has to be a path is found in them. */
const WITH_PLACES = [
  '38df6f01-authored-ecs-envfile-not-by-aws-cli.yaml',
  'd0f2ca7f-authored-httpapi-not-by-aws-cli.yaml',
];

/** Their assets are brought to a bucket by other tools. */
const WITH_ASSETS = ['c663b56a-cdk-v2-synthesized-template-python-function-constr.json'];

describeWithTemplates(`templates that name nothing local${whyNoTemplates}`, () => {
  test.each(singleTemplates())('$name', (one) => {
    const { places, problems, warnings } = search(singleTemplateFile(one), 'template');
    expect(problems).toEqual([]);
    expect(places.length > 0).toBe(WITH_PLACES.includes(one.name));
    expect(warnings.map(({ code }) => code)).toEqual(WITH_ASSETS.includes(one.name) ? ['cdk-assets'] : []);
  });
});

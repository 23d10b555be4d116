import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { run } from '../../packager/cli/program.ts';
import { parseTemplate } from '../../packager/template/text/parse.ts';
import type { CorpusCase, ExpectedRewrite, ExpectedTemplate } from '../support/corpus.ts';
import { copyInput, corpusCases, describeWithCorpus, expectedOf, inputOf, whyNoCorpus } from '../support/corpus.ts';
import { at, withReplaced } from '../support/json-pointer.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { canOpenZips, zipEntries } from '../support/zip-entries.ts';
import { DIFFERENCES } from './template/corpus-differences.ts';
import { dataOf, readIndependently } from './template/independent.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await temporaryFolder();
});

interface Packaged {
  readonly exitCode: number;
  readonly output: string | undefined;
  readonly stderr: string;
  readonly input: string;
  readonly domain: string;
}

async function packaged(one: CorpusCase, references: 'none' | 'stack'): Promise<Packaged> {
  const folder = path.join(scratch, references, one.name);
  const input = copyInput(one, folder);
  const domain = path.join(folder, 'domain');
  const outputFile = path.join(folder, 'packaged');
  const terminal = recordedTerminal({ cwd: input });
  const exitCode = await run(
    [
      'package',
      ...['--template-file', one.template, '--output-template-file', outputFile, '--domain', `file:${domain}`],
      ...['--references', references, '--project-root', '.', '--artifact-prefix', 'case'],
    ],
    terminal,
  );
  const output = existsSync(outputFile) ? readFileSync(outputFile, 'utf8') : undefined;
  return { exitCode, output, stderr: terminal.stderr.text, input, domain };
}

/** The key that a value names, however it is written. */
function keyIn(value: unknown, { form, fields }: Pick<ExpectedRewrite, 'form' | 'fields'>): string {
  if (form === 'object') {
    const [bucket = '', key = ''] = fields ?? [];
    const object = value as Record<string, string>;
    expect(Object.keys(object).sort()).toEqual([bucket, key].sort());
    expect(object[bucket]).toBe('local');
    return object[key] ?? '';
  }
  if (form === 'uri') return /^s3:\/\/local\/(blobs\/sha256\/.+)$/.exec(String(value))?.[1] ?? '';
  return decodeURIComponent(/(blobs\/sha256\/.+)$/.exec(String(value))?.[1] ?? '');
}

function storedFile(domain: string, key: string): string {
  const [, , digest = ''] = key.split('/');
  const folder = path.join(domain, 'blobs/sha256', digest);
  const [file = ''] = readdirSync(folder);
  return path.join(folder, file);
}

/** By another reader than ours, where it takes the text: it is stricter than CloudFormation about brackets. */
function dataIn(text: string): unknown {
  const independent = readIndependently(text);
  return independent === undefined ? dataOf(parseTemplate(text, 'template').root) : independent.data;
}

/** Compares a packaged template with what aws-cli made of it, then those nested in it. */
function compare(
  one: CorpusCase,
  name: string,
  source: string,
  output: string,
  expected: ExpectedTemplate,
  domain: string,
): void {
  const before = dataIn(source);
  const after = dataIn(output);
  const differs = DIFFERENCES.filter((difference) => difference.case === one.name);
  const same = expected.rewrites.filter(({ pointer }) => !differs.some((difference) => difference.pointer === pointer));
  const allowed = (expected.extra_allowed ?? []).map(({ pointer }) => pointer);
  const oursAlone = differs
    .filter(({ ours }) => ours === 'packaged' || ours === 'zipped')
    .map(({ pointer = '' }) => pointer);
  const changeable = [...same.map(({ pointer }) => pointer), ...allowed, ...oursAlone];
  const blank = (): string => '…';
  expect(withReplaced(after, changeable, blank)).toEqual(withReplaced(before, changeable, blank));

  const zips: { readonly file: string; readonly rewrite: ExpectedRewrite }[] = [];
  for (const rewrite of same) {
    const key = keyIn(at(after, rewrite.pointer), rewrite);
    const file = storedFile(domain, key);
    const content = readFileSync(file);
    expect(createHash('sha256').update(content).digest('hex')).toBe(key.split('/')[2]);
    switch (rewrite.kind) {
      case 'zip-dir':
      case 'zip-dir-null':
      case 'zip-file':
        zips.push({ file, rewrite });
        break;
      case 'zip-asis':
      case 'file':
        expect(Object.values(rewrite.files)).toEqual([key.split('/')[2]]);
        break;
      case 'template': {
        const nested = rewrite.nested!;
        const child = readFileSync(path.join(scratch, 'none', one.name, 'input', nested.path), 'utf8');
        compare(one, nested.path, child, content.toString('utf8'), nested, domain);
        break;
      }
      case 'uri-to-object':
        break;
    }
  }
  if (!canOpenZips) return;
  const entries = zipEntries([...new Set(zips.map(({ file }) => file))]);
  for (const { file, rewrite } of zips) {
    const found = Object.entries(entries.get(file) ?? {});
    expect(Object.fromEntries(found.map(([entry, { sha256 }]) => [entry, sha256]))).toEqual(
      filesHere(one, name, rewrite),
    );
    expect(
      found
        .filter(([, { executable }]) => executable)
        .map(([entry]) => entry)
        .sort(),
    ).toEqual([...(rewrite.executable ?? [])].sort());
  }
}

/** What should be in the archive, less compiled Python, which a checkout of the corpus may have lost to git's ignore rules. */
function filesHere(
  one: CorpusCase,
  template: string,
  { kind, value, files }: ExpectedRewrite,
): Readonly<Record<string, string>> {
  const folder = path.join(inputOf(one), path.dirname(template), value ?? '');
  const isLost = (file: string): boolean =>
    kind === 'zip-dir' && file.endsWith('.pyc') && !existsSync(path.join(folder, file));
  return Object.fromEntries(Object.entries(files).filter(([file]) => !isLost(file)));
}

describeWithCorpus(
  `every case of the corpus, on a directory${canOpenZips ? '' : ' (nothing here opens zips: their entries are not compared)'}${whyNoCorpus}`,
  () => {
    test.each(corpusCases().map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      const expected = expectedOf(one);
      const { exitCode, output, stderr, input, domain } = await packaged(one, 'none');
      const difference = DIFFERENCES.find(
        (candidate) => candidate.case === one.name && candidate.pointer === undefined,
      );
      const shouldFail = difference === undefined ? expected.exit_code !== 0 : difference.ours === 'fails';
      if (shouldFail) {
        expect({ exitCode, output }).toEqual({ exitCode: 2, output: undefined });
        expect(stderr).toMatch(/^error: /m);
        expect(existsSync(path.join(domain, 'versions'))).toBe(false);
        return;
      }
      expect({ exitCode, stderr: stderr.replaceAll(/^(?!error).*\n/gm, '') }).toEqual({ exitCode: 0, stderr: '' });
      if (expected.exit_code !== 0) return;
      compare(one, one.template, readFileSync(path.join(input, one.template), 'utf8'), output ?? '', expected, domain);
    });
  },
);

/** What a deploy makes of the references: their attributes in the place of the intrinsics that ask for them, and themselves gone. */
function resolved(data: unknown): unknown {
  const resources =
    (data as { Resources?: Record<string, { Type?: string; Properties?: Record<string, unknown> }> }).Resources ?? {};
  const own = new Set(
    Object.entries(resources)
      .filter(([, { Type }]) => Type === 'Custom::ArtifactRef')
      .map(([id]) => id),
  );
  const attribute = (id: string, name: string): string => {
    const key = String(resources[id]?.Properties?.['Key']);
    if (name === 'Bucket') return 'local';
    expect(name).toBe('Url');
    return `url:${key}`;
  };
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const object = value as Record<string, unknown>;
    const get = object['Fn::GetAtt'];
    const [id = '', name = ''] = typeof get === 'string' ? get.split('.') : Array.isArray(get) ? (get as string[]) : [];
    if (own.has(id)) return attribute(id, name);
    const text = object['Fn::Sub'];
    if (typeof text === 'string' && [...own].some((one) => text.includes(`\${${one}.`))) {
      return text
        .replaceAll(/\$\{(\w+)\.(\w+)\}/g, (_all, one: string, member: string) => attribute(one, member))
        .replaceAll('${AWS::Partition}', 'aws')
        .replaceAll('${!', '${');
    }
    const entries = Object.entries(object)
      .filter(([key]) => !own.has(key))
      .map(([key, inner]) => [key, key === 'DependsOn' ? others(inner) : walk(inner)] as const);
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
  };
  const others = (dependsOn: unknown): unknown => {
    const all = Array.isArray(dependsOn) ? (dependsOn as string[]) : [dependsOn];
    const left = all.filter((id) => !own.has(String(id)));
    return left.length === 0 ? undefined : left.length === 1 ? left[0] : left;
  };
  return walk(data);
}

/** Literal locations in one form, however they were written: an object of SAM's and its URI, an URL by its key. */
function canonical(value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(
      /^(?:file|https?):.*\/(blobs\/sha256\/.*)$/,
      (_all, key: string) => `url:${key.replace(/@\d+(?=\.|$)/, '')}`,
    );
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const { Bucket, Key, ...rest } = value as Record<string, unknown>;
  if (typeof Bucket === 'string' && typeof Key === 'string' && Object.keys(rest).length === 0)
    return `s3://${Bucket}/${Key}`;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'DependsOn' && Array.isArray(inner) && inner.length === 1 ? (inner as unknown[])[0] : canonical(inner),
    ]),
  );
}

describeWithCorpus(`references say what literals say, once they are resolved${whyNoCorpus}`, () => {
  const succeeding = corpusCases().filter(({ exit_code }) => exit_code === 0);
  test.each(succeeding.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    if (DIFFERENCES.some((difference) => difference.case === one.name && difference.ours === 'fails')) return;
    const literal = await packaged(one, 'none');
    const referring = await packaged(one, 'stack');
    expect(referring.exitCode).toBe(0);
    // Nested templates hold references of their own, so their content, and with it their key, differs.
    const withoutNested = (data: unknown): unknown =>
      JSON.parse(JSON.stringify(canonical(data)).replaceAll(/url:blobs\/sha256\/[0-9a-f]{64}/g, 'url:'));
    expect(withoutNested(resolved(dataIn(referring.output ?? '')))).toEqual(
      withoutNested(dataIn(literal.output ?? '')),
    );
  });
});

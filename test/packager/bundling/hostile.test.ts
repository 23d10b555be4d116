import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { openBundle } from '../../../packager/bundling/bundle.ts';
import { layOut, readLayout } from '../../../packager/bundling/members.ts';
import type { BundleManifest } from '../../../packager/bundling/manifest.ts';
import { formatManifest } from '../../../packager/bundling/manifest.ts';
import { centralHeader, endOfArchive, localHeader } from '../../../packager/archive/zip.ts';
import type { ZipEntry } from '../../../packager/archive/zip.ts';
import { ArtifactError } from '../../../repository/index.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { knowEveryError } from '../../support/realm.ts';
import type { TestMember } from './bundle-bytes.ts';
import { laidOut, membersOf } from './bundle-bytes.ts';

knowEveryError();

const lambda = (code: string): string => `{Type: AWS::Lambda::Function, Properties: {Code: ${code}}}`;

const FILES = {
  'template.yaml': `Resources:
  A: ${lambda('a')}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: api.json}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: stacks/child.yaml}}
`,
  'stacks/child.yaml': `Resources:\n  B: ${lambda('../a')}\n`,
  'a/x.js': 'a',
  'api.json': '{"openapi": "3.0.1"}',
};

let project: TestProject;
let genuine: Buffer;
let members: TestMember[];
let manifest: BundleManifest;

beforeAll(async () => {
  project = await TestProject.of(FILES);
  const made = await project.run('bundle', 'create', '-t', 'template.yaml', '-o', '../genuine.bundle');
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  genuine = readFileSync(project.path('../genuine.bundle'));
  members = await membersOf(project.path('../genuine.bundle'));
  manifest = JSON.parse(String(members.find(({ name }) => name === 'manifest.json')?.bytes)) as BundleManifest;
});

let number = 0;

/** What somebody is told who publishes this. Nothing was made, neither a domain nor an output. */
async function refused(bytes: Buffer | readonly TestMember[], ...flags: string[]): Promise<string> {
  const name = `../hostile-${(number += 1)}`;
  writeFileSync(project.path(`${name}.bundle`), Buffer.isBuffer(bytes) ? bytes : laidOut(bytes));
  const outcome: Outcome = await project.run(
    ...['bundle', 'publish', `${name}.bundle`, '--domain', `file:${name}.domain`],
    ...['--output-template-file', `${name}.yaml`, ...flags],
  );
  expect(outcome.exitCode).toBeGreaterThan(1);
  expect([existsSync(project.path(`${name}.domain`)), existsSync(project.path(`${name}.yaml`))]).toEqual([
    false,
    false,
  ]);
  expect(outcome.stderr).not.toMatch(/defect|undefined|NaN/);
  return outcome.stderr + outcome.stdout;
}

function withManifest(change: (before: BundleManifest) => object): TestMember[] {
  const text = `${JSON.stringify(change(manifest), null, 2)}\n`;
  return members.map((one) => (one.name === 'manifest.json' ? { ...one, bytes: Buffer.from(text) } : one));
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function sorted(all: readonly TestMember[]): TestMember[] {
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

test('what is genuine is taken', async () => {
  expect(laidOut(members)).toEqual(genuine);
  const { exitCode } = await project.run('bundle', 'publish', '../genuine.bundle', '--domain', 'file:../genuine');
  expect(exitCode).toBe(0);
});

describe('bytes that are not those that were written', () => {
  test('cut off anywhere', async () => {
    const lengths = [0, 1, 21, 22, 100, genuine.byteLength - 22, genuine.byteLength - 1];
    for (let length = 200; length < genuine.byteLength; length += 301) lengths.push(length);
    for (const length of lengths) expect(await refused(genuine.subarray(0, length))).toContain('bundle');
  });

  test('something before or behind them', async () => {
    expect(await refused(Buffer.concat([Buffer.from('#!/bin/sh\n'), genuine]))).toContain('does not fit');
    expect(await refused(Buffer.concat([genuine, Buffer.from('\n')]))).toContain('damaged or cut off');
    expect(await refused(Buffer.concat([genuine, genuine]))).toContain('does not fit');
  });

  test('a byte changed anywhere is found, before anything is published', async () => {
    const file = project.path('../changed.bundle');
    for (let at = 0; at < genuine.byteLength; at += 3) {
      const changed = Buffer.from(genuine);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
      writeFileSync(file, changed);
      const opening = openBundle(file, 'changed.bundle', { cwd: '/', signal: new AbortController().signal });
      const error: unknown = await opening.then(
        async (bundle) => bundle.close(),
        (reason: unknown) => reason,
      );
      if (!(error instanceof ArtifactError)) throw new Error(`the byte at ${at}: ${String(error)}`);
      expect(['UNSUPPORTED_FORMAT', 'DIGEST_MISMATCH']).toContain(error.code);
    }
  });

  test('every member whose content is another is told of at once', async () => {
    const changed = members.map(({ name, bytes }) => ({
      name,
      bytes: name === 'manifest.json' ? bytes : Buffer.from(bytes).fill(0x20),
    }));
    const said = await refused(changed);
    for (const { name } of members.filter((one) => one.name !== 'manifest.json')) {
      expect(said).toContain(`'${name}' in '../hostile-${number}.bundle' is not what its digest says`);
    }
    const { error } = JSON.parse(await refused(changed, '--json')) as { error: { problems: { code: string }[] } };
    expect(error.problems.map(({ code }) => code)).toEqual(members.slice(1).map(() => 'DIGEST_MISMATCH'));
  });
});

describe('members', () => {
  test('missing ones are all told of', async () => {
    const said = await refused(members.filter(({ name }) => name === 'manifest.json'));
    expect(said.match(/lacks '/g)).toHaveLength(members.length - 1);
    expect(await refused(members.filter(({ name }) => name !== 'manifest.json'))).toContain(
      "it has no 'manifest.json'",
    );
    expect(await refused([])).toContain("it has no 'manifest.json'");
  });

  test('one that nobody names', async () => {
    const bytes = Buffer.from('surplus');
    const name = `blobs/sha256/${digest(bytes)}`;
    expect(await refused(sorted([...members, { name, bytes }]))).toContain(`has '${name}', which nothing in it names`);
  });

  test('twice, or in another order', async () => {
    const [first] = members;
    if (first === undefined) throw new Error('an empty bundle');
    expect(await refused([first, ...members])).toContain(`'${first.name}' is in it twice`);
    expect(await refused([...members, first])).toContain(`'${first.name}' is in it twice`);
    expect(await refused(members.toReversed())).toContain('is not where it belongs');
  });

  test.each([
    ...['../outside', '../../etc/passwd', '/etc/passwd', 'C:\\windows', 'blobs/sha256/../../../outside', 'a\\..\\b'],
    ...['manifest.json/', 'Manifest.json', 'blobs/sha256/', `blobs/sha256/${'A'.repeat(64)}`, 'texts/x', ''],
    ...[`blobs/sha256/${'a'.repeat(64)}/archive.zip`, 'a\u001b[2Jb', 'right\u202eleft', '\u0000'],
  ])('with a name that is a trick: %j', async (name) => {
    const said = await refused(sorted([...members, { name, bytes: Buffer.from('x') }]));
    expect(said).toContain('bundle');
    // eslint-disable-next-line no-control-regex -- what would steer a terminal
    expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(existsSync(project.path('../outside'))).toBe(false);
  });

  test('very many', async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({
      name: `blobs/sha256/${index.toString(16).padStart(64, '0')}`,
      bytes: Buffer.alloc(0),
    }));
    expect(await refused([...many, ...members.slice(1)])).toContain('more members than the 20000');
    expect(await refused(many.slice(0, 20_001))).toContain('more members than the 20000');
  });
});

test('members of more than 4 GiB are found again', async () => {
  const large = Array.from({ length: 3 }, (_, index) => ({
    ...{ name: `blobs/sha256/${String(index).repeat(64)}`, size: 5 * 2 ** 30 + index, crc32: index },
  }));
  const { directory, end, members: laid } = layOut([...large, { name: 'manifest.json', size: 2, crc32: 1 }]);
  // Of the content nothing is read but zeros.
  const read = (from: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length);
    if (from < end) directory.copy(bytes, end - from);
    else directory.copy(bytes, 0, from - end);
    return Promise.resolve(bytes);
  };
  const found = await readLayout(read, end + directory.byteLength);
  expect(found.members.map(({ name, size, start }) => [name, size, start])).toEqual(
    laid.map(({ name, size, start }) => [name, size, start]),
  );
  expect(found.members.at(-1)?.start).toBeGreaterThan(15 * 2 ** 30);
});

/** One member with headers of our choice. */
function archive(entry: Partial<ZipEntry>, content: Buffer): Buffer {
  const whole: ZipEntry = {
    ...{ name: Buffer.from('manifest.json'), method: 0, crc32: crc32(content), executable: false },
    ...{ size: content.byteLength, packedSize: content.byteLength },
    ...entry,
  };
  const [before, central] = [localHeader(whole), centralHeader(whole, 0)];
  const end = endOfArchive(1, central.byteLength, before.byteLength + content.byteLength);
  return Buffer.concat([before, content, central, end]);
}

describe('sizes', () => {
  const LARGE = 5 * 2 ** 40;

  test.each([
    ['a bomb', { method: 8, size: LARGE }, deflateRawSync(Buffer.alloc(1_000_000))],
    ['packed content', { method: 8, size: 1_000_000 }, deflateRawSync(Buffer.alloc(1_000_000))],
    ['a size that nothing has', { size: LARGE, packedSize: LARGE }, Buffer.from('{}')],
    ['a size beyond numbers', { size: 2 ** 53 + 2, packedSize: 2 ** 53 + 2 }, Buffer.from('{}')],
    ['less than there is', { size: 1, packedSize: 1 }, Buffer.from('{}')],
    ['an executable', { executable: true }, Buffer.from('{}')],
  ] as const)('%s', async (_, entry, content) => {
    expect(await refused(archive(entry, content))).toContain('bundle');
  });

  test('a directory that says that it is elsewhere', async () => {
    for (const [field, value] of [
      [8, 65_535],
      [12, 0xfffffffe],
      [16, 0xfffffffe],
      [12, 0],
      [16, 0],
      [10, 1],
    ] as const) {
      const changed = Buffer.from(genuine);
      const at = genuine.byteLength - 22 + field;
      if (field === 8 || field === 10) changed.writeUInt16LE(value, at);
      else changed.writeUInt32LE(value, at);
      expect(await refused(changed)).toContain('bundle');
    }
  });
});

describe('a manifest', () => {
  test('of a newer format is refused kindly', async () => {
    const said = await refused(withManifest((before) => ({ ...before, bundle: 2, more: true })));
    expect(said).toContain('the bundle is of format 2');
    expect(said).toContain('understands format 1: take a newer one');
  });

  test.each<readonly [string, (before: BundleManifest) => object]>([
    ['that is a list', () => []],
    ['without anything', () => ({})],
    ['of format 0', (before) => ({ ...before, bundle: 0 })],
    ['with a member more', (before) => ({ ...before, script: 'rm -rf /' })],
    ['in another order', ({ bundle, ...others }) => ({ ...others, bundle })],
    ['with a prefix that is no ID', (before) => ({ ...before, prefix: '../x' })],
    ['with references of no kind', (before) => ({ ...before, references: 'all' })],
    ['with an artifact of another ID', (before) => ({ ...before, artifacts: renamed(before, 'shop/other') })],
    ['without artifacts', (before) => ({ ...before, artifacts: [] })],
    ['without templates', (before) => ({ ...before, templates: [] })],
    ['without sources', (before) => ({ ...before, sources: [] })],
    ['with another template', (before) => ({ ...before, template: 'stacks/child.yaml' })],
    ['with a template that is not there', (before) => ({ ...before, template: '../../etc/passwd' })],
    ['with a filename that is a path', (before) => ({ ...before, sources: filenames(before, '../x') })],
    ['with a filename that is a folder', (before) => ({ ...before, sources: filenames(before, '..') })],
    ['with a filename with a slash', (before) => ({ ...before, sources: filenames(before, 'a/b') })],
    ['without a filename', (before) => ({ ...before, sources: filenames(before, '') })],
    ['with another size', (before) => ({ ...before, sources: before.sources.map((one) => ({ ...one, size: 7 })) })],
    ['with a negative size', (before) => ({ ...before, sources: before.sources.map((one) => ({ ...one, size: -1 })) })],
    [
      'with a size that is a text',
      (before) => ({ ...before, sources: before.sources.map((one) => ({ ...one, size: '1' })) }),
    ],
    [
      'with a digest that is none',
      (before) => ({ ...before, sources: before.sources.map((one) => ({ ...one, sha256: '..' })) }),
    ],
    ['with a lone surrogate', (before) => ({ ...before, template: '\ud800' })],
    ['with a source twice', (before) => ({ ...before, sources: before.sources.flatMap((one) => [one, one]) })],
    ['with a template less', (before) => ({ ...before, templates: before.templates.slice(1) })],
    ['without places', (before) => ({ ...before, templates: before.templates.map((one) => ({ ...one, places: [] })) })],
    [
      'whose paths lead nowhere',
      (before) => ({ ...before, templates: before.templates.map((one) => ({ ...one, paths: [] })) }),
    ],
    [
      'whose paths lead out of it',
      (before) => ({ ...before, templates: redirected(before, '../../../../../../etc/passwd') }),
    ],
    ['whose templates include themselves', (before) => ({ ...before, templates: redirected(before, 'template.yaml') })],
  ])('%s', async (_, change) => {
    expect(await refused(withManifest(change))).toMatch(/bundle|includes itself/);
  });

  test('that is no JSON, no text, or deeper than anybody reads', async () => {
    for (const bytes of [Buffer.from('{'), Buffer.from([0xff, 0xfe]), Buffer.from('['.repeat(2_000_000))]) {
      const changed = members.map((one) => (one.name === 'manifest.json' ? { ...one, bytes } : one));
      expect(await refused(changed)).toContain('damaged');
    }
  });

  test('with a member twice, which programs understand in two ways', async () => {
    const text = formatManifest(manifest).replace('"prefix"', '"prefix": "x",\n  "prefix"');
    const changed = members.map((one) => (one.name === 'manifest.json' ? { ...one, bytes: Buffer.from(text) } : one));
    expect(await refused(changed)).toContain('it is not as it would be written');
  });

  test('of a member that changes what all objects have', async () => {
    const text = formatManifest(manifest).replace('"prefix"', '"__proto__": {"prefix": "x"},\n  "prefix"');
    const changed = members.map((one) => (one.name === 'manifest.json' ? { ...one, bytes: Buffer.from(text) } : one));
    expect(await refused(changed)).toContain('it is not as it would be written');
    expect(({} as Record<string, unknown>)['prefix']).toBeUndefined();
  });

  test("that says what a domain would believe: a source digest of somebody else's is not remembered", async () => {
    const victim = 'b'.repeat(64);
    const lying = withManifest((before) => ({
      ...before,
      sources: before.sources.map((one) => (one.sourceDigest === undefined ? one : { ...one, sourceDigest: victim })),
    }));
    writeFileSync(project.path('../lying.bundle'), laidOut(lying));
    const { exitCode } = await project.run('bundle', 'publish', '../lying.bundle', '--domain', 'file:../lied');
    expect(exitCode).toBe(0);
    expect(existsSync(project.path('../lied/blobs'))).toBe(true);
    expect(existsSync(project.path('../lied/sources'))).toBe(false);
  });
});

function renamed({ artifacts }: BundleManifest, id: string): object[] {
  return artifacts.map((one, index) => (index === 0 ? { ...one, id } : one));
}

function filenames({ sources }: BundleManifest, filename: string): object[] {
  return sources.map((one) => ({ ...one, filename }));
}

function redirected({ templates }: BundleManifest, location: string): object[] {
  return templates.map((one) => ({ ...one, paths: one.paths.map((to) => ({ ...to, location })) }));
}

describe('what is no file with a bundle in it', () => {
  test.each([
    ['nothing', 'nowhere.bundle', 'no bundle at'],
    ['a folder', '../folder', 'is no file'],
    ['a pipe', '../pipe', 'is no file'],
    ['a link in a circle', '../circle', 'could not be read'],
    ['a text', 'template.yaml', 'is no bundle'],
  ])('%s', async (_, name, said) => {
    mkdirSync(project.path('../folder'), { recursive: true });
    if (!existsSync(project.path('../pipe'))) execFileSync('mkfifo', [project.path('../pipe')]);
    if (name === '../circle') symlinkSync(path.basename(name), project.path(name));
    for (const command of ['show', 'publish']) {
      const { exitCode, stderr } = await project.run('bundle', command, name);
      expect([2, 3]).toContain(exitCode);
      expect(stderr).toContain(said);
    }
  });
});

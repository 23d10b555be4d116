import { chmodSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Digest } from '../../../repository/digest.ts';
import { sha256 } from '../../../repository/digest.ts';
import type { Archiver } from '../../../packager/archive/source.ts';
import { createArchiver, openSource } from '../../../packager/archive/source.ts';
import { sourceDigest } from '../../../packager/archive/source-digest.ts';
import { Folder } from './folder.ts';

let folder: Folder;
let archiver: Archiver;
beforeAll(() => {
  archiver = createArchiver({ reporter: () => undefined, scratch: 'never-made' });
});
afterAll(() => archiver.close());
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  folder.remove();
});

interface File {
  readonly name: string;
  readonly content: string;
  readonly executable: boolean;
}

const segment = fc.constantFrom('a', 'b', 'a.b', 'É', '\u{1f600}', 'x y');
const file: fc.Arbitrary<File> = fc.record({
  name: fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/')),
  content: fc.string({ maxLength: 20 }),
  executable: fc.boolean(),
});
const tree = fc
  .uniqueArray(file, { selector: ({ name }) => name, minLength: 1, maxLength: 8 })
  .map((files) => files.filter((one) => !files.some((other) => other.name.startsWith(`${one.name}/`))));

/** The source digest of these files, planted in this order in a folder of their own. */
async function digestOf(files: readonly File[], parent = 'code'): Promise<Digest | undefined> {
  rmSync(folder.at(parent), { recursive: true, force: true });
  folder.plant(parent, Object.fromEntries(files.map(({ name, content }) => [name, content])));
  for (const { name, executable } of files) chmodSync(folder.at(parent, name), executable ? 0o755 : 0o644);
  return digestOfFolder(parent);
}

async function digestOfFolder(name: string): Promise<Digest | undefined> {
  const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut: [] };
  return (await openSource({ path: folder.at(name), wanted: 'zip' }, project, archiver)).sourceDigest;
}

const holds = <T>(arbitrary: fc.Arbitrary<T>, law: (value: T) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(arbitrary, law), { numRuns: 40 });

describe('a source digest', () => {
  test('does not depend on the order in which files were made', async () => {
    const orders = tree.chain((files) =>
      fc.tuple(fc.constant(files), fc.shuffledSubarray(files, { minLength: files.length })),
    );
    await holds(orders, async ([one, other]) => {
      expect(await digestOf(other)).toBe(await digestOf(one));
    });
  });

  test('does not depend on when files were changed, nor on where and under which name the folder is', async () => {
    const times = fc.array(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }), {
      minLength: 8,
      maxLength: 8,
    });
    await holds(fc.tuple(tree, times), async ([files, dates]) => {
      const expected = await digestOf(files);
      files.forEach(({ name }, i) => {
        utimesSync(folder.at('code', name), dates[i] ?? new Date(), dates[i] ?? new Date());
      });
      expect(await digestOfFolder('code')).toBe(expected);
      expect(await digestOf(files, 'other/place')).toBe(expected);
    });
  });

  test('does not depend on what others than the owner may do', async () => {
    await holds(fc.tuple(tree, fc.constantFrom(0o600, 0o640, 0o666, 0o655)), async ([files, mode]) => {
      const plain = files.map((one) => ({ ...one, executable: false }));
      const expected = await digestOf(plain);
      for (const { name } of plain) chmodSync(folder.at('code', name), mode);
      expect(await digestOfFolder('code')).toBe(expected);
    });
  });

  test('changes with an executable bit', async () => {
    await holds(fc.tuple(tree, fc.nat()), async ([files, n]) => {
      const changed = files.map((one, i) => (i === n % files.length ? { ...one, executable: !one.executable } : one));
      expect(await digestOf(changed)).not.toBe(await digestOf(files));
    });
  });

  test('changes with the end of a line', async () => {
    await holds(tree, async (files) => {
      const expected = await digestOf(files.map((one) => ({ ...one, content: `${one.content}\n` })));
      expect(await digestOf(files.map((one) => ({ ...one, content: `${one.content}\r\n` })))).not.toBe(expected);
    });
  });

  test('changes with a name, and with what is there', async () => {
    await holds(fc.tuple(tree, tree), async ([one, other]) => {
      const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
      expect((await digestOf(one)) === (await digestOf(other))).toBe(same);
    });
  });

  test('is the same for links as for what they lead to', async () => {
    folder.plant('.', { 'one/a/x': 'x', 'one/b': 'b', 'two/a': { link: '../one/a' }, 'two/b': { link: '../one/b' } });
    expect(await digestOfFolder('two')).toBe(await digestOfFolder('one'));
  });
});

function sorted(files: readonly File[]): readonly File[] {
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

test('a listing is written as it is specified', () => {
  const content = Buffer.from('hello');
  const framed = (...values: readonly (string | Buffer)[]): Buffer =>
    Buffer.concat(
      values.flatMap((value) => {
        const bytes = Buffer.from(value as string);
        return [Buffer.from([0, 0, 0, bytes.byteLength]), bytes];
      }),
    );
  const expected = Buffer.concat([
    framed('cfn-artifacts source', '1', 'archive', '1'),
    framed('bin/é', 'executable', Buffer.from(sha256(content), 'hex')),
    framed('c', 'file', Buffer.from(sha256(content), 'hex')),
  ]);
  const files = [
    { name: 'bin/é', executable: true },
    { name: 'c', executable: false },
  ];
  const digests = new Uint8Array(Buffer.from(sha256(content).repeat(2), 'hex'));
  expect(sourceDigest(files, { digests })).toBe(sha256(expected));
});

test('a listing is the same however long it is', () => {
  const files = Array.from({ length: 400 }, (_, i) => ({ name: `${i}${'ü'.repeat(2000)}`, executable: i % 2 === 0 }));
  const digests = new Uint8Array(400 * 32).map((_, i) => i);
  const value = (bytes: Buffer | string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(bytes));
    return Buffer.concat([length, Buffer.from(bytes as string)]);
  };
  const listing = files.flatMap(({ name, executable }, i) => [
    ...[value(name), value(executable ? 'executable' : 'file')],
    value(Buffer.from(digests.subarray(32 * i, 32 * (i + 1)))),
  ]);
  const head = ['cfn-artifacts source', '1', 'archive', '1'].map(value);
  expect(sourceDigest(files, { digests })).toBe(sha256(Buffer.concat([...head, ...listing])));
});

test('a single file that is zipped has the digest of a folder with that file', async () => {
  folder.plant('code', { 'handler.py': 'pass' });
  const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut: [] };
  const alone = await openSource({ path: folder.at('code/handler.py'), wanted: 'zip' }, project, archiver);
  expect(alone.sourceDigest).toBe(await digestOfFolder('code'));
  writeFileSync(folder.at('code/other'), '');
  expect(alone.sourceDigest).not.toBe(await digestOfFolder('code'));
});

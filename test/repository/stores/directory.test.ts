import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { chmod, link, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesOf, contentOf } from '../../../repository/content.ts';
import type { ObjectKey, ObjectStore } from '../../../repository/object-store.ts';
import { leaveBody, objectKey } from '../../../repository/object-store.ts';
import { Drafts } from '../../../repository/stores/directory-drafts.ts';
import { parseEntry, pathOf, placeOf, slotPath } from '../../../repository/stores/directory-path.ts';
import { checkDirectory } from '../../../repository/stores/directory-root.ts';
import { directoryFile } from '../../../repository/stores/directory-path.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { answerOf, runScript, startScript } from '../../support/child-script.ts';
import { objectStoreContract } from '../../support/object-store-contract.ts';
import { hasSmallDisks, whyNoDisk, withDiskAt } from '../../support/small-disk.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { whySkipped } from '../../support/where.ts';

const SUPPORT = join(import.meta.dirname, '../../support');
const SCENARIO = join(SUPPORT, 'directory-scenario.ts');
const NO_PATHS_THIS_LONG = 'the path would be longer than the 1,024 bytes that macOS allows';

objectStoreContract(
  'directory',
  async () => {
    const root = join(await temporaryFolder(), 'domain');
    return { store: directoryStore(root), close: () => Promise.resolve(), argument: root };
  },
  {
    child: join(SUPPORT, 'directory-child.ts'),
    ...(process.platform === 'darwin' && {
      knownDifferences: {
        'a key with 1,024 bytes in one segment': NO_PATHS_THIS_LONG,
        'a key with 1,024 bytes in many segments': NO_PATHS_THIS_LONG,
        'a key with 1,024 bytes of emoji': NO_PATHS_THIS_LONG,
        'none of them is taken for another': NO_PATHS_THIS_LONG,
      },
    }),
  },
);

const key = (text: string): ObjectKey => objectKey(text);

async function textOf(store: ObjectStore, text: string): Promise<string | undefined> {
  const object = await store.read(key(text));
  return object && (await bytesOf(object.body)).toString();
}

async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const listed of store.list(prefix)) keys.push(listed.key);
  return keys;
}

/** Drafts that are no second name of a slot: those may stay for a minute. */
function unlinked(drafts: string): string[] {
  return readdirSync(drafts).filter((name) => lstatSync(join(drafts, name)).nlink === 1);
}

describe('a directory', () => {
  let root: string;
  let store: ObjectStore;

  beforeEach(async () => {
    root = join(await temporaryFolder(), 'new', 'domain');
    store = directoryStore(root);
  });

  describe('names', () => {
    test.each([
      ['blobs/sha256/9f86/archive.zip', 'blobs/sha256/9f86/archive@1.zip'],
      ['versions/default/shop/api/!/999-1', 'versions/default/shop/api/!/999-1@1'],
      ['labels/default/api/!/1.4.0', 'labels/default/api/!/1.4.0@1'],
      ['README.md', '~r~e~a~d~m~e@1.md'],
      ['.env', '%2eenv@1'],
      ['lib.tar.gz', 'lib.tar@1.gz'],
      ['a b/c+d=e', 'a b/c+d=e@1'],
      ['café/100%', 'caf%c3%a9/100%25@1'],
      ['a@1/~', 'a%401/%7e@1'],
      ['@drafts/x', '%40drafts/x@1'],
      ['x'.repeat(120), `${'x'.repeat(120)}@1`],
      [`${'x'.repeat(121)}.zip/a`, `${'x'.repeat(120)}@more/x.zip/a@1`],
    ])('%s is the file %s', async (text, file) => {
      await store.create(key(text), contentOf('content'));
      expect(readFileSync(join(root, file), 'utf8')).toBe('content');
      expect(directoryFile(root, key(text))).toBe(join(root, file));
      expect(await keysOf(store)).toEqual([text]);
    });

    const segment = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
      fc.string({
        unit: fc.constantFrom(...Array.from('aAbB.@~%é\u0301ÉIiıİßk\u212a📦!-0z')),
        minLength: 1,
        maxLength: 260,
      }),
    );
    const segments = segment
      .map((text) => text.replaceAll('/', '_'))
      .filter((text) => text !== '.' && text !== '..' && text.isWellFormed());

    test('are read back exactly, and no file system finds them too long or odd', () => {
      fc.assert(
        fc.property(segments, (text) => {
          const names = pathOf(text).split('/');
          const last = slotPath(placeOf('', text), 7).split('/').at(-1) ?? '';
          const parsed = [...names.slice(0, -1), last].map((name) => parseEntry(name));
          expect(parsed.map((entry) => entry?.text).join('')).toBe(text);
          expect(parsed.at(-1)).toMatchObject({ kind: 'slot', slot: 7 });
          expect(parseEntry(names.at(-1) ?? '')).toMatchObject({ kind: 'folder' });
          for (const name of [...names, last]) {
            expect(name).not.toMatch(/^\.|[A-Z/]|[^ -~]/);
            expect(name.length).toBeLessThanOrEqual(143);
          }
        }),
        { numRuns: 2000 },
      );
    });

    test('of two keys differ even where case and normal forms do not count', () => {
      fc.assert(
        fc.property(segments, segments, (one, other) => {
          fc.pre(one !== other);
          const folded = (text: string): string => slotPath(placeOf('', text), 1).toLowerCase().normalize('NFC');
          expect(folded(one)).not.toBe(folded(other));
        }),
        { numRuns: 2000 },
      );
    });

    test('that are none of ours are not seen', async () => {
      await store.create(key('folder/a.txt'), contentOf('ours'));
      await store.create(key('b'), contentOf('ours'));
      const foreign = [
        ...[
          'notes.txt',
          '.DS_Store',
          '._b@1',
          'B@1',
          'c@0',
          'c@01',
          'c@1x',
          '@1',
          'a%2fb@1',
          '%2e@1',
          '%62@1',
          'a.txt@1',
        ],
        ...['d@', 'e@more', 'caf\u00e9@1', '%c3@1', 'f@1.TXT', 'g@1@2', `${'x'.repeat(130)}@1`],
      ];
      for (const name of foreign) {
        await writeFile(join(root, name), 'foreign');
        await writeFile(join(root, 'folder', name), 'foreign');
      }
      await mkdir(join(root, 'folder', '%2e%2e'));
      await writeFile(join(root, 'folder', '%2e%2e', 'h@1'), 'foreign');
      await mkdir(join(root, 'Folder'));
      await writeFile(join(root, 'Folder', 'i@1'), 'foreign');
      expect(await keysOf(store)).toEqual(['b', 'folder/a.txt']);
      expect(await keysOf(store, 'folder/')).toEqual(['folder/a.txt']);
    });
  });

  describe('before it exists', () => {
    test('is empty to whoever looks, and looking does not make it', async () => {
      expect(await store.head(key('a/b'))).toBeUndefined();
      expect(await store.read(key('a/b'))).toBeUndefined();
      expect(await store.read(key('a/b'), '1' as never)).toBeUndefined();
      expect(await keysOf(store)).toEqual([]);
      expect(await keysOf(store, 'a/')).toEqual([]);
      expect(await store.copy(key('a/b'), key('c'))).toBe('absent');
      expect(await store.replace(key('a/b'), contentOf(''), '1' as never)).toBe('conflict');
      expect(await store.removeRevision(key('a/b'), '1' as never)).toBe('absent');
      await store.removeIncarnation(key('a/b'), '1' as never);
      expect(existsSync(root)).toBe(false);
    });

    test('is made by the first write, with what is above it', async () => {
      await store.create(key('a/b'), contentOf('x'));
      expect(await textOf(store, 'a/b')).toBe('x');
    });

    test('and after it was taken away under our hands, it is made again', async () => {
      await store.create(key('a/b'), contentOf('x'));
      await rm(root, { recursive: true });
      expect(await keysOf(store)).toEqual([]);
      const attempt = store.create(key('a/b'), contentOf('x'));
      await attempt.catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      });
      await store.create(key('a/b'), contentOf('y'));
      expect(['x', 'y']).toContain(await textOf(store, 'a/b'));
    });

    test('that is a file is an error that names it', async () => {
      const file = join(await temporaryFolder(), 'file');
      await writeFile(file, '');
      const failing = directoryStore(file);
      const expected = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(file) };
      await expect(failing.head(key('a'))).rejects.toMatchObject(expected);
      await expect(failing.create(key('a'), contentOf(''))).rejects.toMatchObject(expected);
      await expect(keysOf(failing)).rejects.toMatchObject(expected);
    });
  });

  describe('content', () => {
    test('is a plain file that nobody changes by a slip', async () => {
      await store.create(key('blobs/a.zip'), contentOf('bytes'));
      const stats = lstatSync(join(root, 'blobs/a@1.zip'));
      expect(stats.isFile()).toBe(true);
      expect(stats.mode & 0o222).toBe(0);
      expect(stats.nlink).toBe(1);
    });

    test('of an existing key is not even read, and nothing is written', async () => {
      await store.create(key('a'), contentOf('first'));
      const drafts = statSync(join(root, '@drafts'), { bigint: true }).mtimeNs;
      const untouched = {
        ...contentOf('second'),
        read: () => {
          throw new Error('must not be read');
        },
      };
      expect(await store.create(key('a'), untouched)).toBe('exists');
      expect(await store.replace(key('a'), untouched, '2' as never)).toBe('conflict');
      expect(await store.replace(key('b'), untouched, '1' as never)).toBe('conflict');
      expect(statSync(join(root, '@drafts'), { bigint: true }).mtimeNs).toBe(drafts);
    });

    test('is the same file after a copy', async () => {
      await store.create(key('a'), contentOf('bytes'));
      await store.copy(key('a'), key('b'));
      expect(lstatSync(join(root, 'b@1')).ino).toBe(lstatSync(join(root, 'a@1')).ino);
    });

    test('gives its space back when it is replaced or removed, and the name stays', async () => {
      await store.create(key('a'), contentOf('one'));
      await store.replace(key('a'), contentOf('two'), '1' as never);
      await store.removeRevision(key('a'), '2' as never);
      await store.create(key('a'), contentOf('four'));
      await store.removeIncarnation(key('a'), '4' as never);
      expect((await readdir(root)).toSorted()).toEqual(['@drafts', 'a@1', 'a@2', 'a@3', 'a@4', 'a@5']);
      for (const slot of [1, 2, 3, 4, 5]) {
        expect(lstatSync(join(root, `a@${slot}`)).isSymbolicLink()).toBe(true);
        expect(existsSync(join(root, `a@${slot}`))).toBe(false);
      }
      expect(await store.create(key('a'), contentOf('six'))).toBe('created');
      expect(await store.head(key('a'))).toMatchObject({ revision: '6', incarnation: '6' });
    });

    (process.platform === 'linux' ? test : test.skip)(
      `that nobody wants holds no file open${whySkipped(process.platform === 'linux', 'there is no /proc')}`,
      async () => {
        await store.create(key('a'), contentOf('x'.repeat(2_000_000)));
        const open = (): number =>
          readdirSync('/proc/self/fd').filter((fd) => {
            try {
              return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
            } catch {
              return false;
            }
          }).length;
        for (let round = 0; round < 5; round += 1) await leaveBody((await store.read(key('a')))!);
        expect(open()).toBe(0);
        const wanted = await store.read(key('a'));
        expect(open()).toBe(1);
        await bytesOf(wanted!.body);
        expect(open()).toBe(0);
      },
    );

    test('that a killed process did not give back is given back when it is removed again', async () => {
      await store.create(key('a'), contentOf('one'));
      await symlink('@nothing', join(root, 'a@2'));
      expect(await store.head(key('a'))).toBeUndefined();
      expect(lstatSync(join(root, 'a@1')).isFile()).toBe(true);
      await store.removeIncarnation(key('a'), '1' as never);
      expect(lstatSync(join(root, 'a@1')).isFile()).toBe(false);
      expect(await store.create(key('a'), contentOf('three'))).toBe('created');
    });

    test('a reader who has begun reads to the end what was replaced meanwhile', async () => {
      const old = 'old '.repeat(100_000);
      await store.create(key('a'), contentOf(old));
      const object = await store.read(key('a'));
      await store.replace(key('a'), contentOf('new'), object!.revision);
      await store.removeRevision(key('a'), '2' as never);
      expect((await bytesOf(object!.body)).toString()).toBe(old);
    });

    test('a name or number of another store is nobody', async () => {
      await store.create(key('a'), contentOf('one'));
      for (const odd of ['0', '01', '-1', '1.0', '1e0', '', 'x', '../a@1', '2', '9007199254740993', ' 1']) {
        expect(await store.read(key('a'), odd as never)).toBeUndefined();
        expect(await store.replace(key('a'), contentOf('two'), odd as never)).toBe('conflict');
        expect(await store.removeRevision(key('a'), odd as never)).toBe('conflict');
        await store.removeIncarnation(key('a'), odd as never);
      }
      expect(await textOf(store, 'a')).toBe('one');
    });
  });

  describe('links', () => {
    test('in the place of folders are none of ours: no listing follows them, no key leads through them', async () => {
      const outside = await temporaryFolder();
      await writeFile(join(outside, 'k@1'), 'foreign');
      await mkdir(join(outside, 'deep'));
      await store.create(key('a/x'), contentOf('ours'));
      await symlink(outside, join(root, 'evil'));
      await symlink(outside, join(root, 'a', 'evil'));
      await symlink('.', join(root, 'loop'));
      await symlink('loop2', join(root, 'loop2'));
      expect(await keysOf(store)).toEqual(['a/x']);
      for (const prefix of ['evil/', 'evil/deep/', 'a/evil/', 'loop/', 'loop2/', 'loop/a/', 'e']) {
        expect(await keysOf(store, prefix)).toEqual([]);
      }
      for (const name of ['evil/k', 'evil/deep/k', 'evil/deep/new/k', 'a/evil/k', 'loop/a/x', 'loop2/k']) {
        const refusal = {
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(
            /^'.*\/(evil|loop|loop2)' is a link, and no object's path may lead through one$/,
          ),
          remedy: expect.stringContaining('remove the link'),
        };
        for (const act of [
          () => store.head(key(name)),
          () => store.read(key(name)),
          () => store.read(key(name), '1' as never),
          () => store.incarnations(key(name)),
          () => store.create(key(name), contentOf('x')),
          () => store.replace(key(name), contentOf('x'), '1' as never),
          () => store.overwrite(key(name), contentOf('x')),
          () => store.removeIncarnation(key(name), '1' as never),
          () => store.removeRevision(key(name), '1' as never),
          () => store.copy(key(name), key('copy')),
          () => store.copy(key('a/x'), key(name)),
        ]) {
          await expect(act()).rejects.toMatchObject(refusal);
        }
      }
      expect((await readdir(outside)).toSorted()).toEqual(['deep', 'k@1']);
      expect(await readdir(join(outside, 'deep'))).toEqual([]);
    });

    test('do not take drafts elsewhere', async () => {
      const outside = await temporaryFolder();
      await mkdir(root, { recursive: true });
      await symlink(outside, join(root, '@drafts'));
      await expect(store.create(key('a'), contentOf('x'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(await readdir(outside)).toEqual([]);
    });

    test('may lead to the whole', async () => {
      await store.create(key('a/x'), contentOf('ours'));
      const link = `${root}-link`;
      await symlink(root, link);
      const linked = directoryStore(link);
      expect(await textOf(linked, 'a/x')).toBe('ours');
      expect(await keysOf(linked, 'a/')).toEqual(['a/x']);
      expect(await linked.create(key('b/y'), contentOf('more'))).toBe('created');
      expect(await textOf(store, 'b/y')).toBe('more');
    });
  });

  describe('a copy that lost slots', () => {
    async function damagedBy(name: string, replacements: number, lost: readonly number[]): Promise<ObjectStore> {
      await store.create(key(name), contentOf('0'));
      for (let slot = 1; slot <= replacements; slot += 1) {
        await store.replace(key(name), contentOf(`${slot}`), `${slot}` as never);
      }
      for (const slot of lost) await rm(slotPath(placeOf(root, name), slot));
      return directoryStore(root);
    }

    test.each([
      ['of the links that it had', 'bookmarks/x', [1, 2, 3, 4], 'x@1'],
      ['of one in the middle', 'bookmarks/x', [3], 'x@3'],
      ['at the root, of a name with an extension', 'x.zip', [2], 'x@2.zip'],
      ['of a name with capitals', 'bookmarks/README.md', [1], '~r~e~a~d~m~e@1.md'],
      ['of a long name', `bookmarks/${'l'.repeat(200)}`, [1], `${'l'.repeat(80)}@1`],
    ])('%s is told as damaged, whatever is asked', async (_, name, lost, missing) => {
      const copy = await damagedBy(name, 4, lost);
      const damaged = {
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(
          new RegExp(`^the directory '.*' is damaged: it has '.*', and '${missing}' is missing$`),
        ),
        remedy: expect.stringContaining('symbolic links'),
      };
      for (const act of [
        () => copy.head(key(name)),
        () => copy.read(key(name)),
        () => copy.incarnations(key(name)),
        () => copy.create(key(name), contentOf('new')),
        () => copy.replace(key(name), contentOf('new'), '5' as never),
        () => copy.removeRevision(key(name), '5' as never),
        () => copy.removeIncarnation(key(name), '5' as never),
        () => copy.copy(key(name), key('copy')),
        () => keysOf(copy),
      ]) {
        await expect(act()).rejects.toMatchObject(damaged);
      }
      expect(existsSync(slotPath(placeOf(root, name), 6))).toBe(false);
    });

    test('is no copy that lost what is not ours', async () => {
      await store.create(key('a'), contentOf('ours'));
      for (const name of ['B@2', 'c@0', 'a.txt@2', '%62@2']) await writeFile(join(root, name), 'foreign');
      expect(await keysOf(directoryStore(root))).toEqual(['a']);
    });
  });

  describe('incarnations', () => {
    test('are those that still hold bytes', async () => {
      await store.create(key('a'), contentOf('one'));
      // Its maker was killed before it gave the bytes of the first back.
      await writeFile(join(root, 'a@2'), 'two');
      expect(await store.incarnations(key('a'))).toEqual(['2', '1']);
      await store.removeIncarnation(key('a'), '1' as never);
      expect(await store.incarnations(key('a'))).toEqual(['2']);
      await symlink('@nothing', join(root, 'a@3'));
      expect(await store.incarnations(key('a'))).toEqual(['2']);
      await store.removeIncarnation(key('a'), '2' as never);
      expect(await store.incarnations(key('a'))).toEqual([]);
    });
  });

  describe('slots', () => {
    test('the highest is found, whatever their number', async () => {
      await mkdir(root, { recursive: true });
      await writeFile(join(root, 'a@1'), 'slot 1');
      for (let slot = 2; slot <= 130; slot += 1) {
        expect(await store.head(key('a'))).toMatchObject({ revision: `${slot - 1}` });
        await writeFile(join(root, `a@${slot}`), `slot ${slot}`);
      }
      expect(await textOf(store, 'a')).toBe('slot 130');
      await symlink('@nothing', join(root, 'a@131'));
      expect(await store.head(key('a'))).toBeUndefined();
      expect(await keysOf(store)).toEqual([]);
      expect(await store.create(key('a'), contentOf('slot 132'))).toBe('created');
      expect(await store.head(key('a'))).toMatchObject({ revision: '132' });
      expect(await keysOf(store)).toEqual(['a']);
    });
  });

  describe('drafts', () => {
    const drafts = (): string[] => readdirSync(join(root, '@drafts'));

    /** The name of a draft that this process is just writing. */
    async function nameOfDraft(): Promise<string> {
      let name = '';
      await store.create(key('named'), {
        ...contentOf('x'),
        async *read() {
          name = drafts().at(-1) ?? '';
          yield Buffer.from('x');
        },
      });
      return name;
    }

    test('do not remain, whatever the outcome', async () => {
      const broken = {
        ...contentOf('x'),
        // eslint-disable-next-line require-yield -- it fails before there is anything
        async *read(): AsyncGenerator<Uint8Array> {
          throw new Error('interrupted');
        },
      };
      await store.create(key('a'), contentOf('a'));
      await expect(store.create(key('b'), broken)).rejects.toThrow('interrupted');
      await expect(store.replace(key('a'), broken, '1' as never)).rejects.toThrow('interrupted');
      await expect(store.create(key('b'), { ...contentOf('x'), size: 2 })).rejects.toThrow('announced');
      await store.replace(key('a'), contentOf('b'), '1' as never);
      await store.copy(key('a'), key('c'));
      await store.removeRevision(key('a'), '2' as never);
      await store.removeIncarnation(key('c'), '1' as never);
      await Promise.all(Array.from({ length: 20 }, (_, number) => store.create(key('d'), contentOf(`${number}`))));
      expect(drafts()).toEqual([]);
      expect(await keysOf(store)).toEqual(['d']);
    });

    test('of dead processes are removed by the next that writes, of living ones not', async () => {
      const name = await nameOfDraft();
      const [system = ''] = name.split('-');
      const { status, stdout } = await runScript(join(SUPPORT, 'process-number.ts'), []);
      expect(status).toBe(0);
      const dead = `${system}-${stdout}-draft`;
      const living = [
        `${system}-${process.pid}-draft`,
        `${system}-1-draft`,
        `0123456789ab-${stdout}-draft`,
        'notes.txt',
      ];
      for (const draft of [dead, ...living]) await writeFile(join(root, '@drafts', draft), 'unfinished');
      await symlink('@nothing', join(root, '@drafts', `${dead}-of-nothing`));
      expect(await keysOf(directoryStore(root))).toEqual(['named']);
      expect(drafts()).toHaveLength(6);
      await directoryStore(root).create(key('next'), contentOf('next'));
      expect(drafts().toSorted()).toEqual(living.toSorted());
    });

    test('of other systems are removed after a day', async () => {
      await mkdir(join(root, '@drafts'), { recursive: true });
      await writeFile(join(root, '@drafts', '0123456789ab-1-draft'), 'unfinished');
      const hours =
        (number: number): (() => number) =>
        () =>
          Date.now() + number * 60 * 60 * 1000;
      const early = new Drafts(root, hours(23));
      await early.discard(await early.ofNothing());
      expect(drafts()).toEqual(['0123456789ab-1-draft']);
      const late = new Drafts(root, hours(25));
      await late.discard(await late.ofNothing());
      expect(drafts()).toEqual([]);
    });

    test('that are linked already stay for a minute, as a sign that the slot may not be flushed', async () => {
      const [system = ''] = (await nameOfDraft()).split('-');
      const { stdout } = await runScript(join(SUPPORT, 'process-number.ts'), []);
      await link(join(root, 'named@1'), join(root, '@drafts', `${system}-${stdout}-linked`));
      const early = new Drafts(root);
      await early.discard(await early.ofNothing());
      expect(drafts()).toHaveLength(1);
      const late = new Drafts(root, () => Date.now() + 61_000);
      await late.discard(await late.ofNothing());
      expect(drafts()).toEqual([]);
      expect(await textOf(store, 'named')).toBe('x');
    });

    const elsewhere = '/dev/shm';
    const isElsewhere = existsSync(elsewhere) && statSync(elsewhere).dev !== statSync('/tmp').dev;
    const others: string[] = [];
    afterAll(() => Promise.all(others.map((folder) => rm(folder, { recursive: true }))));

    const why = isElsewhere ? '' : ` (skipped: '${elsewhere}' is no other file system)`;
    (isElsewhere ? test : test.skip)(`are a copy of the bytes where there can be no second name${why}`, async () => {
      const other = await mkdtemp(join(elsewhere, 'cfn-artifacts-'));
      others.push(other);
      await writeFile(join(other, 'file'), 'far away');
      const made = new Drafts(root);
      const draft = await made.of(join(other, 'file'));
      expect(readFileSync(draft!, 'utf8')).toBe('far away');
      expect(await made.of(join(other, 'none'))).toBeUndefined();
      await symlink('@nothing', join(other, 'emptied'));
      expect(await made.of(join(other, 'emptied'))).toBeUndefined();
      expect(drafts()).toHaveLength(1);
    });

    test('of what was emptied just now are none', async () => {
      await store.create(key('a'), contentOf('a'));
      await store.removeIncarnation(key('a'), '1' as never);
      expect(await new Drafts(root).of(join(root, 'a@1'))).toBeUndefined();
      expect(drafts()).toEqual([]);
    });
  });

  describe('at the limits', () => {
    test('a key whose path the system refuses is an error that says so', async () => {
      const deep = directoryStore(join(await temporaryFolder(), ...Array<string>(16).fill('d'.repeat(250))));
      const long = key('é/'.repeat(255) + 'x');
      await expect(deep.create(long, contentOf(''))).rejects.toMatchObject({
        code: 'INVALID_KEY',
        remedy: expect.stringContaining('shorter'),
      });
    });

    (process.platform === 'win32' ? test.skip : test)(
      `who has no right gets an error that names the path${whySkipped(process.platform !== 'win32', 'Windows has no such rights')}`,
      async () => {
        const open = await temporaryFolder();
        const domain = join(open, 'domain');
        const full = directoryStore(domain);
        await full.create(key('closed/key'), contentOf('readable'));
        await full.create(key('hidden/key'), contentOf('secret'));
        for (const [folder, mode] of [
          ['hidden', 0o000],
          ['closed', 0o555],
          ['@drafts', 0o555],
          ['', 0o555],
        ] as const) {
          await chmod(join(domain, folder), mode);
        }
        await chmod(open, 0o755);
        const answer = await answerOf<Record<string, unknown>>(SCENARIO, ['denied', domain]);
        for (const [folder] of [[''], ['@drafts'], ['closed'], ['hidden']]) await chmod(join(domain, folder!), 0o755);
        const denied = {
          code: 'ACCESS_DENIED',
          message: expect.stringContaining(domain),
          remedy: expect.stringContaining('folder'),
        };
        expect(answer).toEqual({
          ...{ create: denied, replace: denied, remove: denied, hidden: denied, list: denied },
          ...{ check: denied, checkNew: denied, checkHidden: denied, checkRead: {} },
          read: 'readable',
        });
        expect(await keysOf(full)).toEqual(['closed/key', 'hidden/key']);
      },
    );

    test('who names a folder that can be none is told so, whether he looks first or not', async () => {
      const place = await temporaryFolder();
      await writeFile(join(place, 'file'), '');
      await symlink('nowhere', join(place, 'dangling'));
      await symlink('loop', join(place, 'loop'));
      for (const [name, looks, tries] of [
        ['file', /file' can't be a domain's folder: '.*file' is a file$/, /the path .* leads through a file/],
        ['file/below/it', /it' can't be a domain's folder: '.*file' is a file$/, /the path .* leads through a file/],
        ['dangling', /: '.*dangling' is a link to 'nowhere', which does not exist$/, /dangling' is not a folder/],
        ['dangling/below', /: '.*dangling' is a link to 'nowhere', which/, /dangling' is not a folder/],
        ['loop', /: the links at '.*loop' lead in a circle$/, /has links that lead in a circle/],
        ['loop/below', /: the links at '.*loop\/below' lead in a circle$/, /has links that lead in a circle/],
      ] as const) {
        const folder = join(place, name);
        const said = expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(looks) });
        expect(() => {
          checkDirectory(folder, 'write');
        }).toThrow(said);
        await expect(directoryStore(folder).create(key('a/b'), contentOf('x'))).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(tries),
        });
      }
      expect((await readdir(place)).sort()).toEqual(['dangling', 'file', 'loop']);
    });

    test('a folder that is there, or that can be made, is none of that, and looking makes nothing', async () => {
      const place = await temporaryFolder();
      await symlink(place, join(place, 'link'));
      for (const folder of [place, join(place, 'new'), join(place, 'new/and/deeper'), join(place, 'link/new')]) {
        for (const use of ['read', 'write'] as const) checkDirectory(folder, use);
      }
      expect(await readdir(place)).toEqual(['link']);
    });

    (process.platform === 'linux' ? test : test.skip)(
      `a file system that says of a new folder that the one above is missing ends in an error${whySkipped(process.platform === 'linux', 'there is no /proc')}`,
      async () => {
        await expect(directoryStore('/proc/new').create(key('k'), contentOf('x'))).rejects.toMatchObject({
          code: 'UNSUPPORTED_STORE',
          message: "the file system takes no folder '/proc/new'",
        });
        await expect(directoryStore('/proc/new/er').create(key('k'), contentOf('x'))).rejects.toMatchObject({
          code: 'UNSUPPORTED_STORE',
        });
      },
    );

    const onSmallDisk = hasSmallDisks ? test : test.skip;

    onSmallDisk(`a full disk is an error, spoils nothing, and space can be made${whyNoDisk}`, async () => {
      const disk = await temporaryFolder();
      const answer = await answerOf(SCENARIO, ['full', disk], { launcher: withDiskAt(disk, 2) });
      expect(answer).toEqual({
        refused: {
          code: 'STORE_FULL',
          message: expect.stringContaining(disk),
          remedy: expect.stringContaining('Free space'),
        },
        ...{ drafts: [], absent: true, kept: 'kept', again: 'created', listed: true },
      });
    });

    onSmallDisk(`a disk that can only be read is an error to who writes${whyNoDisk}`, async () => {
      const disk = await temporaryFolder();
      const answer = await answerOf(SCENARIO, ['readOnly', disk], { launcher: withDiskAt(disk, 2) });
      expect(answer).toEqual({
        create: { code: 'ACCESS_DENIED', message: expect.stringContaining(disk), remedy: expect.any(String) },
        check: { code: 'ACCESS_DENIED', message: expect.stringContaining('read-only'), remedy: expect.any(String) },
        checkNew: { code: 'ACCESS_DENIED', message: expect.stringContaining(disk), remedy: expect.any(String) },
        ...{ checkHidden: {}, checkRead: {} },
        read: 'readable',
      });
    });

    onSmallDisk(
      `a listing has every key, even where the file system moves names that are renamed over${whyNoDisk}`,
      async () => {
        const disk = await temporaryFolder();
        const answer = await answerOf(SCENARIO, ['listing', disk, '1500'], { launcher: withDiskAt(disk, 64) });
        expect(answer).toMatchObject({ lacking: [] });
      },
    );
  });

  describe('an operation', () => {
    test('takes place at one moment, whatever others do before any of its steps', async () => {
      const folder = await temporaryFolder();
      const answer = await answerOf<{ races: number; violations: string[] }>(join(SUPPORT, 'directory-races.ts'), [
        folder,
      ]);
      expect(answer.violations).toEqual([]);
      expect(answer.races).toBeGreaterThan(1000);
    }, 300_000);
  });

  describe('a process that is killed', () => {
    const operations: Readonly<Record<string, { before: string | undefined; after: string | undefined }>> = {
      create: { before: undefined, after: 'after' },
      replace: { before: 'before', after: 'after' },
      copy: { before: undefined, after: 'source' },
      removeRevision: { before: 'before', after: undefined },
      removeIncarnation: { before: 'before', after: undefined },
    };

    async function prepared(folder: string, before: string | undefined, history: boolean): Promise<void> {
      const fresh = directoryStore(folder);
      await fresh.create(key('source'), contentOf('source'));
      if (history) {
        await fresh.create(key('k'), contentOf('earlier'));
        await fresh.removeRevision(key('k'), '1' as never);
      }
      if (before !== undefined) await fresh.create(key('k'), contentOf(before));
    }

    test.each(
      Object.keys(operations).flatMap((operation) => [
        [operation, 'a new key', false] as const,
        [operation, 'a key with a history', true] as const,
      ]),
    )('before any step of %s, on %s, leaves the old or the new, and all goes on', async (operation, _, history) => {
      const { before, after } = operations[operation]!;
      const seen = new Set<string | undefined>();
      for (let last = 0; ; last += 1) {
        const folder = join(root, `${last}`);
        await prepared(folder, before, history);
        const { signal, status, stderr } = await runScript(SCENARIO, ['step', folder, operation, `${last}`]);
        const next = directoryStore(folder);
        const found = await textOf(next, 'k');
        seen.add(found);
        expect([before, after]).toContain(found);
        expect(await keysOf(next)).toEqual(found === undefined ? ['source'] : ['k', 'source']);
        const head = await next.head(key('k'));
        if (head === undefined) expect(await next.create(key('k'), contentOf('next'))).toBe('created');
        else expect(await next.replace(key('k'), contentOf('next'), head.revision)).toBe('replaced');
        expect(await textOf(next, 'k')).toBe('next');
        expect(await textOf(next, 'source')).toBe('source');
        await directoryStore(folder).create(key('tidy'), contentOf('tidy'));
        expect(unlinked(join(folder, '@drafts'))).toEqual([]);
        if (signal === null) {
          expect([status, stderr, found]).toEqual([0, '', after]);
          break;
        }
      }
      expect(seen.size).toBe(2);
    });

    test('at any moment leaves each key whole, as it was acknowledged or about to be', async () => {
      const promised = new Map<string, string[]>();
      for (let round = 1; round <= 15; round += 1) {
        const child = await startScript(SCENARIO, ['churn', root, `${round}`]);
        // Some work, and then a moment that has nothing to do with it.
        await new Promise((resolve) => child.process.stdout?.once('data', resolve));
        await new Promise((resolve) => setTimeout(resolve, (round * 37) % 150));
        child.process.kill('SIGKILL');
        const { stdout } = await child.finished;
        for (const line of stdout.split('\n').slice(0, -1)) note(JSON.parse(line) as Note);
        const after = directoryStore(root);
        for (const [name, possible] of promised) {
          const text = await textOf(after, name);
          const found = text === undefined ? '0 ' : `${text.length} ${text.slice(0, 40)}`;
          expect(possible).toContain(found);
          if (text !== undefined)
            expect(text).toBe(`${text.split(' ')[0]} `.repeat(text.length / (text.indexOf(' ') + 1)));
          promised.set(name, [found]);
        }
        expect(await keysOf(after, 'churn/')).toHaveLength(
          [...promised.values()].filter(([text]) => text !== '0 ').length,
        );
      }
      await directoryStore(root).create(key('last'), contentOf('last'));
      expect(unlinked(join(root, '@drafts'))).toEqual([]);
      expect(promised.size).toBe(4);

      interface Note {
        readonly key: string;
        readonly becomes?: string;
        readonly length?: number;
        readonly done?: true;
      }

      function note({ key: name, becomes, length, done }: Note): void {
        const known = promised.get(name) ?? ['0 '];
        promised.set(name, done === true ? known.slice(-1) : [...known, `${length ?? 0} ${becomes ?? ''}`]);
      }
    });
  });

  describe('before a power cut', () => {
    /** The steps of an operation on the key `k` that a process of its own makes, without looking and closing. */
    async function stepsOf(operation: string, name = 'k'): Promise<string[]> {
      const { steps } = await answerOf<{ steps: string[] }>(SCENARIO, ['step', root, operation, '-1', name]);
      const acting = steps.filter((step) => !/^(lstat|open|close|readdir|stat|read) /.test(step));
      return acting.map((step) => step.replaceAll(/@drafts\/\S+/g, 'DRAFT').replaceAll(root, '.'));
    }

    test('content is flushed before it is linked, and the folder before the answer and before anything is given back', async () => {
      await store.create(key('source'), contentOf('source'));
      const made = ['mkdir .', `sync ${join(root, '..')}`.replace(root, '.'), 'mkdir @drafts'];
      expect(await stepsOf('create')).toEqual([
        ...[...made.slice(0, 2), made[2]!],
        ...['appendFile DRAFT', 'sync DRAFT', 'link DRAFT k@1', 'sync .', 'unlink DRAFT'],
      ]);
      expect((await stepsOf('replace')).slice(1)).toEqual([
        ...['appendFile DRAFT', 'sync DRAFT', 'link DRAFT k@2', 'sync .', 'unlink DRAFT'],
        ...['symlink @nothing DRAFT', 'rename DRAFT k@1'],
      ]);
      expect(await stepsOf('removeRevision')).toEqual([
        ...['symlink @nothing k@3', 'sync .', 'mkdir @drafts', 'symlink @nothing DRAFT', 'rename DRAFT k@2'],
      ]);
      expect((await stepsOf('copy')).slice(-5)).toEqual([
        ...['mkdir @drafts', 'link source@1 DRAFT', 'link DRAFT k@4', 'sync .', 'unlink DRAFT'],
      ]);
      expect((await stepsOf('removeIncarnation')).slice(-5)).toEqual([
        ...['symlink @nothing k@5', 'mkdir @drafts', 'symlink @nothing DRAFT', 'rename DRAFT k@4', 'sync .'],
      ]);
    });

    test('each new folder is flushed into the one above it before anything in it is acknowledged', async () => {
      await store.create(key('source'), contentOf('source'));
      const flushed = ['mkdir .', `sync ${join(root, '..')}`.replace(root, '.')];
      const folders = ['mkdir a', 'sync .', 'mkdir a/b', 'sync a', 'mkdir a/b/c', 'sync a/b'];
      expect(await stepsOf('create', 'a/b/c/k')).toEqual([
        ...[...flushed, ...folders, 'mkdir @drafts', 'appendFile DRAFT', 'sync DRAFT'],
        ...['link DRAFT a/b/c/k@1', 'sync a/b/c', 'unlink DRAFT'],
      ]);
      // Also where it is there: who made it may have been killed before.
      expect((await stepsOf('copy', 'a/b/c/other')).slice(0, 8)).toEqual([...flushed, ...folders]);
    });

    test('what another may not have flushed is flushed before it is told', async () => {
      await store.create(key('k'), contentOf('k'));
      expect(await stepsOf('head')).toEqual([]);
      // Its maker was killed after linking.
      await link(join(root, 'k@1'), join(root, '@drafts', '0123456789ab-1-draft'));
      expect(await stepsOf('head')).toEqual(['sync .']);
      await rm(join(root, '@drafts', '0123456789ab-1-draft'));
      await symlink('@nothing', join(root, 'k@2'));
      expect(await stepsOf('head')).toEqual(['sync .']);
    });
  });
});

/* eslint-disable jest/no-export, jest/expect-expect, jest/no-disabled-tests -- a suite that others call, with tests made from a list of promises */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Content } from '../../repository/content.ts';
import { bytesOf, contentOf } from '../../repository/content.ts';
import type { Digest } from '../../repository/digest.ts';
import type {
  Incarnation,
  ListedObject,
  ListOptions,
  ObjectHead,
  ObjectKey,
  ObjectStore,
  Revision,
} from '../../repository/object-store.ts';
import { compareKeys, leaveBody, objectKey } from '../../repository/object-store.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { answerOf } from './child-script.ts';
import { generatedContent } from './generated-content.ts';
import type { LargeAnswer } from './object-store-child.ts';

export interface OpenedStore {
  readonly store: ObjectStore;
  close(): Promise<void>;
  /** What the script of `ContractAbilities.child` needs to open the same store in another process: a path, a URL. */
  readonly argument?: string;
}

export interface ContractAbilities {
  /**
   * Path of a script that hands a way to open the store to `serveContract` (object-store-child.ts). Without it the tests that need other
   * processes are skipped: such a store lives in one.
   */
  readonly child?: string;
  /**
   * Promises that a foreign emulator is known not to keep: the title of the test, and why. Such a test must fail (a difference that
   * has gone is to be struck from the list), or, where the failure is a matter of luck, is skipped with the reason in its title.
   */
  readonly knownDifferences?: Readonly<Record<string, KnownDifference>>;
  /** Whether heads tell the version by which others may ask the store for exactly this object; true unless said otherwise. */
  readonly versions?: boolean;
  /** Opens a second store, empty, that the first copies from. Without it the store must say that it copies from nobody. */
  readonly another?: () => Promise<OpenedStore>;
  /** Bytes of the largest stream; 1 GiB unless a slow emulator needs less. */
  readonly largeSize?: number;
}

export type KnownDifference = string | { readonly reason: string; readonly skipped: true };

/** What a process may grow by while it passes on content of any size: V8's garbage, a few pieces in flight, an HTTP client. */
const MEMORY_BOUND = 200 * 1024 * 1024;
const GIBIBYTE = 1024 * 1024 * 1024;

/** Keys that a file system, a URL or an XML listing could spoil. */
const AWKWARD_KEYS: Readonly<Record<string, string>> = {
  spaces: 'keys/with a space and  two',
  'spaces at both ends': 'keys/ x / y ',
  'a plus': 'keys/a+b',
  'percent signs': 'keys/100%/%41%2f%zz%',
  'a composed é': 'keys/caf\u00e9',
  'a decomposed é': 'keys/cafe\u0301',
  emoji: 'keys/📦/👩‍👩‍👧',
  'other scripts': 'keys/日本語/Ελληνικά/ﬀ',
  quotes: 'keys/\'single\'"double"`back`',
  'upper case': 'keys/README.MD',
  'lower case': 'keys/readme.md',
  'mixed case': 'keys/ReadMe.md',
  'letters that change their length with the case': 'keys/ßẞıİ',
  'at signs': 'keys/a@1/@/b@',
  'a tilde': 'keys/~a/~/a~',
  'a number sign': 'keys/a#b',
  'a question mark': 'keys/a?b=c&d',
  'an exclamation mark': 'keys/!/x!',
  'a backslash': 'keys/a\\b',
  'a colon': 'keys/a:b',
  'what shells look at': 'keys/*<>|$;(){}[]^',
  'leading and trailing dots': 'keys/.hidden/..x/x../...',
  'a tab and a line feed': 'keys/a\tb\nc',
  'a control character': 'keys/a\u0001b',
  'a segment of 255 bytes': `keys/${'s'.repeat(255)}`,
  'a segment of 256 bytes': `keys/${'s'.repeat(256)}`,
  'a segment of 300 bytes and one below it': `keys/${'S'.repeat(300)}/${'é'.repeat(150)}`,
  '1,024 bytes in one segment': `k/${'x'.repeat(1022)}`,
  '1,024 bytes in many segments': `m/${'y/'.repeat(510)}zz`,
  '1,024 bytes of emoji': `n/__${'📦'.repeat(255)}`,
};

/** In no order; no key is a folder of another. */
const UNORDERED_KEYS: readonly string[] = [
  ...[
    'o/b',
    'o/a/z',
    'o/a!b',
    'o/a-b',
    'o/a/!/1',
    'o/a/b',
    'o/a0',
    'o/a!/c',
    'o/B',
    'o/A/a',
    'o/a b',
    'o/_',
    'o/~',
    'o/%',
  ],
  // UTF-16 puts the first of these after the second, UTF-8 before it.
  ...['o/\uffee', 'o/𐀀', 'o/é', 'o/z', 'o/e\u0301'],
  ...[`o/${'l'.repeat(300)}`, `o/${'l'.repeat(300)}!`, `o/${'l'.repeat(127)}`, `o/${'l'.repeat(128)}/x`],
  ...[`o/${'l'.repeat(128)}!`, `o/${'l'.repeat(128)}0`, `o/${'l'.repeat(129)}/x`, `o/${'l'.repeat(128)}-/x`],
  ...['p', 'o!', 'o-', 'o0', '!', 'O/a'],
];

/**
 * Proves that a store keeps what ObjectStore promises. `open` is called for each test, and answers a store that is empty and that nobody
 * else writes to.
 */
export function objectStoreContract(
  name: string,
  open: () => Promise<OpenedStore>,
  abilities: ContractAbilities = {},
): void {
  const differences = new Map(Object.entries(abilities.knownDifferences ?? {}));

  /** One promise of the interface: a test, if the store is not known to break it. */
  function promises(title: string, prove: () => Promise<void>): void {
    const difference = differences.get(title);
    differences.delete(title);
    if (difference === undefined) test(title, prove);
    else if (typeof difference === 'string') test.failing(`${title} (known difference: ${difference})`, prove);
    else test.skip(`${title} (known difference: ${difference.reason})`, prove);
  }

  describe(`${name} as an ObjectStore`, () => {
    let opened: OpenedStore;
    let store: ObjectStore;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(async () => {
      await opened.close();
    });

    describe('create', () => {
      promises('one of 50 simultaneous creators wins, and nobody ever sees the content of another', async () => {
        const seen = new Set<string>();
        const racing = { on: true };
        const watchers = times(4, async () => {
          while (racing.on) seen.add((await textOf(store, key('race'))) ?? 'none');
        });
        const outcomes = await Promise.all(
          times(50, (writer) => store.create(key('race'), contentOf(`writer ${writer} `.repeat(5000)))),
        );
        racing.on = false;
        await Promise.all(watchers);
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(49);
        const winner = `writer ${outcomes.indexOf('created')} `.repeat(5000);
        expect(await textOf(store, key('race'))).toBe(winner);
        seen.delete('none');
        expect([...seen].every((text) => text === winner)).toBe(true);
      });

      promises('what exists stays as it is', async () => {
        expect(await store.create(key('a'), contentOf('first'))).toBe('created');
        const head = await store.head(key('a'));
        expect(await store.create(key('a'), contentOf('second'))).toBe('exists');
        expect(await textOf(store, key('a'))).toBe('first');
        expect(await store.head(key('a'))).toEqual(head);
      });

      promises('content with a wrong digest is rejected, and nothing is stored', async () => {
        const wrong = { ...contentOf('some bytes'), sha256: '0'.repeat(64) as Digest };
        await expect(store.create(key('wrong'), wrong)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
        await expectAbsent(store, key('wrong'));
        expect(await store.create(key('wrong'), contentOf('some bytes'))).toBe('created');
      });

      promises('content that is shorter or longer than announced is rejected, and nothing is stored', async () => {
        const right = contentOf('some bytes');
        for (const size of [right.size - 1, right.size + 1]) {
          await expect(store.create(key('wrong'), { ...right, size })).rejects.toMatchObject({ name: 'ArtifactError' });
          await expectAbsent(store, key('wrong'));
        }
      });

      promises('content that cannot be read to its end is not stored, and its own error comes through', async () => {
        const broken: Content = {
          ...contentOf('x'.repeat(100_000)),
          async *read() {
            yield Buffer.from('x'.repeat(50_000));
            throw Object.assign(new Error('the disk is gone'), { code: 'SOURCE_CHANGED' });
          },
        };
        await expect(store.create(key('broken'), broken)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
        await expectAbsent(store, key('broken'));
      });

      promises('empty content', async () => {
        expect(await store.create(key('empty'), contentOf(''))).toBe('created');
        expect(await store.head(key('empty'))).toMatchObject({ size: 0 });
        expect(await textOf(store, key('empty'))).toBe('');
        expect(await listed(store, '')).toEqual(['empty']);
      });

      promises('every byte value, in pieces of odd sizes', async () => {
        const bytes = Buffer.from(times(70_001, (index) => index % 256));
        const pieces: Content = {
          ...contentOf(bytes),
          async *read(start = 0, end = bytes.length) {
            for (let at = start, length = 1; at < end; at += length, length = (length * 3) % 9973) {
              yield bytes.subarray(at, Math.min(at + length, end));
            }
          },
        };
        await store.create(key('bytes'), pieces);
        expect(bytes.equals((await bytesAt(store, key('bytes'))) ?? Buffer.alloc(0))).toBe(true);
      });

      promises('progress adds up to the size', async () => {
        const content = generatedContent(3_000_000);
        let sent = 0;
        await store.create(key('progress'), content, { onProgress: (bytes) => (sent += bytes) });
        expect(sent).toBe(content.size);
      });

      promises('20 MiB come back as they were', async () => {
        const content = generatedContent(20 * 1024 * 1024, 7);
        expect(await store.create(key('twenty'), content)).toBe('created');
        expect(await store.head(key('twenty'))).toMatchObject({ size: content.size });
        const bytes = await bytesAt(store, key('twenty'));
        expect(bytes && contentOf(bytes).sha256).toBe(content.sha256);
      });
    });

    describe('read and head', () => {
      promises('nothing is undefined', async () => {
        await expectAbsent(store, key('nothing'));
        await expectAbsent(store, key('no/folder/either'));
      });

      promises('they agree with each other and with the listing', async () => {
        await store.create(key('x/y'), contentOf('twelve bytes'));
        const head = await store.head(key('x/y'));
        const object = await store.read(key('x/y'));
        expect(head).toMatchObject({ key: 'x/y', size: 12 });
        expect(object).toMatchObject({
          key: 'x/y',
          size: 12,
          revision: head?.revision,
          incarnation: head?.incarnation,
        });
        expect(object?.modified).toEqual(head?.modified);
        expect(await textOfBody(object?.body)).toBe('twelve bytes');
        const [entry, ...more] = await entriesOf(store, 'x/');
        expect(entry).toMatchObject({ key: 'x/y', size: 12 });
        expect(more).toEqual([]);
        // A header of HTTP has seconds where a listing may have more.
        expect(Math.abs(Number(entry?.modified) - Number(head?.modified))).toBeLessThan(1000);
      });

      promises('the digest, where a head tells one, is that of the content', async () => {
        const content = contentOf('digested');
        await store.create(key('d'), content);
        const head = await store.head(key('d'));
        expect([undefined, content.sha256]).toContain(head?.sha256);
      });

      promises('the version names one writing, to who asks the store itself, or is not told at all', async () => {
        await store.create(key('v'), contentOf('one'));
        const first = await store.head(key('v'));
        await store.replace(key('v'), contentOf('two'), await revisionOf(store, key('v')));
        const second = await store.head(key('v'));
        expect((await store.read(key('v')))?.version).toBe(second?.version);
        if (abilities.versions === false) {
          for (const head of [first, second]) expect(head).not.toHaveProperty('version');
          return;
        }
        expect([first?.version, second?.version]).toEqual([expect.any(String), expect.any(String)]);
        expect(second?.version).not.toBe(first?.version);
      });

      promises('the time of the writing is told, to the second', async () => {
        const before = Date.now();
        await store.create(key('now'), contentOf('now'));
        const modified = (await store.head(key('now')))?.modified.getTime() ?? 0;
        expect(modified).toBeGreaterThanOrEqual(before - 2000);
        expect(modified).toBeLessThanOrEqual(Date.now() + 2000);
      });

      promises('from a place on: the rest of the bytes, and the head of the whole', async () => {
        const small = contentOf('twelve bytes');
        const large = generatedContent(300_000, 3);
        for (const [name, content] of Object.entries({ small, large })) {
          await store.create(key(name), content);
          const head = await store.head(key(name));
          const bytes = (await bytesAt(store, key(name))) ?? Buffer.alloc(0);
          const { size } = content;
          for (const from of [0, 1, size - 1, size, size + 1]) {
            const object = await store.read(key(name), undefined, from);
            const rest = await bytesOf(object?.body ?? contentOf('').read());
            expect({ from, ...headIn(object), rest: rest.toString('base64') }).toEqual({
              from,
              ...headIn(head),
              rest: bytes.subarray(from).toString('base64'),
            });
          }
          const exactly = await store.read(key(name), await incarnationOf(store, key(name)), size - 5);
          expect(await textOfBody(exactly?.body)).toBe(bytes.subarray(-5).toString());
        }
        expect(await store.read(key('none'), undefined, 5)).toBeUndefined();
      });

      promises('by incarnation: that one or none, never another', async () => {
        await store.create(key('i'), contentOf('one'));
        const first = await incarnationOf(store, key('i'));
        expect(await textOf(store, key('i'), first)).toBe('one');
        await store.replace(key('i'), contentOf('two'), await revisionOf(store, key('i')));
        const second = await incarnationOf(store, key('i'));
        expect(second).not.toBe(first);
        expect(await textOf(store, key('i'), second)).toBe('two');
        expect(['one', undefined]).toContain(await textOf(store, key('i'), first));
        await store.removeIncarnation(key('i'), second);
        expect(await store.read(key('i'), second)).toBeUndefined();
        await store.create(key('i'), contentOf('three'));
        expect(await store.read(key('i'), second)).toBeUndefined();
        expect(['one', undefined]).toContain(await textOf(store, key('i'), first));
      });

      promises('a body that is abandoned half-way hurts nothing', async () => {
        const content = generatedContent(5_000_000);
        await store.create(key('half'), content);
        for (let round = 0; round < 3; round += 1) {
          for await (const piece of (await store.read(key('half')))?.body ?? []) {
            expect(piece.byteLength).toBeGreaterThan(0);
            break;
          }
        }
        expect((await bytesAt(store, key('half')))?.byteLength).toBe(content.size);
      });

      promises('bodies that are not wanted are left before they are begun, as many as there are', async () => {
        const content = generatedContent(2_000_000);
        await store.create(key('unwanted'), content);
        for (let round = 0; round < 120; round += 1) {
          const object = await store.read(key('unwanted'));
          expect(object?.size).toBe(content.size);
          await leaveBody(object!);
        }
        expect((await bytesAt(store, key('unwanted')))?.byteLength).toBe(content.size);
      });

      promises('a reader sees one whole writing while others replace it', async () => {
        const whole = (letter: string): string => letter.repeat(150_000);
        await store.create(key('r'), contentOf(whole('a')));
        const writing = (async () => {
          for (const letter of 'bcdefghij') {
            await store.replace(key('r'), contentOf(whole(letter)), await revisionOf(store, key('r')));
          }
        })();
        const seen: (string | undefined)[] = [];
        for (let round = 0; round < 30; round += 1) seen.push(await textOf(store, key('r')));
        await writing;
        expect(seen.filter((text) => text?.length !== 150_000 || text !== whole(text.charAt(0)))).toEqual([]);
        expect(await textOf(store, key('r'))).toBe(whole('j'));
      });
    });

    describe('replace', () => {
      promises('only the revision that is current, and it gets a new one', async () => {
        await store.create(key('c'), contentOf('one'));
        const first = await revisionOf(store, key('c'));
        expect(await store.replace(key('c'), contentOf('two'), first)).toBe('replaced');
        const second = await revisionOf(store, key('c'));
        expect(second).not.toBe(first);
        expect(await store.replace(key('c'), contentOf('three'), first)).toBe('conflict');
        expect(await textOf(store, key('c'))).toBe('two');
        expect(await store.replace(key('c'), contentOf('three'), second)).toBe('replaced');
        expect(await textOf(store, key('c'))).toBe('three');
        expect(await listed(store, '')).toEqual(['c']);
      });

      promises('an absent, a removed and a re-created key are conflicts', async () => {
        await store.create(key('c'), contentOf('one'));
        const first = await revisionOf(store, key('c'));
        expect(await store.replace(key('other'), contentOf('two'), first)).toBe('conflict');
        await store.removeIncarnation(key('c'), await incarnationOf(store, key('c')));
        expect(await store.replace(key('c'), contentOf('two'), first)).toBe('conflict');
        await expectAbsent(store, key('c'));
        await store.create(key('c'), contentOf('other one'));
        expect(await store.replace(key('c'), contentOf('two'), first)).toBe('conflict');
        expect(await textOf(store, key('c'))).toBe('other one');
        await expectAbsent(store, key('other'));
      });

      promises('one of 20 simultaneous replacers wins', async () => {
        await store.create(key('c'), contentOf('start'));
        const revision = await revisionOf(store, key('c'));
        const outcomes = await Promise.all(
          times(20, (writer) => store.replace(key('c'), contentOf(`writer ${writer}`), revision)),
        );
        expect(outcomes.filter((outcome) => outcome === 'replaced')).toHaveLength(1);
        expect(await textOf(store, key('c'))).toBe(`writer ${outcomes.indexOf('replaced')}`);
      });

      promises('a counter of 10 writers loses no update', async () => {
        await store.create(key('counter'), contentOf('0'));
        await Promise.all(
          times(10, async () => {
            for (let done = 0; done < 10;) {
              const object = await store.read(key('counter'));
              const value = Number(await textOfBody(object?.body));
              const outcome = await store.replace(key('counter'), contentOf(`${value + 1}`), object!.revision);
              if (outcome === 'replaced') done += 1;
            }
          }),
        );
        expect(await textOf(store, key('counter'))).toBe('100');
      });

      promises('content with a wrong digest is rejected, and the old stays', async () => {
        await store.create(key('c'), contentOf('old'));
        const revision = await revisionOf(store, key('c'));
        const wrong = { ...contentOf('new'), sha256: 'f'.repeat(64) as Digest };
        await expect(store.replace(key('c'), wrong, revision)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
        expect(await textOf(store, key('c'))).toBe('old');
        expect(await revisionOf(store, key('c'))).toBe(revision);
      });
    });

    describe('overwrite', () => {
      promises('what is there, what was removed and what never was', async () => {
        await store.create(key('o/there'), contentOf('old'));
        await store.create(key('o/removed'), contentOf('old'));
        await store.removeIncarnation(key('o/removed'), await incarnationOf(store, key('o/removed')));
        const before = await revisionOf(store, key('o/there'));
        for (const name of ['o/there', 'o/removed', 'o/never']) {
          await store.overwrite(key(name), contentOf(`new ${name}`));
          expect(await textOf(store, key(name))).toBe(`new ${name}`);
        }
        expect(await store.replace(key('o/there'), contentOf('late'), before)).toBe('conflict');
        expect(await listed(store, 'o/')).toEqual(['o/never', 'o/removed', 'o/there']);
      });

      promises('of 20 at once none fails, and one is there, whole', async () => {
        const whole = (writer: number): string => `writer ${writer} `.repeat(5000);
        await Promise.all(times(20, (writer) => store.overwrite(key('o'), contentOf(whole(writer)))));
        expect(times(20, whole)).toContain(await textOf(store, key('o')));
        expect(await listed(store, 'o')).toEqual(['o']);
      });

      promises('progress adds up to the size of what overwrites', async () => {
        await store.create(key('o'), contentOf('old'));
        const content = generatedContent(3_000_000);
        let sent = 0;
        await store.overwrite(key('o'), content, { onProgress: (bytes) => (sent += bytes) });
        expect(sent).toBe(content.size);
      });

      promises('content with a wrong digest overwrites nothing', async () => {
        await store.create(key('o'), contentOf('old'));
        const wrong = { ...contentOf('new'), sha256: 'f'.repeat(64) as Digest };
        await expect(store.overwrite(key('o'), wrong)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
        expect(await textOf(store, key('o'))).toBe('old');
      });
    });

    describe('remove', () => {
      promises('an incarnation, once or again', async () => {
        await store.create(key('gone'), contentOf('x'));
        const incarnation = await incarnationOf(store, key('gone'));
        await store.removeIncarnation(key('gone'), incarnation);
        await expectAbsent(store, key('gone'));
        await store.removeIncarnation(key('gone'), incarnation);
        await expectAbsent(store, key('gone'));
        await store.removeIncarnation(key('never/there'), incarnation);
        await expectAbsent(store, key('never/there'));
      });

      promises('a late duplicate leaves what was created since, even of the same bytes', async () => {
        await store.create(key('again'), contentOf('same'));
        const first = await incarnationOf(store, key('again'));
        await store.removeIncarnation(key('again'), first);
        expect(await store.create(key('again'), contentOf('same'))).toBe('created');
        const second = await incarnationOf(store, key('again'));
        expect(second).not.toBe(first);
        await store.removeIncarnation(key('again'), first);
        expect(await textOf(store, key('again'))).toBe('same');
        expect(await incarnationOf(store, key('again'))).toBe(second);
      });

      promises('a superseded incarnation leaves the current one', async () => {
        await store.create(key('s'), contentOf('old'));
        const old = await incarnationOf(store, key('s'));
        await store.replace(key('s'), contentOf('new'), await revisionOf(store, key('s')));
        await store.removeIncarnation(key('s'), old);
        expect(await textOf(store, key('s'))).toBe('new');
        expect(await store.read(key('s'), old)).toBeUndefined();
      });

      promises('the current incarnation does not bring back the one before it', async () => {
        await store.create(key('s'), contentOf('old'));
        await store.replace(key('s'), contentOf('new'), await revisionOf(store, key('s')));
        await store.removeIncarnation(key('s'), await incarnationOf(store, key('s')));
        await expectAbsent(store, key('s'));
      });

      promises('one alone, and nothing that lies beneath', async () => {
        if (store.removeAlone === undefined) return;
        await store.create(key('s'), contentOf('old'));
        const old = await incarnationOf(store, key('s'));
        await store.replace(key('s'), contentOf('new'), await revisionOf(store, key('s')));
        const beneath = (await store.incarnations(key('s'))).filter((one) => one === old);
        const current = await incarnationOf(store, key('s'));
        for (let times = 0; times < 2; times++) {
          await store.removeAlone(key('s'), current);
          expect(await store.incarnations(key('s'))).toEqual(beneath);
          // It is shown again, or never.
          expect([undefined, 'old']).toContain(await textOf(store, key('s')));
          expect(await store.read(key('s'), current)).toBeUndefined();
        }
        await store.removeAlone(key('s'), old);
        await expectAbsent(store, key('s'));
        // Where no versions are kept, the same bytes written again are the same incarnation.
        expect(await store.create(key('s'), contentOf('third'))).toBe('created');
        for (const gone of [old, current]) await store.removeAlone(key('s'), gone);
        expect(await textOf(store, key('s'))).toBe('third');
      });

      promises('a revision, only if it is current', async () => {
        expect(await store.removeRevision(key('v'), 'r' as Revision)).toBe('absent');
        await store.create(key('v'), contentOf('one'));
        const first = await revisionOf(store, key('v'));
        await store.replace(key('v'), contentOf('two'), first);
        expect(await store.removeRevision(key('v'), first)).toBe('conflict');
        expect(await textOf(store, key('v'))).toBe('two');
        const second = await revisionOf(store, key('v'));
        expect(await store.removeRevision(key('v'), second)).toBe('removed');
        await expectAbsent(store, key('v'));
        expect(await store.removeRevision(key('v'), second)).toBe('absent');
      });

      promises('of simultaneous removers and replacers of one revision one wins', async () => {
        for (const round of times(5)) {
          const contested = key(`contested ${round}`);
          await store.create(contested, contentOf('start'));
          const revision = await revisionOf(store, contested);
          const outcomes = await Promise.all(
            times(20, (number) =>
              number % 2 === 0
                ? store.removeRevision(contested, revision)
                : store.replace(contested, contentOf(`writer ${number}`), revision),
            ),
          );
          const won = outcomes.flatMap((outcome, number) =>
            outcome === 'removed' || outcome === 'replaced' ? [number] : [],
          );
          expect(won).toHaveLength(1);
          const expected = won[0]! % 2 === 0 ? undefined : `writer ${won[0]}`;
          expect(await textOf(store, contested)).toBe(expected);
        }
      });

      promises('creating and removing by turns, from many sides, ends in what was done last', async () => {
        await Promise.all(
          times(8, async (writer) => {
            for (const round of times(8)) {
              await store.create(key('turns'), contentOf(`${writer}.${round}`));
              const head = await store.head(key('turns'));
              if (head !== undefined) await store.removeIncarnation(key('turns'), head.incarnation);
            }
          }),
        );
        await expectAbsent(store, key('turns'));
        expect(await store.create(key('turns'), contentOf('at last'))).toBe('created');
        expect(await textOf(store, key('turns'))).toBe('at last');
        expect(await listed(store, '')).toEqual(['turns']);
      });
    });

    describe('incarnations', () => {
      promises('of a key that never was are none, and those of its neighbours are not its own', async () => {
        for (const name of ['i/a', 'i/a!', 'i/ab', 'i/a0/b']) await store.create(key(name), contentOf(name));
        for (const name of ['i/a', 'i/a!', 'i/ab', 'i/a0/b']) {
          expect(await store.incarnations(key(name))).toEqual([await incarnationOf(store, key(name))]);
        }
        for (const name of ['i/c', 'none/at/all']) expect(await store.incarnations(key(name))).toEqual([]);
      });

      promises('begin with the current one, and hold each that can still be read', async () => {
        const written: Incarnation[] = [];
        await store.create(key('i'), contentOf('0'));
        for (const number of times(5)) {
          written.unshift(await incarnationOf(store, key('i')));
          await store.replace(key('i'), contentOf(`${number + 1}`), await revisionOf(store, key('i')));
        }
        written.unshift(await incarnationOf(store, key('i')));
        const found = await store.incarnations(key('i'));
        expect(found[0]).toBe(written[0]);
        const readable: Incarnation[] = [];
        for (const one of written) if ((await textOf(store, key('i'), one)) !== undefined) readable.push(one);
        expect(found).toEqual(readable);
      });

      promises('leave out what was removed, and show what was hidden until it is removed too', async () => {
        await store.create(key('i'), contentOf('one'));
        const first = await incarnationOf(store, key('i'));
        await store.removeIncarnation(key('i'), first);
        expect(await store.incarnations(key('i'))).toEqual([]);
        await store.create(key('i'), contentOf('two'));
        await store.removeRevision(key('i'), await revisionOf(store, key('i')));
        await store.create(key('i'), contentOf('three'));
        const current = await incarnationOf(store, key('i'));
        const found = await store.incarnations(key('i'));
        expect(found[0]).toBe(current);
        expect(found).not.toContain(first);
        for (const one of found) {
          await store.removeIncarnation(key('i'), one);
          expect(await store.incarnations(key('i'))).not.toContain(one);
        }
        expect(await store.incarnations(key('i'))).toEqual([]);
        await expectAbsent(store, key('i'));
        expect(await store.create(key('i'), contentOf('four'))).toBe('created');
      });
    });

    describe('copy', () => {
      promises('has the same bytes and a life of its own', async () => {
        await store.create(key('from'), contentOf('bytes'));
        expect(await store.copy(key('from'), key('to/there'))).toBe('created');
        expect(await textOf(store, key('to/there'))).toBe('bytes');
        expect(await store.head(key('to/there'))).toMatchObject({ key: 'to/there', size: 5 });
        await store.removeIncarnation(key('from'), await incarnationOf(store, key('from')));
        expect(await textOf(store, key('to/there'))).toBe('bytes');
        expect(await listed(store, '')).toEqual(['to/there']);
      });

      promises('leaves what exists, and what was replaced is copied as it is now', async () => {
        await store.create(key('from'), contentOf('old'));
        await store.replace(key('from'), contentOf('new'), await revisionOf(store, key('from')));
        await store.create(key('taken'), contentOf('taken'));
        expect(await store.copy(key('from'), key('taken'))).toBe('exists');
        expect(await textOf(store, key('taken'))).toBe('taken');
        expect(await store.copy(key('from'), key('free'))).toBe('created');
        expect(await textOf(store, key('free'))).toBe('new');
      });

      promises('nothing comes of what is absent or was removed', async () => {
        expect(await store.copy(key('never'), key('to'))).toBe('absent');
        await store.create(key('from'), contentOf('bytes'));
        await store.removeIncarnation(key('from'), await incarnationOf(store, key('from')));
        expect(await store.copy(key('from'), key('to'))).toBe('absent');
        await expectAbsent(store, key('to'));
      });

      promises('one of 20 simultaneous copies and creations wins', async () => {
        await Promise.all(times(10, (number) => store.create(key(`from/${number}`), contentOf(`from ${number}`))));
        const outcomes = await Promise.all(
          times(20, (number) =>
            number < 10
              ? store.copy(key(`from/${number}`), key('to'))
              : store.create(key('to'), contentOf(`from ${number}`)),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
        expect(await textOf(store, key('to'))).toBe(`from ${outcomes.indexOf('created')}`);
      });
    });

    describe('copyFrom', () => {
      const { another } = abilities;
      if (another === undefined) {
        promises('a store that copies from nobody has no address, and nothing in it has tags', async () => {
          expect(store.address).toBeUndefined();
          expect([typeof store.copyFrom, typeof store.setTag]).toEqual(['undefined', 'undefined']);
        });
        return;
      }
      let other: OpenedStore;
      let source: ObjectStore;

      beforeEach(async () => {
        other = await another();
        source = other.store;
      });
      afterEach(async () => {
        await other.close();
      });

      async function made(text: string, at = key('from')): Promise<ObjectHead> {
        await source.create(at, contentOf(text));
        return (await source.head(at))!;
      }

      promises('has the bytes of another store’s object, and a life of its own', async () => {
        const head = await made('bytes');
        expect(await store.copyFrom!(source, head, key('to/there'))).toBe('created');
        expect(await textOf(store, key('to/there'))).toBe('bytes');
        expect(await store.head(key('to/there'))).toMatchObject({ key: 'to/there', size: 5 });
        await source.removeIncarnation(key('from'), head.incarnation);
        expect(await textOf(store, key('to/there'))).toBe('bytes');
        expect(await listed(store, '')).toEqual(['to/there']);
        expect(await listed(source, '')).toEqual([]);
      });

      promises('leaves what exists where another store’s object was to be', async () => {
        const head = await made('new');
        await store.create(key('taken'), contentOf('taken'));
        expect(await store.copyFrom!(source, head, key('taken'))).toBe('exists');
        expect(await textOf(store, key('taken'))).toBe('taken');
      });

      promises('takes exactly the object that was seen in another store', async () => {
        const head = await made('old');
        await source.replace(key('from'), contentOf('new'), head.revision);
        expect(await store.copyFrom!(source, head, key('to'))).toBe('changed');
        const current = (await source.head(key('from')))!;
        await source.removeIncarnation(key('from'), current.incarnation);
        expect(await store.copyFrom!(source, current, key('to'))).toBe('changed');
        await expectAbsent(store, key('to'));
      });

      promises('takes nothing from a store of another kind', async () => {
        const memory = memoryStore(() => new Date());
        await memory.create(key('from'), contentOf('bytes'));
        expect(await store.copyFrom!(memory, (await memory.head(key('from')))!, key('to'))).toBe('unsupported');
        await expectAbsent(store, key('to'));
      });

      promises('one of 20 simultaneous copies from another store and creations wins', async () => {
        const heads = await Promise.all(times(10, (number) => made(`from ${number}`, key(`from/${number}`))));
        const outcomes = await Promise.all(
          times(20, (number) =>
            number < 10
              ? store.copyFrom!(source, heads[number]!, key('to'))
              : store.create(key('to'), contentOf(`from ${number}`)),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
        expect(await textOf(store, key('to'))).toBe(`from ${outcomes.indexOf('created')}`);
      });

      promises('finds every key of another store', async () => {
        for (const text of Object.values(AWKWARD_KEYS)) {
          const at = objectKey(text);
          expect(await store.copyFrom!(source, await made(`content of ${text}`, at), at)).toBe('created');
          expect(await textOf(store, at)).toBe(`content of ${text}`);
        }
      });

      promises('a tag is set once, and changes no revision', async () => {
        expect(await store.setTag!(key('a'), 'name', '/x/y/')).toBe('absent');
        await store.create(key('a'), contentOf('bytes'));
        const before = await store.head(key('a'));
        expect(await store.setTag!(key('a'), 'name', '/x/y/')).toBe('set');
        expect(await store.setTag!(key('a'), 'name', '/x/y/')).toBe('same');
        expect(await store.setTag!(key('a'), 'other', '')).toBe('set');
        expect(await store.setTag!(key('a'), 'name', '/x/y/')).toBe('same');
        expect(await store.setTag!(key('a'), 'name', '/x/')).toBe('set');
        expect(await store.head(key('a'))).toEqual(before);
        await store.removeIncarnation(key('a'), before!.incarnation);
        expect(await store.setTag!(key('a'), 'name', '/x/y/')).toBe('absent');
      });
    });

    describe('keys', () => {
      for (const [what, awkward] of Object.entries(AWKWARD_KEYS)) {
        promises(`a key with ${what}`, async () => {
          const odd = objectKey(awkward);
          expect(await store.create(odd, contentOf(awkward))).toBe('created');
          expect(await store.create(odd, contentOf('again'))).toBe('exists');
          expect(await store.head(odd)).toMatchObject({ key: awkward });
          expect(await textOf(store, odd)).toBe(awkward);
          expect(await listed(store, '')).toEqual([awkward]);
          expect(await listed(store, awkward)).toEqual([awkward]);
          expect(await store.copy(odd, key('copy'))).toBe('created');
          expect(await store.replace(odd, contentOf('new'), await revisionOf(store, odd))).toBe('replaced');
          await store.removeIncarnation(odd, await incarnationOf(store, odd));
          expect(await listed(store, '')).toEqual(['copy']);
          expect(await store.copy(key('copy'), odd)).toBe('created');
          expect(await textOf(store, odd)).toBe(awkward);
        });
      }

      promises('none of them is taken for another', async () => {
        const keys = Object.values(AWKWARD_KEYS);
        await eachOf(keys, (text) => store.create(objectKey(text), contentOf(`content of ${text}`)));
        expect(await listed(store, '')).toEqual(keys.toSorted(compareKeys));
        for (const text of keys) expect(await textOf(store, objectKey(text))).toBe(`content of ${text}`);
      });
    });

    describe('several processes', () => {
      const several = abilities.child === undefined ? skipsProcesses : promises;

      several('each of 150 keys has one creator among 6 processes', async () => {
        const won = await Promise.all(
          times(6, (worker) =>
            answerOf<number[]>(abilities.child!, ['create', opened.argument ?? '', `${worker}`, '150']),
          ),
        );
        expect(won.flat().toSorted((a, b) => a - b)).toEqual(times(150, (number) => number));
        for (const [worker, numbers] of won.entries()) {
          for (const number of numbers) expect(await textOf(store, key(`race/${number}`))).toBe(`worker ${worker}`);
        }
      });

      several('a counter of 4 processes loses no update', async () => {
        await store.create(key('counter'), contentOf('0'));
        await Promise.all(times(4, () => answerOf<number>(abilities.child!, ['count', opened.argument ?? '', '50'])));
        expect(await textOf(store, key('counter'))).toBe('200');
      });

      const largeSize = abilities.largeSize ?? GIBIBYTE;
      several('a stream of a gibibyte goes in and out with bounded memory', async () => {
        const answer = await answerOf<LargeAnswer>(abilities.child!, ['large', opened.argument ?? '', `${largeSize}`]);
        expect(answer).toMatchObject({ created: 'created', same: true });
        expect(answer.growth).toBeLessThan(MEMORY_BOUND);
        expect(await store.head(key('large'))).toMatchObject({ size: largeSize });
      });
    });

    describe('list', () => {
      promises('ascends by the UTF-8 bytes of the keys', async () => {
        await eachOf(UNORDERED_KEYS, (text) => store.create(objectKey(text), contentOf('')));
        const sorted = UNORDERED_KEYS.toSorted(compareKeys);
        expect(await listed(store, '')).toEqual(sorted);
        for (const after of sorted) {
          expect(await listed(store, '', { after })).toEqual(sorted.filter((text) => compareKeys(text, after) > 0));
        }
        for (const text of sorted) {
          for (const prefix of [text, text.slice(0, -1), text.slice(0, 3), `${text}/`].filter((it) =>
            it.isWellFormed(),
          )) {
            expect(await listed(store, prefix)).toEqual(sorted.filter((other) => other.startsWith(prefix)));
          }
        }
      });

      promises('holds every write acknowledged before it began, each once, while others write', async () => {
        const acknowledged: string[] = [];
        const writing = Promise.all(
          times(4, async (writer) => {
            for (const number of times(25)) {
              const written = key(`busy/${number % 5}/${writer}-${number}`);
              await store.create(written, contentOf('1'));
              acknowledged.push(written);
              if (number % 3 === 0) await store.replace(written, contentOf('2'), await revisionOf(store, written));
            }
          }),
        );
        const progress = { done: false };
        void writing.then(() => (progress.done = true));
        while (!progress.done) {
          const before = [...acknowledged];
          const keys = await listed(store, 'busy/');
          expect(before.filter((text) => !keys.includes(text))).toEqual([]);
          expect(keys).toEqual([...new Set(keys)].toSorted(compareKeys));
        }
        await writing;
        expect(await listed(store, 'busy/')).toHaveLength(100);
      });

      promises('leaves out what was removed, and shows what replaced it', async () => {
        for (const name of ['l/a', 'l/b', 'l/c']) await store.create(key(name), contentOf('1'));
        await store.removeIncarnation(key('l/a'), await incarnationOf(store, key('l/a')));
        await store.removeRevision(key('l/c'), await revisionOf(store, key('l/c')));
        await store.replace(key('l/b'), contentOf('longer'), await revisionOf(store, key('l/b')));
        const entries = await entriesOf(store, 'l/');
        expect(entries.map(({ key: at, size }) => [at, size])).toEqual([['l/b', 6]]);
        await store.create(key('l/a'), contentOf('new'));
        expect(await listed(store, 'l/')).toEqual(['l/a', 'l/b']);
      });
    });

    describe('list of 2,500 keys', () => {
      // Names of every kind in folders of every size; the sort below is the only other place that knows their order.
      const keys = times(2500, (number) => {
        const name = ['n', 'N', 'é', '!', '~', '%', '📦', 'n-', 'n!'][number % 9] ?? '';
        return `page/${number % 4 === 0 ? `folder ${number % 50}/` : ''}${name}${(number * 7919) % 2500}`;
      });
      const sorted = keys.toSorted(compareKeys);
      let filled: OpenedStore;

      beforeAll(async () => {
        filled = await open();
        await eachOf([...keys, 'pag', 'page!', 'pagf'], (text) =>
          filled.store.create(objectKey(text), contentOf(text)),
        );
      });
      afterAll(async () => {
        await filled.close();
      });

      promises('comes whole and in order', async () => {
        const entries = await entriesOf(filled.store, 'page/');
        expect(entries.map((entry) => entry.key)).toEqual(sorted);
        expect(entries.every((entry) => entry.size === Buffer.byteLength(entry.key))).toBe(true);
      });

      promises('comes in pages that join without gap or overlap', async () => {
        for (const limit of [1000, 997, 333]) {
          const found: string[] = [];
          for (;;) {
            const after = found.at(-1);
            const page = await listed(filled.store, 'page/', { limit, ...(after !== undefined && { after }) });
            expect(page.length).toBeLessThanOrEqual(limit);
            found.push(...page);
            if (page.length < limit) break;
          }
          expect(found).toEqual(sorted);
        }
      });

      promises('begins after any text, a key or not', async () => {
        const texts = [
          'page/',
          'page/n',
          'page/folder 1',
          'page/folder 16/',
          'page/folder 16/zzz',
          'page/~',
          sorted[1234]!,
        ];
        for (const after of [...texts, 'a', 'page', 'page/\u{10ffff}', 'q']) {
          const expected = sorted.filter((text) => compareKeys(text, after) > 0);
          expect(await listed(filled.store, 'page/', { after })).toEqual(expected);
          expect(await listed(filled.store, 'page/', { after, limit: 3 })).toEqual(expected.slice(0, 3));
        }
      });

      promises('takes a prefix that ends within a segment', async () => {
        for (const prefix of [
          'page/n',
          'page/folder 1',
          'page/folder 16/',
          'page/folder 16/N1',
          'page/N1',
          'page/é2',
        ]) {
          expect(await listed(filled.store, prefix)).toEqual(sorted.filter((text) => text.startsWith(prefix)));
        }
        expect(await listed(filled.store, 'pag', { limit: 2 })).toEqual(['pag', 'page!']);
        expect(await listed(filled.store, 'page')).toHaveLength(2501);
        expect(await listed(filled.store, '')).toHaveLength(2503);
      });

      promises('is empty for a prefix that nothing has', async () => {
        for (const prefix of [
          'page/folder 16/N1/',
          'page/none/',
          'other',
          '/',
          'page//',
          'page/./',
          'page/../',
          '../',
        ]) {
          expect(await listed(filled.store, prefix)).toEqual([]);
        }
      });

      promises('can be left early', async () => {
        for await (const { key: first } of filled.store.list('page/')) {
          expect(first).toBe(sorted[0]);
          break;
        }
        expect(await listed(filled.store, 'page/', { limit: 0 })).toEqual([]);
        expect(await listed(filled.store, 'page/', { limit: 1 })).toEqual(sorted.slice(0, 1));
      });
    });
  });

  if (differences.size > 0) {
    throw new Error(`no promise has the title '${[...differences.keys()].join("' or '")}'`);
  }
}

function skipsProcesses(title: string, prove: () => Promise<void>): void {
  test.skip(`${title} (this store lives in one process)`, prove);
}

const key = (text: string): ObjectKey => objectKey(text);

function times<T = number>(count: number, make: (index: number) => T = (index) => index as T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** 50 at once: enough to overlap, few enough for one server. */
async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    times(50, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
    }),
  );
}

async function bytesAt(store: ObjectStore, at: ObjectKey, incarnation?: Incarnation): Promise<Buffer | undefined> {
  const object = await store.read(at, incarnation);
  return object && bytesOf(object.body);
}

async function textOf(store: ObjectStore, at: ObjectKey, incarnation?: Incarnation): Promise<string | undefined> {
  return (await bytesAt(store, at, incarnation))?.toString();
}

async function textOfBody(body: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  return body === undefined ? '' : (await bytesOf(body)).toString();
}

/** What a read tells as a look does. */
function headIn(head: ObjectHead | undefined): Partial<ObjectHead> | undefined {
  return head && { key: head.key, size: head.size, revision: head.revision, incarnation: head.incarnation };
}

async function revisionOf(store: ObjectStore, at: ObjectKey): Promise<Revision> {
  return (await store.head(at))!.revision;
}

async function incarnationOf(store: ObjectStore, at: ObjectKey): Promise<Incarnation> {
  return (await store.head(at))!.incarnation;
}

async function entriesOf(store: ObjectStore, prefix: string, options?: ListOptions): Promise<ListedObject[]> {
  const entries: ListedObject[] = [];
  for await (const entry of store.list(prefix, options)) entries.push(entry);
  return entries;
}

async function listed(store: ObjectStore, prefix: string, options?: ListOptions): Promise<string[]> {
  return (await entriesOf(store, prefix, options)).map((entry) => entry.key);
}

async function expectAbsent(store: ObjectStore, at: ObjectKey): Promise<void> {
  expect(await store.head(at)).toBeUndefined();
  expect(await store.read(at)).toBeUndefined();
  expect(await listed(store, at)).toEqual([]);
}

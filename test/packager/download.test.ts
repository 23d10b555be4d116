import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Download } from '../../packager/download.ts';
import { download } from '../../packager/download.ts';
import { outputFile } from '../../packager/output.ts';
import { PartialFile } from '../../packager/partial-file.ts';
import { contentOf } from '../../repository/content.ts';
import { ArtifactError } from '../../repository/error.ts';
import { blobKey } from '../../repository/keys.ts';
import type { ObjectStore } from '../../repository/object-store.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import { steadyChance } from '../support/chance.ts';
import { temporaryFolder } from '../support/temporary.ts';

const MIB = 1024 * 1024;
const LARGE = Buffer.from(Array.from({ length: 3 * MIB }, (_, index) => (index * 7919) % 251));
const { sha256: digest } = contentOf(LARGE);
const PART = `a.bin.part-${digest.slice(0, 16)}`;

let folder: string;
let store: ObjectStore;
/** From where content was asked for. */
let asked: number[];
let kept: [string, number][];

beforeEach(async () => {
  folder = await temporaryFolder();
  asked = [];
  kept = [];
  const inner = memoryStore(steadyChance().now);
  store = {
    ...inner,
    read: (key, incarnation, from = 0) => {
      asked.push(from);
      return inner.read(key, incarnation, from);
    },
  };
  await store.create(blobKey(digest, 'a.bin'), contentOf(LARGE));
});

function wanted(name: string, blob: Download['blob'] = { digest, filename: 'a.bin' }): Download {
  return { output: outputFile('--output', name, folder), blob };
}

function fetch(downloads: readonly Download[], from: ObjectStore = store, signal?: AbortSignal): Promise<void> {
  const onKept = (file: string, bytes: number): void => void kept.push([path.relative(folder, file), bytes]);
  return download(from, downloads, { signal: signal ?? new AbortController().signal, onKept });
}

/** One that gives pieces of 100,000 bytes, and breaks off behind so many. */
function breaking(after: number, error: Error): ObjectStore {
  return {
    ...store,
    read: async (key, incarnation, from = 0) => {
      const object = await store.read(key, incarnation, from);
      async function* body(): AsyncGenerator<Uint8Array> {
        for (let at = from; at < LARGE.byteLength; at += 100_000) {
          if (at - from >= after) throw error;
          yield LARGE.subarray(at, at + 100_000);
        }
      }
      return object && { ...object, body: body() };
    },
  };
}

const CUT = new ArtifactError('STORE_UNAVAILABLE', 'the line is cut');

describe('a download', () => {
  test('is there as a whole, and leaves nothing else', async () => {
    await fetch([wanted('a.bin')]);
    expect(readdirSync(folder)).toEqual(['a.bin']);
    expect(readFileSync(path.join(folder, 'a.bin')).equals(LARGE)).toBe(true);
    expect(kept).toEqual([]);
  });

  test('that breaks off is gone on with, again and again', async () => {
    await expect(fetch([wanted('a.bin')], breaking(1_200_000, CUT))).rejects.toBe(CUT);
    expect(readdirSync(folder)).toEqual([PART]);
    await expect(fetch([wanted('a.bin')], breaking(500_000, CUT))).rejects.toBe(CUT);
    expect(kept).toEqual([
      [PART, 1_200_000],
      [PART, 1_700_000],
    ]);
    asked = [];
    await fetch([wanted('a.bin')]);
    expect(asked).toEqual([1_700_000]);
    expect(readdirSync(folder)).toEqual(['a.bin']);
    expect(readFileSync(path.join(folder, 'a.bin')).equals(LARGE)).toBe(true);
  });

  test('of which little came leaves nothing', async () => {
    await expect(fetch([wanted('a.bin')], breaking(500_000, CUT))).rejects.toBe(CUT);
    expect(readdirSync(folder)).toEqual([]);
    expect(kept).toEqual([]);
  });

  test('goes on with what a killed process left, with the most of it', async () => {
    // No process has a number beyond this.
    writeFileSync(path.join(folder, `${PART}.4194999`), LARGE.subarray(0, 2_000_000));
    writeFileSync(path.join(folder, PART), LARGE.subarray(0, 1_500_000));
    await fetch([wanted('a.bin')]);
    expect(asked).toEqual([2_000_000]);
    expect(readdirSync(folder)).toEqual(['a.bin']);
  });

  test('leaves alone what another process is at work on', async () => {
    const others = `${PART}.${process.ppid}`;
    writeFileSync(path.join(folder, others), LARGE.subarray(0, 2_000_000));
    await fetch([wanted('a.bin')]);
    expect(asked).toEqual([0]);
    expect(readdirSync(folder).sort()).toEqual(['a.bin', others]);
  });

  test.each([
    ['of other bytes', Buffer.alloc(2_000_000, 'x')],
    ['that is longer than the whole', Buffer.concat([LARGE, Buffer.from('x')])],
  ])('throws away what was begun %s, and fetches it anew', async (_what, begun) => {
    writeFileSync(path.join(folder, PART), begun);
    await fetch([wanted('a.bin')]);
    expect(asked).toEqual([begun.byteLength, 0]);
    expect(readdirSync(folder)).toEqual(['a.bin']);
    expect(readFileSync(path.join(folder, 'a.bin')).equals(LARGE)).toBe(true);
  });

  test('that was all there is verified, and asks for nothing but the end', async () => {
    writeFileSync(path.join(folder, PART), LARGE);
    await fetch([wanted('a.bin')]);
    expect(asked).toEqual([LARGE.byteLength]);
    expect(readdirSync(folder)).toEqual(['a.bin']);
  });

  test('of damaged content fails once, and leaves nothing', async () => {
    const damaged = { ...contentOf(Buffer.concat([LARGE.subarray(0, -1), Buffer.from('x')])) };
    const other = memoryStore(steadyChance().now);
    await other.create(blobKey(digest, 'a.bin'), damaged);
    writeFileSync(path.join(folder, PART), LARGE.subarray(0, 2_000_000));
    await expect(fetch([wanted('a.bin')], other)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that a person ends keeps what it has', async () => {
    const ending = new AbortController();
    const reason = new ArtifactError('INTERRUPTED', 'interrupted');
    writeFileSync(path.join(folder, PART), LARGE.subarray(0, 2_000_000));
    ending.abort(reason);
    await expect(fetch([wanted('a.bin')], store, ending.signal)).rejects.toBe(reason);
    expect(kept).toEqual([[PART, 2_000_000]]);
    expect(readFileSync(path.join(folder, PART)).equals(LARGE.subarray(0, 2_000_000))).toBe(true);
  });

  test('replaces the file at the end of a link, beside which the beginning is kept', async () => {
    mkdirSync(path.join(folder, 'elsewhere'));
    writeFileSync(path.join(folder, 'elsewhere', 'a.bin'), 'old', { mode: 0o600 });
    symlinkSync(path.join('elsewhere', 'a.bin'), path.join(folder, 'link'));
    await expect(fetch([wanted('link')], breaking(1_200_000, CUT))).rejects.toBe(CUT);
    expect(readdirSync(path.join(folder, 'elsewhere')).sort()).toEqual(['a.bin', PART]);
    expect(readFileSync(path.join(folder, 'link'), 'utf8')).toBe('old');
    await fetch([wanted('link')]);
    expect(readFileSync(path.join(folder, 'elsewhere', 'a.bin')).equals(LARGE)).toBe(true);
    expect(readdirSync(path.join(folder, 'elsewhere'))).toEqual(['a.bin']);
  });
});

describe('several downloads', () => {
  test('appear all or none, and what is whole is not fetched again', async () => {
    const { sha256: absent } = contentOf('absent');
    const both = [wanted('a.bin'), wanted('b.bin', { digest: absent, filename: 'b.bin' })];
    await expect(fetch(both)).rejects.toMatchObject({ code: 'CONTENT_MISSING' });
    expect(readdirSync(folder)).toEqual([PART]);
    await store.create(blobKey(absent, 'b.bin'), contentOf('absent'));
    asked = [];
    await fetch(both);
    expect(readdirSync(folder).sort()).toEqual(['a.bin', 'b.bin']);
    expect(asked.sort()).toEqual([0, LARGE.byteLength]);
  });
});

test('what is begun is taken by one alone', () => {
  const target = path.join(folder, 'a.bin');
  writeFileSync(path.join(folder, PART), LARGE);
  const first = new PartialFile(target, digest);
  expect(first.size).toBe(LARGE.byteLength);
  expect(readdirSync(folder)).toEqual([`${PART}.${process.pid}`]);
  expect(first.keep()).toBe(path.join(folder, PART));
  expect(first.keep()).toBeUndefined();
});

import { beforeEach, describe, expect, test } from '@jest/globals';
import { findUploadedBlob, uploadBlob } from '../../repository/uploaded-blob.ts';
import { contentOf } from '../../repository/content.ts';
import { sha256 } from '../../repository/digest.ts';
import type { ObjectStore } from '../../repository/object-store.ts';
import type { Publishable } from '../../repository/publishable.ts';
import { counting } from '../../repository/stores/counting.ts';
import { memoryStore } from '../../repository/stores/memory.ts';

const TEXT = 'the archive';
const RIGHT = { sha256: sha256(TEXT), size: TEXT.length };
const DIGEST = { digest: RIGHT.sha256 };

let store: ObjectStore;
let requests: string[];
let opened: number;
beforeEach(() => {
  requests = [];
  opened = 0;
  store = counting(
    memoryStore(() => new Date(0)),
    ({ method }) => requests.push(method),
  );
});

/** @param expected what its bytes are said to come to */
function archive(expected?: typeof RIGHT): Publishable {
  return {
    filename: 'archive.zip',
    ...(expected !== undefined && { expected: () => expected }),
    open: () => {
      opened += 1;
      return Promise.resolve({ ...contentOf(TEXT), close: () => Promise.resolve() });
    },
  };
}

describe('content whose digest is remembered', () => {
  test('is not made where it is there', async () => {
    const first = await uploadBlob(store, archive(), 'keep');
    requests = [];
    expect(await uploadBlob(store, archive(RIGHT), 'keep')).toEqual({ ...first, outcome: 'reused' });
    expect(await findUploadedBlob(store, archive(RIGHT))).toMatchObject({ key: first.key, size: RIGHT.size });
    expect({ opened, requests }).toEqual({ opened: 1, requests: ['head', 'head'] });
  });

  test('is made where it is not', async () => {
    expect(await findUploadedBlob(store, archive(RIGHT))).toBeUndefined();
    expect(await uploadBlob(store, archive(RIGHT), 'keep')).toMatchObject({
      outcome: 'uploaded',
      digest: RIGHT.sha256,
    });
    expect(opened).toBe(2);
  });

  test('is made where it is to be written again', async () => {
    await uploadBlob(store, archive(), 'keep');
    expect(await uploadBlob(store, archive(RIGHT), 'overwrite')).toMatchObject({ outcome: 'uploaded' });
    expect(opened).toBe(2);
  });

  test.each([
    ['digest', { ...RIGHT, sha256: sha256('something else') }],
    ['size', { ...RIGHT, size: 1 }],
  ])('is what its bytes are where the %s is remembered wrong', async (_, wrong) => {
    const uploaded = await uploadBlob(store, archive(wrong), 'keep');
    expect(uploaded).toMatchObject({ outcome: 'uploaded', ...DIGEST, size: RIGHT.size });
    expect(await uploadBlob(store, archive(wrong), 'keep')).toMatchObject({ outcome: 'reused', ...DIGEST });
  });
});

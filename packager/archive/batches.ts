import type { FileState } from './file.ts';

/** What one job takes: so much that handing it over costs little, so little that threads end together and a lone thread stops often. */
const BATCH_FILES = 256;
const BATCH_BYTES = 2 * 1024 * 1024;

/** Cuts the list, in its order, into batches; a larger file is alone. */
export function batches<T extends { readonly file: FileState }>(items: readonly T[]): T[][] {
  const result: T[][] = [];
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (batch.length > 0 && (batch.length === BATCH_FILES || bytes + item.file.size > BATCH_BYTES)) {
      result.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.file.size;
  }
  if (batch.length > 0) result.push(batch);
  return result;
}

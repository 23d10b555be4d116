/** What one job takes: so much that handing it over costs little, so little that threads end together and a lone thread stops often. */
const BATCH_FILES = 256;
const BATCH_BYTES = 2 * 1024 * 1024;

/** Cuts the list, in its order, into batches; a larger file is alone. */
export function batches<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const result: T[][] = [];
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (batch.length > 0 && (batch.length === BATCH_FILES || bytes + size > BATCH_BYTES)) {
      result.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) result.push(batch);
  return result;
}

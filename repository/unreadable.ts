import { ArtifactError } from './error.ts';

/** What is told of a record that can't be read: what else there is, is told all the same. */
export type Unreadable = (error: ArtifactError) => void;

/**
 * Reads for who looks. Whoever decides by what is read gives no `unreadable`, and fails with it: what is unknown is never taken for nothing.
 * @returns `undefined` too of what can't be read, which is told
 * @throws what `read` throws; UNSUPPORTED_FORMAT only where nobody is to be told
 */
export async function readable<T>(
  unreadable: Unreadable | undefined,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (unreadable === undefined || !(error instanceof ArtifactError) || error.code !== 'UNSUPPORTED_FORMAT')
      throw error;
    unreadable(error);
    return undefined;
  }
}

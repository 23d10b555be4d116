import { ArtifactError } from '../error.ts';

/** Where an audit goes on. In this order: */
export type Cursor =
  /** behind this key below `references/`, */
  | { readonly at: 'references'; readonly key: string }
  /** behind this key below `consumers/`, */
  | { readonly at: 'records'; readonly key: string }
  /** at the resources of this stack behind this logical ID, then with the records of the next stack, */
  | { readonly at: 'resources'; readonly stackId: string; readonly logicalId: string }
  /** at the resources of this importing stack behind this logical ID, then with the next importer; of one without an ID, its name. */
  | { readonly at: 'importers'; readonly stackId: string; readonly logicalId: string };

/** Sorts behind every character of a logical ID, and of what else follows a `/` in the key of a record. */
export const END = '~';

/** The text that `parseCursor` reads back. It goes out with a command that is unfinished, and means nothing to who sends it in again. */
export function formatCursor(cursor: Cursor): string {
  return 'key' in cursor ? `${cursor.at} ${cursor.key}` : `${cursor.at} ${cursor.stackId} ${cursor.logicalId}`;
}

/** @throws ArtifactError INVALID_ARGUMENT */
export function parseCursor(text: string): Cursor {
  const [, at, rest = ''] = /^([a-z]+) (.*)$/s.exec(text) ?? [];
  if (at === 'records' || at === 'references') return { at, key: rest };
  const [stackId = '', logicalId, ...more] = rest.split(' ');
  if ((at === 'resources' || at === 'importers') && logicalId !== undefined && more.length === 0)
    return { at, stackId, logicalId };
  throw new ArtifactError('INVALID_ARGUMENT', `'${text}' is no place where an audit can go on`, {
    remedy: 'Begin the audit anew.',
  });
}

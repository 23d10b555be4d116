import { ArtifactError } from '../error.ts';

/** What is looked at, in this order: references come back before it is looked whether what they need is being deleted. */
export const PASSES = [
  'versions',
  'references',
  'consumers',
  'sources',
  'labels',
  'bookmarks',
  'statuses',
  'promotions',
  'repositories',
  'endings',
  'deletions',
  'blobs',
] as const;
export type PassName = (typeof PASSES)[number];

/** Where a verification goes on: in this pass, behind this key. */
export interface Cursor {
  readonly pass: PassName;
  /** Empty at the beginning of the pass. */
  readonly key: string;
}

export function formatCursor({ pass, key }: Cursor): string {
  return `${pass} ${key}`;
}

/** @throws ArtifactError INVALID_ARGUMENT */
export function parseCursor(text: string): Cursor {
  const space = text.indexOf(' ');
  const pass = PASSES.find((one) => one === text.slice(0, space));
  if (pass !== undefined) return { pass, key: text.slice(space + 1) };
  throw new ArtifactError('INVALID_ARGUMENT', `'${text}' is no place where a verification can go on`, {
    remedy: 'Begin it anew.',
  });
}

import type { Status } from './status.ts';

/** What people may give a version. `Unfinished` it is from the beginning or never, and `Deleted` by a deletion. */
export const TARGETS = ['Published', 'Unlisted', 'Archived', 'Disposed'] as const;
export type TargetStatus = (typeof TARGETS)[number];

/** Which status may follow which, as in CodeArtifact: Disposed is final, and Deleted but for an undelete. */
export const FOLLOWERS: Readonly<Record<Status, readonly TargetStatus[]>> = {
  Unfinished: ['Published', 'Unlisted', 'Archived', 'Disposed'],
  Published: ['Unlisted', 'Archived', 'Disposed'],
  Unlisted: ['Published', 'Archived', 'Disposed'],
  Archived: ['Published', 'Unlisted', 'Disposed'],
  Disposed: [],
  Deleting: [],
  Deleted: [],
};

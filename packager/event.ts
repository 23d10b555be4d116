import type { SourcePlace } from '../repository/index.ts';

/** What happens while a template is packaged, as it happens. The working code tells; the command line renders. */
export type PackagerEvent =
  | {
      readonly kind: 'progress';
      readonly stage: 'walk' | 'archive' | 'upload';
      /** A path below the project, or an artifact's ID. */
      readonly subject: string;
      /** Files for `walk`, bytes for the others; since the beginning. */
      readonly done: number;
      /** Absent while unknown. */
      readonly total?: number;
    }
  | { readonly kind: 'warning'; readonly warning: Warning }
  | {
      readonly kind: 'built';
      /** A path below the project. */
      readonly subject: string;
      /** `remembered`: nothing of what an earlier run read has changed, so it was not bundled again. */
      readonly outcome: 'bundled' | 'remembered';
      /** Bytes, of all files. */
      readonly size: number;
    }
  | {
      readonly kind: 'published';
      readonly subject: string;
      readonly outcome: PublishOutcome;
      readonly size: number;
      /** The definite ARN, or `s3://bucket/key` where there is no domain. */
      readonly name: string;
    };

/** `reused`: nothing was sent, the store had it. `copied`: the store copied it under another filename. `planned`: a dry run would upload it. */
export type PublishOutcome = 'uploaded' | 'reused' | 'copied' | 'planned';

/** Something to look at that stops nothing. */
export interface Warning {
  /** Stable, for scripts and for silencing: lower-case words joined by `-`, like `secret-in-archive`. */
  readonly code: string;
  /** Lower-case, no full stop, subject in single quotes. */
  readonly message: string;
  /** Where it concerns something in a file. Whoever prints it says it before the message. */
  readonly place?: SourcePlace;
  readonly remedy?: string;
}

/** Must not throw; its answer is ignored. */
export type Reporter = (event: PackagerEvent) => void;

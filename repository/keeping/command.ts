import type { Digest } from '../digest.ts';

/** Everything that only a domain's keeper may do, as it is sent to it: JSON. */
export type KeeperCommand =
  /** Lifts the condemnation of a blob; no results. */
  | { readonly command: 'cancel'; readonly digest: Digest }
  /** Completes a deletion that was decided; no results. */
  | { readonly command: 'finish'; readonly digest: Digest }
  /** Records that a consumer which is no stack needs a version. `arn` is definite. */
  | {
      readonly command: 'reference-add';
      readonly arn: string;
      readonly consumer: string;
      readonly resolvedFrom?: string;
    }
  /** Removes what the consumer recorded: of one version, or of all versions of an artifact. */
  | { readonly command: 'reference-remove'; readonly arn: string; readonly consumer: string }
  /** Compares references with what is deployed. `stack` is the ID of the only stack to look at; `after` is where an earlier piece ended. */
  | { readonly command: 'audit'; readonly fix: boolean; readonly stack?: string; readonly after?: string }
  /** What is due by schedule. */
  | { readonly command: 'tend' };

/** What the keeper did in the time that it had. `next` is the command that goes on from there; absent when all is done. */
export interface KeeperAnswer {
  readonly results: readonly object[];
  readonly next?: KeeperCommand;
}

/** What goes over the wire: an answer, or the error that a command came to. */
export type KeeperReply =
  | KeeperAnswer
  | {
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly remedy?: string;
        readonly problems?: readonly { readonly code: string; readonly message: string; readonly remedy?: string }[];
      };
    };

/** Hands one command to a keeper, wherever it is, and waits for its answer. @throws ArtifactError as the keeper did */
export type AskKeeper = (command: KeeperCommand) => Promise<KeeperAnswer>;

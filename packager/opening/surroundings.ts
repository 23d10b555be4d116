import type { AwsAccess } from '../aws/access.ts';
import type { Environment } from '../environment.ts';

/** All that opening a project, a domain or a bucket knows of who asks for it: a command with its terminal, or a program that uses this one as a library. */
export interface Surroundings {
  readonly env: Environment;
  /** Absolute. Paths that are given are relative to it. */
  readonly cwd: string;
  /** Aborted when whoever asked wants this to end; its reason is what is thrown then. */
  readonly signal: AbortSignal;
  /** Asks a person for a secret. Absent where nobody can answer. */
  readonly ask?: (question: string) => Promise<string>;
  /** Told in one line what is made in the account beside what was asked for, or would be. */
  readonly note: (text: string) => void;
  /** Makes the account's own domain, whose bucket would have this name. Absent where it is not to be made. */
  readonly makeDomain?: (access: AwsAccess, bucket: string) => Promise<void>;
}

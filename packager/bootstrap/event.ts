import type { DomainPlace } from '../../repository/index.ts';
import type { ResourceChange, StackEvent } from './cloudformation.ts';

/** What is told while a domain is made. */
export type BootstrapEvent =
  /** Somebody else's operation is under way: it is waited for. */
  | { readonly kind: 'waiting'; readonly status: string }
  /** One is about to begin. */
  | { readonly kind: 'begins'; readonly plan: Plan }
  | { readonly kind: 'stack-event'; readonly event: StackEvent }
  /** The operation that was shown by events is over. */
  | { readonly kind: 'over'; readonly status: string }
  | { readonly kind: 'published'; readonly arn: string }
  /** The domain is tried. */
  | { readonly kind: 'probing' }
  /** Of a dry run: what would change in the policies of the domain. */
  | { readonly kind: 'policies'; readonly difference: string }
  /** Worth a look, and in nobody's way. */
  | { readonly kind: 'warning'; readonly message: string; readonly remedy: string };

/** What is about to be done to the account, in one step. */
export interface Plan {
  readonly does: 'create' | 'update' | 'import' | 'delete';
  readonly stack: string;
  readonly place: DomainPlace & { readonly bucket: string };
  /** None of a stack that is deleted: it never came to be. */
  readonly changes: readonly ResourceChange[];
  /** What follows it without another question: sentences. */
  readonly next: readonly string[];
}

import type { TemplateNode } from './node.ts';
import type { Template } from './template.ts';

/**
 * What earlier runs found out of texts: what is found out of a text alone is found out once. What is not known any more is found out again.
 */
export interface TemplateMemory {
  /** The tree of a text without aliases. */
  recall(source: string, kind: TemplateKind): ReadTemplate | undefined;
  remember(source: string, kind: TemplateKind, read: ReadTemplate): void;
  /** Whether it was found that `after` is what was meant to become of `before`. */
  isVerified(before: string, after: string): boolean;
  verified(before: string, after: string): void;
}

export type TemplateKind = 'template' | 'fragment';

export interface ReadTemplate {
  readonly syntax: Template['syntax'];
  readonly root: TemplateNode;
}

import type { Digest } from '../digest.ts';

/** A resource of a stack, as CloudFormation lists it. */
export interface DeployedResource {
  readonly logicalId: string;
  readonly physicalId: string;
  /** `Custom::ArtifactRef`, `AWS::Lambda::Function` … */
  readonly type: string;
}

/**
 * What is known of a stack. Only `settled` and `gone` are evidence; nothing follows from the others.
 *
 * `settled`: no operation was under way, before the resources were listed and after, and none can go back to anything that is not listed.
 * `changing`: an operation is under way, or one has failed and can go back yet.
 * `gone`: deleted, with everything that it did not keep.
 * `unknown`: it could not be asked, or the answer is none.
 */
export type StackEvidence =
  | { readonly state: 'settled'; readonly resources: readonly DeployedResource[]; readonly changed: Date }
  | { readonly state: 'changing' }
  | { readonly state: 'gone' }
  | { readonly state: 'unknown'; readonly why: string };

/** What is deployed, asked of those who know. Never throws for what could not be asked: that is an answer too. */
export interface Evidence {
  stack(stackId: string): Promise<StackEvidence>;
  /** IDs of the stacks that import the domain's ServiceToken, in some order. */
  importers(): AsyncIterable<string>;
  /** Whether a version of a function, or of a layer, has this code; `undefined` where that could not be found out. */
  isRun(digest: Digest): Promise<boolean | undefined>;
}

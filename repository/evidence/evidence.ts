import type { Digest } from '../digest.ts';

/** A resource of a stack, as CloudFormation lists it. */
export interface DeployedResource {
  readonly logicalId: string;
  readonly physicalId: string;
  /** `Custom::ArtifactRef`, `AWS::Lambda::Function` … */
  readonly type: string;
  /**
   * CloudFormation tried to delete it, failed, and gave it up: it is used by nothing in the stack. What else its logical ID stands for is not known,
   * because one line tells of one.
   */
  readonly isGivenUp?: true;
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
  | {
      readonly state: 'settled';
      /** What was deleted is not among them; what was kept when its stack was deleted is. */
      readonly resources: readonly DeployedResource[];
      /** The latest moment at which anything in the stack changed, by CloudFormation's clock. */
      readonly changed: Date;
      /**
       * Its last operation was rolled back. A resource that was left out on the way back is listed with what it had on the way forth, while
       * others have again what it had before.
       */
      readonly wentBack?: true;
    }
  | { readonly state: 'changing' }
  | { readonly state: 'gone' }
  | { readonly state: 'unknown'; readonly why: string };

/** A stack that imports the domain's ServiceToken; or why one, or which there are at all, could not be found out. */
export type Importer =
  | { readonly stackId: string }
  /** `stack`: its name; absent where the list itself could not be had, which ends it. */
  | { readonly why: string; readonly stack?: string };

/** What is deployed, asked of those who know. Never throws for what could not be asked: that is an answer too. */
export interface Evidence {
  stack(stackId: string): Promise<StackEvidence>;
  /**
   * Ascending by the name of the stack, in code units.
   * @param after the name of a stack: it and those before it are left out
   */
  importers(after?: string): AsyncIterable<Importer>;
  /** Whether a version of a function, or of a layer, has this code; `undefined` where that could not be found out. */
  isRun(digest: Digest): Promise<boolean | undefined>;
}

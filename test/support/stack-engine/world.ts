import type { AnswerBook, UrlStyle } from './answer.ts';
import type { ChangeSet } from './change-set-book.ts';
import type { ContentReader } from './content.ts';
import type { FaultPlan, Happenings } from './fault.ts';
import type { FunctionBook } from './functions.ts';
import type { LayerBook } from './layers.ts';
import type { Lambda } from './lambda.ts';
import type { Provider } from './provider.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Stack } from './stack.ts';

/**
 * What comes before the Delete of the new ID when an update that replaced a custom resource is rolled back. AWS says only that the Delete comes;
 * whether an Update back to the old properties precedes it is not known, so both are here.
 */
export type ReplacedRollback = 'without an update' | 'with an update';

/** One account in one region, as all parts of an engine see it. */
export interface World {
  readonly region: string;
  readonly account: string;
  readonly partition: string;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly content: ContentReader;
  readonly faults: FaultPlan;
  readonly happenings: Happenings;
  readonly lambda: Lambda;
  readonly functions: FunctionBook;
  readonly layers: LayerBook;
  readonly answers: AnswerBook;
  /** Of ResponseURLs. */
  readonly answerBase: string;
  readonly urlStyle: UrlStyle;
  /** Who carries out resources of a type; a type that is not known is refused. */
  provider(type: string): Provider;
  replacedRollback(): ReplacedRollback;
  /** By ID, deleted ones too, oldest first. */
  readonly stacks: Map<string, Stack>;
  /** Exports that no stack here makes. */
  readonly foreignExports: ReadonlyMap<string, string>;
  /** By ID. */
  readonly changeSets: Map<string, ChangeSet>;
  /** Whether a change set fails that would create what exists already. */
  readonly earlyValidation: boolean;
  /** Names that physical resources have taken, with their type before them; also of those that are in no stack. */
  readonly taken: Set<string>;
  /** Custom resources that were sent something and have not answered: `stack ID|logical ID`. */
  readonly inFlight: Set<string>;
}

/** An ARN here; without region and account where the service has global names. */
export function arnOf(
  world: World,
  service: string,
  resource: string,
  scope: 'regional' | 'global' | 'account' = 'regional',
): string {
  const region = scope === 'regional' ? world.region : '';
  const account = scope === 'global' ? '' : world.account;
  return `arn:${world.partition}:${service}:${region}:${account}:${resource}`;
}

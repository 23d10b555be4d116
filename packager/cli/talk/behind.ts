import type { StackBehind } from '../../../repository/behind.ts';
import type { ArtifactName } from '../../../repository/index.ts';
import { formatArtifactName } from '../../../repository/index.ts';
import type { Column } from './report.ts';
import { formatDate, GrowingTable } from './report.ts';
import type { Terminal } from '../terminal.ts';

/** How people are told of stacks that are behind a bookmark. */

const COLUMNS: readonly Column[] = [
  { title: 'STACK' },
  { title: 'REGION' },
  { title: 'ACCOUNT' },
  { title: 'LOGICAL ID' },
  { title: 'VERSION', align: 'right' },
  { title: 'SINCE' },
];

/** What can be done about them. */
export const CATCH_UP =
  'Nothing that is deployed follows a bookmark by itself: package and deploy these stacks again to bring them there.';

/** A table of them, which grows as they come. @returns how many uses there are */
export async function tellBehind(terminal: Terminal, behind: AsyncIterable<StackBehind>): Promise<number> {
  const table = new GrowingTable(terminal, COLUMNS);
  for await (const usage of behind) await table.add(rowOf(usage));
  await table.end();
  return table.rows;
}

function rowOf({ consumer: { resource }, version, since }: StackBehind): readonly string[] {
  const { stack, region, account, logicalId } = resource;
  return [stack, region, account, logicalId, String(version), sinceOf(since)];
}

/** Those of several artifacts, each with what the bookmark names there. */
export class BehindTable {
  readonly #table: GrowingTable;

  constructor(terminal: Terminal) {
    this.#table = new GrowingTable(terminal, [{ title: 'ARTIFACT' }, { title: 'NAMES', align: 'right' }, ...COLUMNS]);
  }

  get rows(): number {
    return this.#table.rows;
  }

  add(artifact: ArtifactName, names: number, usage: StackBehind): Promise<void> {
    return this.#table.add([formatArtifactName(artifact), String(names), ...rowOf(usage)]);
  }

  end(): Promise<void> {
    return this.#table.end();
  }
}

function sinceOf(since: string): string {
  const time = new Date(since);
  return Number.isNaN(time.getTime()) ? '?' : formatDate(time);
}

/** As JSON. */
export function plainBehind({ consumer, arn, version, digest, since }: StackBehind): object {
  return { ...consumer.resource, stackId: consumer.stackId, version, arn, digest, since };
}

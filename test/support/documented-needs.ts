import { BUCKET_ARN } from './domain-principals.ts';
import type { Policy } from './iam/policy.ts';
import type { MarkdownTable } from './markdown-table.ts';
import { unquoted } from './markdown-table.ts';

/** A row of a table in docs/permissions.md: an action of IAM, and what it is asked on, in the document's words. */
export interface Need {
  readonly action: string;
  readonly on: string;
}

/** Every row of the table; with a column, those that say yes in it. */
export function needsIn({ rows }: MarkdownTable, column?: string): Need[] {
  return rows
    .filter((row) => column === undefined || row[column] === 'yes')
    .map(({ action, on }) => ({ action: unquoted(action), on: unquoted(on) }));
}

/** ARNs by the document's words for them. What is not among them is a pattern of keys. */
export type Resources = Readonly<Record<string, string>>;

export function resourceOf({ on }: Need, resources: Resources): string {
  return resources[on] ?? `${BUCKET_ARN}/${on}`;
}

/** Allows just these. */
export function policyOf(needs: readonly Need[], resources: Resources): Policy {
  return {
    Statement: needs.map((need) => ({
      ...{ Effect: 'Allow', Action: need.action, Resource: resourceOf(need, resources) },
    })),
  };
}

/**
 * Those without which all works as well, one at a time.
 * @param failureOf tries it with what it is given, and says what fails; nothing where all works
 */
export async function superfluousAmong(
  needs: readonly Need[],
  failureOf: (needs: readonly Need[]) => Promise<string>,
): Promise<string[]> {
  const superfluous: string[] = [];
  for (const need of needs) {
    const others = needs.filter((one) => one !== need);
    if ((await failureOf(others)) === '') superfluous.push(`${need.action} on ${need.on}`);
  }
  return superfluous;
}

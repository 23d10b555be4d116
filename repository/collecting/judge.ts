import { requireFailure } from '../audit/finding.ts';
import type { Deletion } from '../deletion.ts';
import { readDeletion } from '../deletion.ts';
import type { Domain } from '../domain.ts';
import type { Stored } from '../record.ts';
import type { ListedContent } from './contents.ts';
import type { PlanItem } from './item.ts';
import { formatContent } from './item.ts';
import type { Quarantine } from './quarantine.ts';
import { isAbandoned, mayBeForgotten, quarantineEnd, quarantineStart } from './quarantine.ts';

/**
 * What is to be done about one content. A deletion record is read only where that may be something: where the quarantine is over by the time at which it
 * was written, or where the content it is about is gone. What can't be read is told and left.
 */
export async function judgeContent(
  domain: Domain,
  quarantine: Quarantine,
  content: ListedContent,
): Promise<PlanItem | undefined> {
  const { digest, bytes, isNeeded, decided } = content;
  if (decided === undefined) return isNeeded || bytes === undefined ? undefined : unneeded(content);
  if (!isDue(domain, quarantine, content, decided)) {
    if (isNeeded || bytes === undefined || quarantine === 'waived') return undefined;
    const until = quarantineEnd(decided, quarantine.days).toISOString();
    return { action: 'wait', digest, bytes, since: decided.toISOString(), until };
  }
  try {
    const record = await readDeletion(domain.store, digest);
    if (record === undefined) return isNeeded || bytes === undefined ? undefined : unneeded(content);
    return judgeRecord(domain, quarantine, content, record);
  } catch (error) {
    const { failure: why, remedy } = requireFailure(error);
    return { action: 'unknown', subject: formatContent(digest), why, ...(remedy !== undefined && { remedy }) };
  }
}

function isDue(domain: Domain, quarantine: Quarantine, { bytes }: ListedContent, decided: Date): boolean {
  return isOver(domain, quarantine, decided) || (bytes === undefined && isAbandoned(domain, decided));
}

function isOver(domain: Domain, quarantine: Quarantine, since: Date): boolean {
  const start = quarantineStart(domain, quarantine);
  return start === undefined || since < start;
}

function judgeRecord(
  domain: Domain,
  quarantine: Quarantine,
  content: ListedContent,
  { value: { state }, modified }: Stored<Deletion>,
): PlanItem | undefined {
  const { digest, bytes, isNeeded } = content;
  switch (state) {
    case 'deleting':
      return { action: 'finish', digest };
    case 'condemned':
      if (isNeeded) return { action: 'cancel', digest };
      if (!isOver(domain, quarantine, modified)) return undefined;
      return { action: 'reap', digest, bytes: bytes ?? 0, since: modified.toISOString() };
    case 'cancelled':
      if (!isNeeded && bytes !== undefined) return unneeded(content);
      return mayBeForgotten(domain, modified) ? { action: 'forget', digest } : undefined;
  }
}

function unneeded({ digest, bytes = 0 }: ListedContent): PlanItem {
  return { action: 'condemn', digest, bytes, why: 'nothing holds or uses it' };
}

import type { Deletion } from '../deletion.ts';
import { readDeletion } from '../deletion.ts';
import type { Domain } from '../domain.ts';
import { requireFailure } from '../failure.ts';
import type { Stored } from '../record.ts';
import type { ListedContent } from './contents.ts';
import type { PlanItem } from './item.ts';
import { formatContent } from './item.ts';
import type { Quarantine } from './quarantine.ts';
import { isAbandoned, mayBeForgotten, quarantineEnd, quarantineStart } from './quarantine.ts';

/**
 * What is to be done about one content. A deletion record is read only where that may be something: of content that nothing holds or uses, and else where whoever wrote it
 * is done by then, or died. What can't be read is told and left.
 */
export async function judgeContent(
  domain: Domain,
  quarantine: Quarantine,
  content: ListedContent,
): Promise<PlanItem | undefined> {
  const { digest, bytes, isNeeded, decided } = content;
  if (decided === undefined) return isNeeded || bytes === undefined ? undefined : unneeded(content);
  if (!isDue(domain, quarantine, content, decided)) return undefined;
  try {
    const record = await readDeletion(domain.store, digest);
    if (record === undefined) return isNeeded || bytes === undefined ? undefined : unneeded(content);
    return judgeRecord(domain, quarantine, content, record);
  } catch (error) {
    const { failure: why, remedy } = requireFailure(error);
    return { action: 'unknown', subject: formatContent(digest), why, ...(remedy !== undefined && { remedy }) };
  }
}

function isDue(domain: Domain, quarantine: Quarantine, { bytes, isNeeded }: ListedContent, decided: Date): boolean {
  if (isOver(domain, quarantine, decided)) return true;
  return isAbandoned(domain, decided) || (bytes !== undefined && !isNeeded);
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
      // Whoever decided it may just be at it.
      return isOver(domain, quarantine, modified) || isAbandoned(domain, modified)
        ? { action: 'finish', digest }
        : undefined;
    case 'condemned':
      if (isNeeded) return { action: 'cancel', digest };
      if (quarantine !== 'waived' && !isOver(domain, quarantine, modified)) {
        if (bytes === undefined) return undefined;
        const until = quarantineEnd(modified, quarantine.days).toISOString();
        return { action: 'wait', digest, bytes, since: modified.toISOString(), until };
      }
      return { action: 'reap', digest, bytes: bytes ?? 0, since: modified.toISOString() };
    case 'cancelled':
      if (!isNeeded && bytes !== undefined) return unneeded(content);
      return mayBeForgotten(domain, modified) ? { action: 'forget', digest } : undefined;
  }
}

function unneeded({ digest, bytes = 0 }: ListedContent): PlanItem {
  return { action: 'condemn', digest, bytes, why: 'nothing holds or uses it' };
}

import { isDayOld } from '../age.ts';
import { expandAhead } from '../ahead.ts';
import { EVERY_REFERENCE, parseReferenceKey, recordOfReference } from '../keys.ts';
import type { ListedObject } from '../object-store.ts';
import { RETAINED_CONSUMER } from '../release.ts';
import { isElsewhere } from '../stack-id.ts';
import { isAbandoned, judgeAbandoned } from './abandoned.ts';
import type { Auditing } from './auditing.ts';
import { formatCursor } from './cursor.ts';
import type { AuditStep, Finding } from './finding.ts';
import { unknownBecause } from './finding.ts';
import { isBindingKey, isOfOtherAccount, judgeForeign } from './foreign.ts';
import { isOrphan, judgeOrphan } from './orphans.ts';
import { judgeRetained } from './retained.ts';

/** So many are looked at ahead; what is found is judged one by one. */
const AHEAD = 16;
/** After so many in which there was nothing, the caller is told how far it is. */
const STEP = 100;

type Judge = (auditing: Auditing, listed: ListedObject) => Promise<Finding | undefined>;

interface Looked {
  readonly listed: ListedObject;
  readonly judge?: Judge;
  readonly failed?: unknown;
}

/** What stands under `references/`, blob by blob: what has lost its entry, what stacks elsewhere use, what is kept for published versions, what never came to be a version. */
export async function* auditReferences(auditing: Auditing, after: string): AsyncGenerator<AuditStep> {
  const { store } = auditing.domain;
  const all = store.list(EVERY_REFERENCE, after === '' ? {} : { after });
  let quiet = 0;
  for await (const { listed, judge, failed } of expandAhead(all, AHEAD, (one) => look(auditing, one))) {
    const position = formatCursor({ at: 'references', key: listed.key });
    const finding =
      failed !== undefined ? unknownBecause(failed, { key: listed.key }) : await judge?.(auditing, listed);
    quiet = finding === undefined ? quiet + 1 : 0;
    if (finding !== undefined) yield { after: position, finding };
    else if (judge !== undefined || quiet % STEP === 0) yield { after: position };
  }
}

async function* look(auditing: Auditing, listed: ListedObject): AsyncGenerator<Looked> {
  try {
    const judge = await judgeOf(auditing, listed);
    yield { listed, ...(judge !== undefined && { judge }) };
  } catch (failed) {
    yield { listed, failed };
  }
}

/** Who has to judge it, where a first look finds something. */
async function judgeOf(auditing: Auditing, listed: ListedObject): Promise<Judge | undefined> {
  const parsed = recordOfReference(listed.key) === undefined ? undefined : parseReferenceKey(listed.key);
  switch (parsed?.kind) {
    case 'stack':
      if (!isElsewhere(parsed.resource, auditing.domain))
        return (await isOrphan(auditing, listed)) ? judgeOrphan : undefined;
      // What is no binding has no entry.
      if (isOfOtherAccount(auditing, listed) && !isBindingKey(listed)) return judgeForeign;
      return (await isOrphan(auditing, listed)) ? judgeForeign : undefined;
    case 'named':
      return parsed.consumer === RETAINED_CONSUMER && isDayOld(auditing, listed.modified) ? judgeRetained : undefined;
    case 'version':
      return (await isAbandoned(auditing, listed)) ? judgeAbandoned : undefined;
    case undefined:
      return undefined;
  }
}

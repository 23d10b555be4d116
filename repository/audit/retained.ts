import { isDayOld } from '../age.ts';
import { readBindingRecord } from '../binding.ts';
import { requireFailure } from '../failure.ts';
import { recordOfReference } from '../keys.ts';
import type { ListedObject } from '../object-store.ts';
import type { Auditing } from './auditing.ts';
import type { Finding } from './finding.ts';
import { unknownBecause } from './finding.ts';
import { removeAsListed } from './listed.ts';

/**
 * Frees content that was kept for versions which a function had published, where no version of any function or layer has it as its code.
 *
 * A version is published from a function's code, and to give a function code that lies here, its stack has a binding. So what is published while
 * everything is listed, and is not in the list, was published from code that is protected by a binding of its own; that binding's end writes the record anew
 * under its own generation. The day lets end whatever was under way when the record was written: an update that is rolled back gives the function
 * this code again, and had its binding until then.
 */
export async function judgeRetained(auditing: Auditing, listed: ListedObject): Promise<Finding | undefined> {
  const { domain, evidence, fix } = auditing;
  const record = recordOfReference(listed.key);
  if (record === undefined || !isDayOld(auditing, listed.modified)) return undefined;
  const { digest, generation } = record;
  try {
    const isRun = await evidence.isRun(digest);
    if (isRun === true) return undefined;
    const value = (await readBindingRecord(domain.store, listed.key))?.value;
    if (value === undefined) return undefined;
    const { stackId, logicalId, uses } = value;
    const subject = { stackId, logicalId, generation, digest, arns: uses.map(({ arn }) => arn) };
    if (isRun === undefined) {
      const why = 'whether a published version of a function still runs it could not be found out';
      return { kind: 'unknown', ...subject, why, healed: false };
    }
    const why = 'no version of a function or layer runs it any more';
    const retained: Finding = { kind: 'retained', ...subject, why, healed: false };
    if (!fix) return retained;
    try {
      return (await removeAsListed(domain.store, listed))
        ? { ...retained, healed: true }
        : { ...retained, failure: 'it was written again in the meantime' };
    } catch (error) {
      return { ...retained, ...requireFailure(error) };
    }
  } catch (error) {
    return unknownBecause(error, { digest, generation });
  }
}

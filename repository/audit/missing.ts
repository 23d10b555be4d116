import { isQuiet } from '../age.ts';
import { expandAhead } from '../ahead.ts';
import { parseArn, samePlace } from '../arn.ts';
import type { BindingName, BindingRecord } from '../binding.ts';
import { bindingKeys, isLater, listBindings } from '../binding.ts';
import type { Digest } from '../digest.ts';
import { ArtifactError } from '../error.ts';
import { requireFailure } from '../failure.ts';
import { FORMAT_VERSION } from '../keys.ts';
import { resolve } from '../resolve.ts';
import type { StackName } from '../stack-id.ts';
import { formatStackId } from '../stack-id.ts';
import type { Auditing, Settled } from './auditing.ts';
import { referencesIn } from './auditing.ts';
import type { Finding, FindingSubject } from './finding.ts';
import { unknownBecause } from './finding.ts';
import { readRecords } from './removal.ts';
import type { Restoring } from './restore.ts';
import { restore } from './restore.ts';
import { YOUNG } from './stale.ts';

/** Looking at so many resources at once; healing waits for its turn. */
const AHEAD = 8;

/** A resource in use, and the binding that it names. */
interface Naming extends BindingName {
  readonly stackId: string;
  readonly physicalId: string;
}

/**
 * Whether everything that the stack's references name is recorded, by logical ID.
 * @param after the logical ID behind which to begin
 */
export async function* judgeReferences(
  auditing: Auditing,
  stack: StackName,
  evidence: Settled,
  after: string,
): AsyncGenerator<{ readonly logicalId: string; readonly finding?: Finding }> {
  const stackId = formatStackId(auditing.domain.partition, stack);
  const all = referencesIn(evidence).filter(({ logicalId }) => logicalId > after);
  const namings = all.map(({ logicalId, physicalId, generation }): Naming => {
    return { resource: { ...stack, logicalId }, generation, stackId, physicalId };
  });
  const looked = expandAhead(each(namings), AHEAD, async function* (naming) {
    // What fails is looked at once more, and told, in its turn.
    yield { naming, isWhole: await isWhole(auditing, naming).catch(() => false) };
  });
  for await (const { naming, isWhole } of looked) {
    const finding = isWhole ? undefined : await judge(auditing, naming, evidence);
    yield { logicalId: naming.resource.logicalId, ...(finding !== undefined && { finding }) };
  }
}

async function isWhole({ domain: { store } }: Auditing, naming: Naming): Promise<boolean> {
  const wanted = new Set([digestOf(naming)].filter((digest) => digest !== undefined));
  let count = 0;
  for await (const { digest, reference } of listBindings(store, naming.resource, naming.generation)) {
    if ((await store.head(reference)) === undefined) return false;
    wanted.delete(digest);
    count += 1;
  }
  return count > 0 && wanted.size === 0;
}

/**
 * The records are read before CloudFormation is asked again: if it says the same as before, the resource named this binding all the while, and
 * no Delete took its records away.
 */
async function judge(auditing: Auditing, naming: Naming, evidence: Settled): Promise<Finding | undefined> {
  const { resource, generation, stackId } = naming;
  const arn = arnOf(naming);
  const subject: FindingSubject = {
    ...{ stackId, logicalId: resource.logicalId, generation },
    ...(arn !== undefined && { arns: [arn] }),
  };
  try {
    const lost = await lostRecords(auditing, naming, evidence.changed);
    if (lost.length === 0) return undefined;
    if (!(await isUnchanged(auditing, naming, evidence))) {
      return { kind: 'unsettled', ...subject, why: 'its stack changed while it was looked at', healed: false };
    }
    const isEmpty = lost.some(({ isKnown }) => !isKnown);
    const why = isEmpty ? 'nothing tells that it is used' : 'what tells that it is used is not complete';
    const missing: Finding = { kind: 'missing', ...subject, why, healed: false };
    return auditing.fix ? await heal(auditing, naming, evidence, missing) : missing;
  } catch (error) {
    return unknownBecause(error, subject);
  }
}

async function heal(auditing: Auditing, naming: Naming, evidence: Settled, missing: Finding): Promise<Finding> {
  if (!isQuiet(auditing, evidence.changed)) return { ...missing, failure: 'its stack changed only now', remedy: YOUNG };
  try {
    const lost = await lostRecords(auditing, naming, evidence.changed);
    const restoring = await Promise.all(
      lost.map(async (one) => (one.isKnown ? one : inventRecord(auditing, naming, evidence.changed))),
    );
    await restore(auditing.domain, naming, restoring);
    return { ...missing, healed: true };
  } catch (error) {
    return { ...missing, ...requireFailure(error) };
  }
}

async function isUnchanged({ evidence: asked }: Auditing, naming: Naming, before: Settled): Promise<boolean> {
  const now = await asked.stack(naming.stackId);
  return (
    now.state === 'settled' &&
    now.changed.getTime() === before.changed.getTime() &&
    referencesIn(now).some(
      ({ logicalId, physicalId }) => logicalId === naming.resource.logicalId && physicalId === naming.physicalId,
    )
  );
}

type Lost = (Restoring & { readonly isKnown: true }) | { readonly isKnown: false };

/** One for each blob of which a record is not there, with what it is to say where the other record of the two still says it. */
async function lostRecords({ domain: { store } }: Auditing, naming: Naming, changed: Date): Promise<readonly Lost[]> {
  const lost: Lost[] = [];
  const digests = new Set<Digest>();
  for await (const { digest } of listBindings(store, naming.resource, naming.generation)) digests.add(digest);
  const named = digestOf(naming);
  if (named !== undefined) digests.add(named);
  else if (digests.size === 0) lost.push({ isKnown: false });
  for (const digest of digests) {
    const { protecting, entry } = await readRecords(store, bindingKeys(naming, digest));
    const left = protecting ?? entry;
    if (protecting !== undefined && entry !== undefined) continue;
    lost.push(
      left === undefined
        ? { isKnown: false }
        : { isKnown: true, digest, record: { ...left.value, issued: later(left.value.issued, changed) } },
    );
  }
  return lost;
}

/**
 * Of one artifact the physical ID tells which it is. The time is that of the stack's last change: any Delete that comes of a later operation is younger and
 * ends it; one of an earlier operation that is delivered only now is older, and does not. Whether the consumer reads the object for as long as it lives
 * is not known: what does is protected for longer, until an audit finds that nothing runs it.
 */
async function inventRecord(
  { domain }: Auditing,
  naming: Naming,
  changed: Date,
): Promise<{ readonly digest: Digest; readonly record: BindingRecord }> {
  const arn = arnOf(naming);
  if (arn === undefined) {
    throw new ArtifactError('ARTIFACT_NOT_FOUND', 'which artifacts it uses is not known any more', {
      remedy: 'Update the stack with its packaged template, under another logical ID of this resource.',
    });
  }
  const home = parseArn(arn);
  const isForeign = !samePlace(home, domain);
  // Should it be lost, it is brought here.
  const { key, digest } =
    isForeign && domain.away !== undefined ? await domain.away.fetch(arn) : await resolve(domain, arn);
  const { generation, stackId, resource } = naming;
  const record: BindingRecord = {
    ...{ format: FORMAT_VERSION, generation, stackId, logicalId: resource.logicalId },
    ...{ issued: changed.toISOString(), at: domain.chance.now().toISOString() },
    uses: [{ arn, key }],
    pinned: true,
    ...(isForeign && { homes: [{ account: home.account, region: home.region }] }),
  };
  return { digest, record };
}

function later(issued: string, changed: Date): string {
  const time = changed.toISOString();
  return isLater(issued, time) ? issued : time;
}

/** Of many, none. */
function arnOf({ physicalId }: Naming): string | undefined {
  return physicalId.startsWith('arn:') ? physicalId.slice(0, physicalId.lastIndexOf('/')) : undefined;
}

function digestOf(naming: Naming): Digest | undefined {
  const arn = arnOf(naming);
  return arn === undefined ? undefined : parseArn(arn).digest;
}

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

import type { ArtifactArn } from '../arn.ts';
import { parseArn, samePlace } from '../arn.ts';
import type { Use } from '../binding.ts';
import { bindingKeys, readUses } from '../binding.ts';
import type { Digest } from '../digest.ts';
import type { Domain } from '../domain.ts';
import {
  consumerKey,
  EVERY_REFERENCE,
  EVERY_STACK_CONSUMER,
  isBlobKey,
  isConsumerKey,
  parseBlobKey,
  parseConsumerKey,
  parseReferenceKey,
  recordOfReference,
  versionKey,
  versionOfReference,
} from '../keys.ts';
import type { ListedObject, ObjectKey, ObjectStore } from '../object-store.ts';
import { readRecord } from '../record.ts';
import { isElsewhere } from '../stack-id.ts';
import { faultOf } from './content.ts';
import type { Problem, VerifyFinding } from './finding.ts';
import { foreign } from './finding.ts';
import type { Pass, Verifying } from './verifying.ts';
import { kindSince, listAfter } from './verifying.ts';

/**
 * Every reference of a stack or named consumer: that what it uses is there. Those of versions are looked at where the versions are; one without a version is
 * for an audit to judge.
 */
export const references: Pass<ListedObject> = {
  ahead: 16,
  items: ({ domain }, after) => listAfter(domain.store, EVERY_REFERENCE, after),
  async examine(verifying, { key, modified }) {
    const record = recordOfReference(key);
    const parsed = record && parseReferenceKey(key);
    switch (parsed?.kind) {
      case 'version':
        return versionOfReference(key) === undefined ? [foreign(key)] : [];
      case 'stack': {
        const { digest, generation } = bindingOf(key);
        const faults = await examineUses(verifying, key, digest, modified);
        if (isElsewhere(parsed.resource, verifying.domain)) return faults;
        const isPaired = await isThere(verifying.domain.store, consumerKey(parsed.resource, generation, digest));
        return isPaired ? faults : [...faults, unpaired(verifying, key, modified, LOST_ENTRY)];
      }
      case 'named':
        return examineUses(verifying, key, bindingOf(key).digest, modified, parsed.consumer);
      case undefined:
        return [foreign(key)];
    }
  },
};

/** Every entry of a stack: that the reference which it is to find is there. */
export const consumers: Pass<ListedObject> = {
  ahead: 16,
  items: ({ domain }, after) => listAfter(domain.store, EVERY_STACK_CONSUMER, after),
  async examine(verifying, { key, modified }) {
    if (!isConsumerKey(key)) return [foreign(key)];
    const { resource, generation, digest } = parseConsumerKey(key);
    const { reference } = bindingKeys({ resource, generation }, digest);
    return (await isThere(verifying.domain.store, reference))
      ? []
      : [unpaired(verifying, key, modified, LOST_REFERENCE)];
  },
};

const LOST_ENTRY = 'what its stack uses does not tell of it, although it is protected';
const LOST_REFERENCE = 'what its stack uses tells of it, but nothing protects it';

/** Which of the two is right only CloudFormation knows, and an audit asks it. */
function unpaired(verifying: Verifying, key: ObjectKey, modified: Date, why: string): Problem {
  const quiet = kindSince({ ...verifying, fix: false }, 'unpaired', modified);
  return { finding: { kind: quiet, key, why, remedy: "Run 'cfn-artifacts audit --fix'." } };
}

async function isThere(store: ObjectStore, key: ObjectKey): Promise<boolean> {
  return (await store.head(key)) !== undefined;
}

interface UsingRecord {
  readonly uses: readonly Use[];
  readonly stackId?: string;
  readonly logicalId?: string;
}

async function examineUses(
  verifying: Verifying,
  key: ObjectKey,
  digest: Digest,
  modified: Date,
  consumer?: string,
): Promise<readonly Problem[]> {
  const { domain } = verifying;
  const read = await readUsingRecord(domain.store, key);
  // Released since it was listed.
  if (read === undefined) return [];
  const { uses, stackId, logicalId } = read;
  const user: Partial<VerifyFinding> = {
    ...(stackId !== undefined && { stackId }),
    ...(logicalId !== undefined && { logicalId }),
    ...(consumer !== undefined && { consumer }),
  };
  const problems: Problem[] = [];
  for (const use of uses) {
    for (const found of await faultsOf(domain, use, digest)) {
      const { kind } = found.finding;
      // What is written now may be without content, and is taken back then. What is damaged is so for everybody.
      const since = kind === 'damaged' ? kind : kindSince({ ...verifying, fix: false }, kind, modified);
      problems.push({ ...found, finding: { ...found.finding, ...user, kind: since, arns: [use.arn] } });
    }
  }
  const isStill = problems.length === 0 || (await isThere(domain.store, key));
  return isStill ? problems : [];
}

async function faultsOf(domain: Domain, { arn, key }: Use, digest: Digest): Promise<readonly Problem[]> {
  if (!isBlobKey(key) || parseBlobKey(key).digest !== digest) {
    const why = `it says that it uses '${key}', which is not the content sha256:${digest}`;
    const remedy = "Deploy the stack again, then run 'cfn-artifacts audit'.";
    return [{ finding: { kind: 'unreadable', key, digest, why, remedy } }];
  }
  const [fault, lost] = await Promise.all([faultOf(domain, parseBlobKey(key), false), isVersionLost(domain, arn)]);
  const missing = lost && {
    finding: {
      ...{ kind: 'missing' as const, key: lost, digest },
      why: 'nothing tells what the version that it uses was',
      remedy: `Put the object '${lost}' back from a backup. Without one, publish the same bytes again, and package and deploy anew.`,
    },
  };
  return [fault, missing].filter((one) => one !== undefined);
}

/** @returns the key of the manifest that is not there */
async function isVersionLost(domain: Domain, text: string): Promise<ObjectKey | undefined> {
  const arn = arnIn(domain, text);
  if (arn?.version === undefined) return undefined;
  const key = versionKey(arn, arn.version);
  return (await isThere(domain.store, key)) ? undefined : key;
}

/** `undefined` of what is another domain's, or a newer version's. */
function arnIn(domain: Domain, text: string): ArtifactArn | undefined {
  try {
    const arn = parseArn(text);
    return samePlace(arn, domain) ? arn : undefined;
  } catch {
    return undefined;
  }
}

function bindingOf(key: string): NonNullable<ReturnType<typeof recordOfReference>> {
  const record = recordOfReference(key);
  if (record === undefined) throw new TypeError(`'${key}' is no reference`);
  return record;
}

/** What every such record says, whoever wrote it. @throws ArtifactError UNSUPPORTED_FORMAT */
async function readUsingRecord(store: ObjectStore, key: ObjectKey): Promise<UsingRecord | undefined> {
  const record = await readRecord(store, key, ({ uses, stackId, logicalId }): UsingRecord | undefined => {
    const read = readUses(uses);
    return (
      read && {
        uses: read,
        ...(typeof stackId === 'string' && { stackId }),
        ...(typeof logicalId === 'string' && { logicalId }),
      }
    );
  });
  return record?.value;
}

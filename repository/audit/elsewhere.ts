import type { Domain } from '../domain.ts';
import type { Evidence, StackEvidence } from '../evidence/evidence.ts';
import type { ObjectStore } from '../object-store.ts';
import { generationOf } from '../physical-id.ts';
import { listConfigured, readSettings } from '../settings.ts';
import { parseRecipient } from '../sharing/recipient.ts';

/** Of so many stacks is remembered what they use. */
const STACKS = 200;

/** What CloudFormation said of a stack when it was first asked. */
interface Seen {
  readonly evidence: StackEvidence;
  isTold: boolean;
}

/** With whom a domain shares anything at all, as it is at some moment. */
export interface Shared {
  readonly accounts: ReadonlySet<string>;
  /** An organization, or a unit of one, may have any account. */
  readonly isOpen: boolean;
  /** The latest moment at which any of it was written. */
  readonly changed: Date;
}

/** What an audit has learnt of elsewhere. Who leaves a record by it leaves too much at worst; who removes one asks anew. */
export class Elsewhere {
  readonly #stacks = new Map<string, Seen>();
  #shared: Promise<Shared> | undefined;
  #isTold = false;

  async stack({ evidence }: { readonly evidence: Evidence }, stackId: string): Promise<Seen> {
    const seen = this.#stacks.get(stackId) ?? { evidence: shortened(await evidence.stack(stackId)), isTold: false };
    this.#stacks.delete(stackId);
    this.#stacks.set(stackId, seen);
    const [oldest = ''] = this.#stacks.keys();
    if (this.#stacks.size > STACKS) this.#stacks.delete(oldest);
    return seen;
  }

  /** Once for all: which shares there are concerns records that are older than a day. */
  shared({ store }: Pick<Domain, 'store'>): Promise<Shared> {
    return (this.#shared ??= readShared(store));
  }

  /** Whether it is the first time. */
  tell(): boolean {
    const isFirst = !this.#isTold;
    this.#isTold = true;
    return isFirst;
  }
}

/** What tells of generations: a stack has up to 500 resources. */
function shortened(evidence: StackEvidence): StackEvidence {
  if (evidence.state !== 'settled') return evidence;
  const resources = evidence.resources.filter(({ physicalId }) => generationOf(physicalId) !== undefined);
  return { ...evidence, resources };
}

/** @throws ArtifactError UNSUPPORTED_FORMAT where the settings of a repository can't be read: they may have shares */
async function readShared(store: ObjectStore): Promise<Shared> {
  const accounts = new Set<string>();
  let isOpen = false;
  let changed = new Date(0);
  for await (const repository of listConfigured(store)) {
    const settings = await readSettings(store, repository);
    if (settings === undefined) continue;
    if (settings.modified > changed) changed = settings.modified;
    for (const share of settings.value.shares ?? []) {
      const recipient = parseRecipient(share.with);
      if (recipient?.kind === 'account') accounts.add(recipient.account);
      else isOpen = true;
    }
  }
  return { accounts, isOpen, changed };
}

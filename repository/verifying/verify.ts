import { expandAhead } from '../ahead.ts';
import type { Domain } from '../domain.ts';
import { requireTraces } from '../repositories.ts';
import { blobs } from './blobs.ts';
import type { PassName } from './cursor.ts';
import { formatCursor, parseCursor, PASSES } from './cursor.ts';
import { deletions } from './deletions.ts';
import type { Problem, VerifyFinding } from './finding.ts';
import { merged, unlooked } from './finding.ts';
import { bookmarks, labels, sources, statuses } from './indexes.ts';
import { promotions } from './promotions.ts';
import { endings, settings } from './records.ts';
import { consumers, references } from './references.ts';
import type { Pass, Verifying } from './verifying.ts';
import { versions } from './versions.ts';

export interface VerifyOptions {
  /** Whether to heal what can be healed without the risk of a loss. */
  readonly fix: boolean;
  /** Whether to read all content. */
  readonly deep: boolean;
  /** The only repository to look at: its versions with their content, and what is told of them. */
  readonly repository?: string;
  /** The `after` of the last step that was taken. */
  readonly after?: string;
}

/** A step of a verification: a later one that begins `after` it looks at all that this one has not. */
export interface VerifyStep {
  readonly after: string;
  readonly finding?: VerifyFinding;
  /** So many pieces of content were compared by their size alone: their store tells no digest, and nobody asked for them to be read. */
  readonly bySizeAlone: number;
}

interface PassStep {
  readonly key: string;
  readonly finding?: VerifyFinding;
  readonly bySizeAlone: number;
}

interface AnyPass {
  /** Whether it is by repository. */
  readonly isOfRepository: boolean;
  readonly run: (verifying: Verifying, after: string) => AsyncGenerator<PassStep>;
}

const RUN: Readonly<Record<PassName, AnyPass>> = {
  versions: ofRepository(versions),
  references: ofDomain(references),
  consumers: ofDomain(consumers),
  sources: ofRepository(sources),
  labels: ofRepository(labels),
  bookmarks: ofRepository(bookmarks),
  statuses: ofRepository(statuses),
  promotions: ofRepository(promotions),
  repositories: ofRepository(settings),
  endings: ofDomain(endings),
  deletions: ofDomain(deletions),
  blobs: ofDomain(blobs),
};

/**
 * Walks the store and compares what is there with what says that it is: each object as it is when it is looked at. Holds no more than a page of a listing, and
 * what it reads of some objects at a time.
 *
 * What looks wrong is looked at once more before it is told, the status of a version last, so that somebody who is just at work is not taken for damage. With
 * `fix`, what can be put right by a compare-and-swap, or by a step that anybody may repeat, is; no content is removed but what was decided on and no version
 * holds, and what is proven to be none; no deletion is begun. One failing item is told of and passed over, and what could not be found out is never called wrong.
 *
 * Whoever stops it anywhere, or dies, and goes on after the last step that was taken, or begins anew, comes to the same.
 * @throws ArtifactError INVALID_ARGUMENT; ARTIFACT_NOT_FOUND where there is no such repository; what the store throws when it can't be listed; INTERRUPTED
 */
export async function* verify(
  domain: Domain,
  { fix, deep, repository, after }: VerifyOptions,
): AsyncGenerator<VerifyStep> {
  const verifying: Verifying = { domain, fix, deep, ...(repository !== undefined && { repository }) };
  const from = after === undefined ? undefined : parseCursor(after);
  const begin = from === undefined ? 0 : PASSES.indexOf(from.pass);
  if (repository !== undefined && from === undefined) await requireTraces(domain, repository);
  for (const pass of PASSES.slice(begin)) {
    const { isOfRepository, run } = RUN[pass];
    if (repository !== undefined && !isOfRepository) continue;
    for await (const { key, ...looked } of run(verifying, pass === from?.pass ? from.key : '')) {
      yield { after: formatCursor({ pass, key }), ...looked };
    }
  }
}

function ofRepository<Item extends { readonly key: string }>(pass: Pass<Item>): AnyPass {
  return { isOfRepository: true, run: (verifying, after) => runPass(pass, verifying, after) };
}

function ofDomain<Item extends { readonly key: string }>(pass: Pass<Item>): AnyPass {
  return { isOfRepository: false, run: (verifying, after) => runPass(pass, verifying, after) };
}

/** Looks ahead at many, then once more at those of which something seems wrong, one by one. */
async function* runPass<Item extends { readonly key: string }>(
  { ahead, items, examine }: Pass<Item>,
  verifying: Verifying,
  after: string,
): AsyncGenerator<PassStep> {
  const looked = expandAhead(items(verifying, after), ahead, async function* (item: Item) {
    // What fails is looked at once more, and told, in its turn.
    const notes = { bySizeAlone: 0 };
    const isSound = await examine(verifying, item, notes).then(
      (problems) => problems.length === 0,
      () => false,
    );
    yield { item, isSound, ...notes };
  });
  for await (const { item, isSound, bySizeAlone } of looked) {
    const again = (): Promise<readonly Problem[]> => examine(verifying, item, { bySizeAlone: 0 });
    const finding = isSound ? undefined : await judge(again, verifying, item.key);
    yield { key: item.key, bySizeAlone, ...(finding !== undefined && { finding }) };
  }
}

async function judge(
  examine: () => Promise<readonly Problem[]>,
  { fix }: Verifying,
  key: string,
): Promise<VerifyFinding | undefined> {
  try {
    const findings: VerifyFinding[] = [];
    for (const { finding, heal } of await examine()) {
      const told: VerifyFinding = { ...finding, healed: false };
      if (heal === undefined) findings.push(told);
      else findings.push(fix ? await healed(told, heal) : { ...told, healable: true });
    }
    return merged(findings);
  } catch (error) {
    return unlooked(error, key);
  }
}

async function healed(finding: VerifyFinding, heal: NonNullable<Problem['heal']>): Promise<VerifyFinding> {
  try {
    const failure = await heal();
    return failure === undefined ? { ...finding, healed: true } : { ...finding, failure };
  } catch (error) {
    const { why: failure, remedy } = unlooked(error, finding.key);
    return { ...finding, failure, ...(remedy !== undefined && { remedy }) };
  }
}

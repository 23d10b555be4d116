import type { ArtifactArn } from '../arn.ts';
import { announcing } from '../announcing.ts';
import { formatArn, parseArn, samePlace } from '../arn.ts';
import type { KeeperAnswer, KeeperCommand } from '../asking/command.ts';
import { audit } from '../audit/audit.ts';
import { declare } from '../declaring/declare.ts';
import { deleteBookmark, setBookmark } from '../bookmark.ts';
import { ownKeeper } from '../deletion.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError } from '../error.ts';
import type { Cause, DomainEvent } from '../event.ts';
import { fetchContent } from '../home/fetch.ts';
import type { Homes } from '../home/home.ts';
import type { Told } from '../home/tell.ts';
import { tellOf } from '../home/tell.ts';
import { addNamedReference, removeNamedReferences } from '../named.ts';
import { planPiece, runPiece } from './collection-pieces.ts';
import { deleteVersions, undelete } from './deletion.ts';
import type { Keeping } from './keeping.ts';
import { collectPiece } from './piece.ts';
import { holdSources } from '../promoting/hold.ts';
import { readPromotion } from '../promoting/record.ts';
import { deleteRepository } from './repository-deletion.ts';
import { complete, setStatus } from './status.ts';
import { verify } from '../verifying/verify.ts';
import { publicationEvents } from './telling.ts';
import { tend } from './tend.ts';
import { parseStackId } from '../stack-id.ts';
import { versionKey } from '../keys.ts';
import { sharesToTag } from '../sharing/follow.ts';
import type { TaggedVersion } from '../sharing/tagging.ts';
import { tagVersions, versionsNamed, versionsOfRepository } from '../sharing/tagging.ts';

/**
 * Carries a command out, as far as the time goes.
 * @throws ArtifactError what the command says; what was done until then stays done, and the command may be repeated
 */
export async function carryOut(command: KeeperCommand, keeping: Keeping): Promise<KeeperAnswer> {
  const { domain, announce } = keeping;
  if (announce === undefined) return perform(command, keeping);
  const cause = causeOf(command, keeping);
  const announced = announcing(domain, cause, announce);
  try {
    return await perform(command, { ...keeping, domain: announced.domain });
  } finally {
    await announced.end();
  }
}

function causeOf({ command }: KeeperCommand, { requestId }: Keeping): Cause {
  return { by: 'keeper', command, ...(requestId !== undefined && { requestId }) };
}

async function perform(command: KeeperCommand, keeping: Keeping): Promise<KeeperAnswer> {
  const { domain, evidence, isTimeUp } = keeping;
  switch (command.command) {
    case 'cancel':
      await ownKeeper(domain.store).cancel(command.digest);
      return { results: [] };
    case 'finish':
      await ownKeeper(domain.store).finish(command.digest);
      return { results: [] };
    case 'renew':
      await ownKeeper(domain.store).renew(versionIn(domain, command.arn), domain.chance);
      return { results: [] };
    case 'reference-add': {
      const { consumer, resolvedFrom } = command;
      return { results: [await addNamedReference(domain, versionIn(domain, command.arn), consumer, resolvedFrom)] };
    }
    case 'reference-remove':
      return collectPiece(removals(domain, command), isTimeUp, (after) => ({ ...command, after }));
    case 'delete': {
      const { arn, after, ...wanted } = command;
      const before = after === undefined ? {} : { before: Number(after) };
      const steps = deleteVersions(domain, { ...wanted, ...before, arn: artifactIn(domain, arn) });
      return collectPiece(steps, isTimeUp, (from) => ({ ...command, after: from }));
    }
    case 'undelete':
      return { results: [await undelete(domain, versionIn(domain, command.arn))] };
    case 'bookmark-set': {
      const { arn, bookmark, ...wanted } = command;
      return { results: [await setBookmark(domain, versionIn(domain, arn), bookmark, wanted)] };
    }
    case 'bookmark-delete': {
      const { arn, bookmark, ...wanted } = command;
      return { results: [await deleteBookmark(domain, artifactIn(domain, arn), bookmark, wanted)] };
    }
    case 'status-set': {
      const { arn, status, ...wanted } = command;
      return { results: [await setStatus(domain, versionIn(domain, arn), status, wanted)] };
    }
    case 'complete':
      return { results: [await complete(domain, versionIn(domain, command.arn))] };
    case 'audit': {
      const { fix, stack, after } = command;
      const wanted = { fix, ...(stack !== undefined && { stack }), ...(after !== undefined && { after }) };
      const steps = audit(domain, evidence, wanted);
      return collectPiece(findings(steps), isTimeUp, (from) => ({ ...command, after: from }));
    }
    case 'verify': {
      let bySizeAlone = 0;
      const steps = noted(verify(domain, command), (step) => (bySizeAlone += step.bySizeAlone));
      const piece = await collectPiece(findings(steps), isTimeUp, (after) => ({ ...command, after }));
      return bySizeAlone === 0 ? piece : { ...piece, bySizeAlone };
    }
    case 'gc-plan':
      return planPiece(domain, command, isTimeUp);
    case 'gc-run':
      return runPiece(domain, command, isTimeUp);
    case 'repository-delete':
      return collectPiece(deleteRepository(domain, command), isTimeUp, (after) => ({ ...command, after }));
    case 'fetch':
      return { results: [await fetchContent(domain, homesOf(keeping), parseArn(command.arn), command.filename)] };
    case 'tell':
      return { results: await tellHomes(command, keeping) };
    case 'declare':
      return { results: [await declare(domain, command)] };
    case 'tag-shared':
      return collectPiece(tagged(domain, command), isTimeUp, (after) => ({ ...command, after }));
    case 'announce':
      await tellPublished(command.arns, keeping);
      await collectPiece(tagged(domain, { command: 'tag-shared', arns: command.arns }), isTimeUp, () => command);
      return { results: [] };
    case 'hold-promotion': {
      const promotion = await readPromotion(domain, command.repository, command.promotion);
      return { results: promotion === undefined ? [] : await holdSources(domain, promotion) };
    }
    case 'tend':
      return { results: await tend(keeping) };
  }
}

/** @throws ArtifactError ARTIFACT_NOT_FOUND where nobody knows how to reach another domain */
function homesOf({ homes, domain }: Keeping): Homes {
  if (homes !== undefined) return homes;
  throw new ArtifactError('ARTIFACT_NOT_FOUND', `the domain '${domain.bucket}' knows no other domain`, {
    remedy: 'Only domains in AWS take over what is at home elsewhere.',
  });
}

async function tellHomes(
  { stackId, logicalId, generation }: Extract<KeeperCommand, { command: 'tell' }>,
  keeping: Keeping,
): Promise<readonly Told[]> {
  const { domain, isTimeUp } = keeping;
  const stack = parseStackId(stackId);
  const told: Told[] = [];
  if (stack === undefined) return told;
  const of = { resource: { ...stack, logicalId }, ...(generation !== undefined && { generation }) };
  for await (const one of tellOf(domain, homesOf(keeping), of)) {
    told.push(one);
    // The tick tells the rest.
    if (isTimeUp()) break;
  }
  return told;
}

async function tellPublished(
  arns: Extract<KeeperCommand, { command: 'announce' }>['arns'],
  keeping: Keeping,
): Promise<void> {
  const { domain, announce } = keeping;
  if (announce === undefined) return;
  const events: DomainEvent[] = [];
  for await (const event of publicationEvents(domain, arns, causeOf({ command: 'announce', arns }, keeping)))
    events.push(event);
  // As everything that is told, it is not in the way of anything.
  if (events.length > 0) await announce(events).catch(() => undefined);
}

async function* tagged(
  domain: Domain,
  { arns = [], repository, after }: Extract<KeeperCommand, { command: 'tag-shared' }>,
): AsyncGenerator<{ readonly after: string; readonly result?: TaggedVersion }> {
  // A directory has no tags, and nobody to share with.
  if (domain.store.setTag === undefined) return;
  const shares = await sharesToTag(domain.store);
  if (repository === undefined && shares.length === 0) return;
  const versions =
    repository === undefined ? versionsNamed(domain, arns) : versionsOfRepository(domain, repository, after);
  for await (const version of tagVersions(domain, shares, versions)) {
    yield { after: versionKey(version, version.number), ...(version.tagged > 0 && { result: version }) };
  }
}

async function* noted<T>(steps: AsyncIterable<T>, note: (step: T) => void): AsyncGenerator<T> {
  for await (const step of steps) {
    note(step);
    yield step;
  }
}

async function* findings(
  steps: AsyncIterable<{ readonly after: string; readonly finding?: object }>,
): AsyncGenerator<{ readonly after: string; readonly result?: object }> {
  for await (const { after, finding } of steps) yield { after, ...(finding !== undefined && { result: finding }) };
}

async function* removals(
  domain: Domain,
  { arn, consumer, after }: Extract<KeeperCommand, { command: 'reference-remove' }>,
): AsyncGenerator<{ readonly after: string; readonly result?: object }> {
  const { repository, id, version } = artifactIn(domain, arn);
  const subject = { repository, id, ...(version !== undefined && { number: version }) };
  const before = after === undefined ? undefined : Number(after);
  for await (const { number, removed } of removeNamedReferences(domain, subject, consumer, before)) {
    yield { after: String(number), ...(removed !== undefined && { result: removed }) };
  }
}

function versionIn(domain: Domain, text: string): ArtifactArn & { readonly version: number } {
  const { version, ...arn } = artifactIn(domain, text);
  if (version === undefined) throw new ArtifactError('INVALID_ARN', `'${text}' names no version`);
  return { ...arn, version };
}

/** @throws ArtifactError INVALID_ARN; ARTIFACT_NOT_FOUND where it is another domain's */
function artifactIn(domain: Domain, text: string): ArtifactArn {
  const arn = parseArn(text);
  if (samePlace(arn, domain)) return arn;
  throw new ArtifactError(
    'ARTIFACT_NOT_FOUND',
    `'${formatArn(arn)}' belongs to another domain; this is the one of account ${domain.account} in ${domain.region}`,
    { remedy: 'Ask the keeper of its own domain.' },
  );
}

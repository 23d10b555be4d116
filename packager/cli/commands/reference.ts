import type {
  Domain,
  KeeperCommand,
  NamedReference,
  RemovedReference,
  Resolution,
  Subject,
} from '../../../repository/index.ts';
import {
  ArtifactError,
  formatArn,
  formatArtifactName,
  isByHand,
  listUsers,
  readManifest,
  runToEnd,
} from '../../../repository/index.ts';
import { resolveArtifact, resolveSubject, resolveVersion } from '../../naming/artifact.ts';
import { openDomainOf } from '../at-home.ts';
import { CHANCE } from '../../chance.ts';
import { namesContent } from '../../naming/named-version.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import type { ReferenceOptions } from '../syntax/reference.ts';
import { writeJson, writeJsonList } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** Records that a consumer which is no stack needs a version. */
export async function add(options: ReferenceOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain, ask } = await openDomainOf(options, [options.artifact], 'keep', terminal);
  const { consumer, artifact: text, repository } = options;
  const { arn, resolvedFrom, ...name } = await resolveAny(domain, text, repository);
  if (arn.version === undefined) throw noVersion(text);
  const command: KeeperCommand = {
    ...{ command: 'reference-add', arn: formatArn(arn), consumer },
    ...(resolvedFrom !== undefined && { resolvedFrom }),
  };
  let outcome: NamedReference['outcome'] | undefined;
  for await (const { results } of runToEnd(ask, command, CHANCE)) {
    for (const result of results) ({ outcome } = result as NamedReference);
  }
  if (options.json) {
    writeJson(terminal, { arn: formatArn(arn), consumer, outcome, resolvedFrom, warnings: warnings.all() });
  } else if (!options.quiet) {
    const again = outcome === 'exists' ? ', as recorded before' : '';
    terminal.stdout.write(`'${consumer}' uses ${formatArtifactName(name)}:${arn.version}${again}\n`);
  }
}

/** A version is needed with all of its assets: any of them names it. */
async function resolveAny(domain: Domain, text: string, repository: string): Promise<Resolution> {
  if (namesContent(text, repository)) return resolveArtifact(domain, text, repository);
  const { manifest } = await resolveVersion(domain, text, repository);
  const [{ name }] = manifest.assets;
  return resolveArtifact(domain, `${text}#${name}`, repository);
}

/** Removes what a consumer recorded, of one version or of all versions of an artifact. */
export async function remove(options: ReferenceOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain, ask } = await openDomainOf(options, [options.artifact], 'keep', terminal);
  const { consumer, artifact: text, repository } = options;
  const subject = await resolveSubject(domain, text, repository);
  const arn = await arnOf(domain, subject, text);
  const removed = removals(domain, ask, { command: 'reference-remove', arn, consumer }, subject);
  if (options.json) {
    await writeJsonList(terminal, 'removed', removed);
    writeJson(terminal, { warnings: warnings.all() });
    return;
  }
  for await (const { repository: of, id, version } of removed) {
    if (!options.quiet) terminal.stdout.write(`'${consumer}' no longer uses ${of}/${id}:${version}\n`);
  }
}

async function* removals(
  domain: Domain,
  ask: OpenDomain['ask'],
  command: Extract<KeeperCommand, { command: 'reference-remove' }>,
  subject: Subject,
): AsyncGenerator<RemovedReference> {
  let [asked, answered, removed] = [0, 0, 0];
  const counted: typeof ask = (piece) => {
    asked += 1;
    return ask(piece);
  };
  for await (const { results } of runToEnd(counted, command, CHANCE)) {
    answered += 1;
    removed += results.length;
    yield* results as readonly RemovedReference[];
  }
  // Where an answer was lost, what it told of is gone already.
  if (removed === 0 && asked === answered) throw await notUsed(domain, subject, command.consumer);
}

/** A version is named with any of its content. */
async function arnOf(domain: Domain, subject: Subject, text: string): Promise<string> {
  const { partition, account, region } = domain;
  const { repository, id, number, digest } = subject;
  if (number === undefined && digest !== undefined) throw noVersion(text);
  const named = { partition, account, region, repository, id };
  if (number === undefined) return formatArn(named);
  const [asset] = digest === undefined ? ((await readManifest(domain, subject, number))?.assets ?? []) : [{ digest }];
  return formatArn({ ...named, version: number, ...(asset !== undefined && { digest: asset.digest }) });
}

function noVersion(text: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', `'${text}' names content, and no version that holds it`, {
    remedy: "Name a version, like 'shop/api:3'.",
  });
}

/** So many names help; more of them hide each other. */
const NAMES = 5;

async function notUsed(domain: Domain, subject: Subject, consumer: string): Promise<ArtifactError> {
  const names = new Set<string>();
  for await (const { consumer: user } of listUsers(domain, subject)) {
    if (isByHand(user)) names.add(user.name);
    if (names.size === NAMES) break;
  }
  const { number } = subject;
  const what = `${formatArtifactName(subject)}${number === undefined ? '' : `:${number}`}`;
  return new ArtifactError('ARTIFACT_NOT_FOUND', `'${consumer}' is not recorded as a consumer of '${what}'`, {
    remedy:
      names.size > 0
        ? `Recorded by hand are ${[...names].map((name) => `'${name}'`).join(', ')}.`
        : `Nobody is recorded by hand. 'cfn-artifacts references ${what}' tells who uses it; stacks let go of it when they are updated or deleted.`,
  });
}

import type { DeletedVersion, VersionUser } from '../../../repository/index.ts';
import { refuse } from '../../../repository/error.ts';
import type { ArtifactError } from '../../../repository/index.ts';
import { openDomainOf } from '../at-home.ts';
import { confirm } from '../confirm.ts';
import type { DeleteOptions } from '../syntax/delete.ts';
import { askFor, commandsFor, isDue, lookAt, settled, versionName } from '../talk/deletion-plan.ts';
import { adviceOn, formatDeleted, formatDeletion, inUse, lettingGo, whatGoes } from '../talk/deletion.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import { writeJson, writeJsonList, writeNote } from '../talk/report.ts';
import { plainUsage } from '../talk/showing.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

interface Call {
  readonly opened: OpenDomain;
  readonly options: DeleteOptions;
  readonly terminal: Terminal;
}

type Versions = readonly DeletedVersion[];

/**
 * Deletes versions that nobody needs. Everything is looked at first: what is wrong with any of them is told, and then nothing is done. What was shown is
 * deleted, and nothing else, as far as nobody needs it by then.
 * @returns EXIT.findings where `--unused` left something
 * @throws ArtifactErrors ARTIFACT_IN_USE, ARTIFACT_NOT_FOUND … of all that is named; INVALID_ARGUMENT where the answer is no
 */
export async function run(options: DeleteOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  const opened = await openDomainOf(options, options.artifacts, options.dryRun ? 'read' : 'keep', terminal);
  const call: Call = { opened, options, terminal };
  const looking = progress(call, (count) => `looked at ${count} so far`);
  const { versions, problems } = await lookAt(opened.domain, opened.ask, options, looking);
  const due = versions.filter(isDue);
  const used = versions.filter(isUsed);
  const found = options.unused ? problems : [...problems, ...refusals(call, used, adviceTo(call, used, due))];
  if (found.length > 0) await tellRefused(call, found, versions);
  if (due.length === 0 || options.dryRun) {
    await tellPlan(call, versions, warnings);
    return used.length > 0 ? EXIT.findings : EXIT.ok;
  }
  if (!options.yes) await approve(call, due, used);
  const done = await deleteAll(call, due);
  const result = settled(done.versions);
  // Of what was deleted before, and all is done, nothing was asked.
  const before = versions.filter((version) => !isDue(version) && !isUsed(version));
  await tellDeleted(call, used, [...before, ...result], warnings, done.failure);
  return used.length + result.filter(isUsed).length > 0 ? EXIT.findings : EXIT.ok;
}

function isUsed({ outcome }: DeletedVersion): boolean {
  return outcome === 'used';
}

/** One for each version, with the same advice, so that it is said once. */
function refusals({ opened: { domain } }: Call, used: Versions, advice: string): readonly ArtifactError[] {
  return used.map((version) => inUse(domain, version, advice));
}

function adviceTo({ opened }: Call, used: Versions, due: Versions): string {
  return [
    'Nothing was deleted.',
    lettingGo(used, opened.flags),
    ...(due.length > 0 ? ['--unused deletes the others.'] : []),
  ].join(' ');
}

/** @throws ArtifactErrors */
async function tellRefused(
  { options, terminal }: Call,
  problems: readonly ArtifactError[],
  versions: Versions,
): Promise<void> {
  if (options.json && versions.length > 0) await writeJsonList(terminal, 'versions', plainOf(versions));
  refuse(problems);
}

/** Where nothing is done: what would be, or how it stands with what was deleted before. */
async function tellPlan(call: Call, versions: Versions, warnings: Warnings): Promise<void> {
  const { options, terminal } = call;
  if (options.json) {
    await writeVersions(call, versions, warnings);
    return;
  }
  const due = versions.filter(isDue);
  if (due.length > 0) terminal.stdout.write(formatDeletion(due, options, terminal.stdout.columns));
  else for (const version of versions.filter((one) => !isUsed(one))) say(call, formatDeleted(version));
  tellLeft(call, versions.filter(isUsed));
}

/** @throws ArtifactError INVALID_ARGUMENT where the answer is no, or nobody can give one */
async function approve(call: Call, due: Versions, left: Versions): Promise<void> {
  const { options, terminal } = call;
  terminal.stderr.write(formatDeletion(due, options, terminal.stderr.columns));
  tellLeft(call, left);
  const these = whatGoes(due);
  await confirm(terminal, {
    question: `Delete ${these}?`,
    whether: `to delete ${these}`,
    remedy: 'Nothing was deleted. Use --yes to delete without a question, or --dry-run to see alone what would go.',
    nothing: 'nothing was deleted',
  });
}

/** @returns what became of each, and what kept it from going on with the rest */
async function deleteAll(
  call: Call,
  due: Versions,
): Promise<{ readonly versions: Versions; readonly failure?: { readonly error: unknown } }> {
  const { opened, options, terminal } = call;
  const fresh = new Set(due.filter(({ outcome }) => outcome === 'would delete').map(versionName));
  const done: DeletedVersion[] = [];
  try {
    for (const command of commandsFor(opened.domain, due, options.now)) {
      const told = progress(call, () => `deleted ${done.length} of ${due.length} so far`);
      const deleting = (count: number): void => {
        if (done.length < due.length) told(count);
      };
      for await (const version of askFor(opened.ask, command, deleting)) {
        // Where an answer was lost, the second one tells what the first had done.
        const isOwn = version.outcome === 'already' && fresh.has(versionName(version));
        done.push(isOwn ? { ...version, outcome: 'deleted' } : version);
      }
      terminal.signal.throwIfAborted();
    }
    return { versions: done };
  } catch (error) {
    return { versions: done, failure: { error } };
  }
}

/** @throws what kept it from going on; ArtifactErrors ARTIFACT_IN_USE of what was taken into use since it was looked at, unless that is left anyway */
async function tellDeleted(
  call: Call,
  left: Versions,
  result: Versions,
  warnings: Warnings,
  failure: { readonly error: unknown } | undefined,
): Promise<void> {
  const { opened, options, terminal } = call;
  const taken = result.filter(isUsed);
  if (options.json) await writeJsonList(terminal, 'versions', plainOf([...left, ...result]));
  else tellResult(call, result);
  if (failure !== undefined) throw failure.error;
  if (!options.unused && taken.length > 0) {
    const advice = `It was taken into use in the meantime, and left. ${lettingGo(taken, opened.flags)}`;
    refuse(refusals(call, taken, advice));
  }
  if (options.json) writeJson(terminal, { warnings: warnings.all() });
  else tellLeft(call, options.yes ? [...left, ...taken] : taken);
}

function tellResult(call: Call, result: Versions): void {
  const gone = result.filter((version) => !isUsed(version));
  for (const version of gone) say(call, formatDeleted(version));
  const advice = adviceOn(gone, call.opened.flags);
  if (advice !== undefined && !call.options.quiet) call.terminal.stderr.write(`${advice}\n`);
}

function say({ options, terminal }: Call, line: string): void {
  if (!options.quiet) terminal.stdout.write(`${line}\n`);
}

function tellLeft({ opened: { domain }, options, terminal }: Call, left: Versions): void {
  for (const version of left) writeNote(terminal, `${inUse(domain, version, '').message}: it stays`, options);
}

function progress({ options, terminal }: Call, line: (count: number) => string): (count: number) => void {
  return (count) => {
    if (!options.quiet && !options.json) terminal.stderr.write(`${line(count)}\n`);
  };
}

async function writeVersions({ terminal }: Call, versions: Versions, warnings: Warnings): Promise<void> {
  await writeJsonList(terminal, 'versions', plainOf(versions));
  writeJson(terminal, { warnings: warnings.all() });
}

async function* plainOf(versions: Versions): AsyncGenerator<object> {
  for (const { repository, id, number, published, outcome, content, users, moreUsers } of versions) {
    const needed = users === undefined ? {} : { users: users.map(plainUser), moreUsers };
    yield { repository, id, version: number, outcome, published, ...needed, content };
  }
}

function plainUser(user: VersionUser): object {
  return user.by === 'bookmark' ? { bookmark: user.bookmark } : plainUsage(user);
}

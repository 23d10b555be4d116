import type { DeletedVersion, KeeperCommand } from '../../../repository/index.ts';
import { ArtifactError, readRepository, runToEnd } from '../../../repository/index.ts';
import { refuse } from '../../../repository/error.ts';
import type { DeletedRepository } from '../../../repository/keeping/repository-deletion.ts';
import { ownerName } from '../../../repository/owner.ts';
import { CHANCE } from '../../chance.ts';
import { confirm } from '../confirm.ts';
import { count } from '../talk/findings.ts';
import { adviceOn, formatDeletion, inUse, lettingGo } from '../talk/deletion.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import { openDomain } from '../open.ts';
import { placeFlags } from '../../opening/place-flags.ts';
import { writeJson, writeJsonList, writeNote } from '../talk/report.ts';
import type { RepositoryDeleteOptions } from '../syntax/repository.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

interface Call {
  readonly opened: OpenDomain;
  readonly options: RepositoryDeleteOptions;
  readonly terminal: Terminal;
}

/** What the keeper told: what became of the repository, and of each version of it that was there. */
interface Told {
  readonly outcome: DeletedRepository['outcome'];
  readonly versions: readonly DeletedVersion[];
}

/**
 * Deletes a repository with its versions, if nobody needs any of them. Everything is looked at first, shown and asked about.
 * @throws ArtifactErrors ARTIFACT_IN_USE for each version that somebody needs; REPOSITORY_NOT_FOUND; INVALID_ARGUMENT of `default`, or where the answer is no
 */
export async function run(options: RepositoryDeleteOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const opened = await openDomain(options, options.dryRun ? 'read' : 'keep', terminal);
  const call: Call = { opened, options, terminal };
  // Whoever misspells it hears what is near; the keeper takes for done what is not there.
  const { repository: is } = await readRepository(opened.domain, options.repository);
  const looked = await ask(call, true);
  await refuseUsed(call, looked, 'Nothing was deleted.');
  if (options.dryRun) {
    await tell(call, looked, warnings);
    return;
  }
  if (is.owner !== undefined && !options.quiet)
    writeNote(terminal, `${ownerName(is.owner)} declares '${options.repository}', and misses it then`, options);
  if (!options.yes) await approve(call, looked);
  const done = await ask(call, false);
  await refuseUsed(call, done, 'It was taken into use in the meantime, and the repository stays.');
  await tell(call, done, warnings);
}

async function ask({ opened, options, terminal }: Call, dryRun: boolean): Promise<Told> {
  const { repository, json, quiet } = options;
  const command: KeeperCommand = { command: 'repository-delete', repository, dryRun };
  const versions: DeletedVersion[] = [];
  let outcome: Told['outcome'] = 'absent';
  for await (const { results, next } of runToEnd(opened.ask, command, CHANCE)) {
    for (const result of results as readonly (DeletedVersion | DeletedRepository)[]) {
      if ('number' in result) versions.push(result);
      else ({ outcome } = result);
    }
    terminal.signal.throwIfAborted();
    if (next === undefined || quiet || json) continue;
    terminal.stderr.write(`${dryRun ? 'looked at' : 'deleted'} ${versions.length} so far\n`);
  }
  return { outcome, versions };
}

/** @throws ArtifactErrors ARTIFACT_IN_USE */
async function refuseUsed(
  { opened, options, terminal }: Call,
  { outcome, versions }: Told,
  what: string,
): Promise<void> {
  if (outcome !== 'used') return;
  const used = versions.filter((version) => version.outcome === 'used');
  const advice = `${what} ${lettingGo(used, placeFlags(options))}`;
  if (options.json) await writeJsonList(terminal, 'versions', plainOf(versions));
  refuse(used.map((version) => inUse(opened.domain, version, advice)));
  throw new ArtifactError('ARTIFACT_IN_USE', `a version of '${options.repository}' is in use`, { remedy: what });
}

/** @throws ArtifactError INVALID_ARGUMENT where the answer is no, or nobody can give one */
async function approve({ options, terminal }: Call, { versions }: Told): Promise<void> {
  const { repository } = options;
  if (versions.length > 0) terminal.stderr.write(formatDeletion(versions, { now: false }, terminal.stderr.columns));
  const it = `the repository '${repository}' with ${count(versions.length, 'version', 'versions')}`;
  await confirm(terminal, {
    question: `Delete ${it}?`,
    whether: `to delete ${it}`,
    remedy: 'Nothing was deleted. Use --yes to delete without a question, or --dry-run to see alone what would go.',
    nothing: 'nothing was deleted',
  });
}

async function tell({ options, terminal }: Call, { outcome, versions }: Told, warnings: Warnings): Promise<void> {
  const { repository, json, quiet } = options;
  if (json) {
    await writeJsonList(terminal, 'versions', plainOf(versions));
    writeJson(terminal, { repository, outcome, warnings: warnings.all() });
    return;
  }
  if (outcome === 'would delete') {
    if (versions.length > 0) terminal.stdout.write(formatDeletion(versions, { now: false }, terminal.stdout.columns));
    else terminal.stdout.write(`'${repository}' has no versions, and would go\n`);
    return;
  }
  if (quiet) return;
  const them = versions.length === 0 ? '' : ` with ${count(versions.length, 'version', 'versions')}`;
  terminal.stdout.write(`deleted the repository '${repository}'${them}\n`);
  const advice = adviceOn(versions, placeFlags(options));
  if (advice !== undefined) terminal.stderr.write(`${advice}\n`);
}

async function* plainOf(versions: readonly DeletedVersion[]): AsyncGenerator<object> {
  for (const { repository, id, number, ...rest } of versions) yield { repository, id, version: number, ...rest };
}

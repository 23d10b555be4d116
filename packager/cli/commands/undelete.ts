import type { Domain, Subject, UndeletedVersion } from '../../../repository/index.ts';
import {
  ArtifactError,
  formatArtifactName,
  listVersionNumbers,
  readStatus,
  runToEnd,
} from '../../../repository/index.ts';
import { refuse } from '../../../repository/error.ts';
import { resolveVersions } from '../../naming/artifact.ts';
import { openDomainOf } from '../at-home.ts';
import { CHANCE } from '../../chance.ts';
import type { UndeleteOptions } from '../syntax/delete.ts';
import { arnOf, namingProblems, versionName } from '../talk/deletion-plan.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import { writeJson, writeJsonList } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/**
 * Takes the deletion of versions back. All of them are looked for before the first is touched; one whose content is gone does not keep back the others.
 * @throws ArtifactErrors ARTIFACT_DELETED where content is gone; ARTIFACT_NOT_FOUND …
 */
export async function run(options: UndeleteOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const opened = await openDomainOf(options, options.artifacts, 'keep', terminal);
  const arns = await arnsOf(opened, options);
  const problems: ArtifactError[] = [];
  const undeleted = undeleteAll(opened.ask, arns, problems);
  if (options.json) await writeJsonList(terminal, 'versions', plainOf(undeleted));
  else {
    for await (const version of undeleted) {
      terminal.signal.throwIfAborted();
      if (!options.quiet) terminal.stdout.write(`${lineOf(version)}\n`);
    }
  }
  refuse(problems);
  if (options.json) writeJson(terminal, { warnings: warnings.all() });
}

/** Each once. @throws ArtifactErrors of all that names no version */
async function arnsOf(
  { domain, flags }: Pick<OpenDomain, 'domain' | 'flags'>,
  { artifacts, repository }: UndeleteOptions,
): Promise<ReadonlySet<string>> {
  const arns = new Set<string>();
  const problems: ArtifactError[] = [];
  for (const text of artifacts) {
    try {
      const subject = await resolveVersions(domain, text, repository);
      if (subject.number === undefined) problems.push(await noVersion(domain, subject, text, flags));
      else arns.add(arnOf(domain, subject));
    } catch (error) {
      problems.push(...namingProblems(error));
    }
  }
  refuse(problems);
  return arns;
}

/** @param problems takes what can't be taken back */
async function* undeleteAll(
  ask: OpenDomain['ask'],
  arns: ReadonlySet<string>,
  problems: ArtifactError[],
): AsyncGenerator<UndeletedVersion> {
  for (const arn of arns) {
    try {
      for await (const { results } of runToEnd(ask, { command: 'undelete', arn }, CHANCE)) {
        yield* results as readonly UndeletedVersion[];
      }
    } catch (error) {
      problems.push(...namingProblems(error));
    }
  }
}

function lineOf(version: UndeletedVersion): string {
  const { outcome, status } = version;
  return outcome === 'undeleted'
    ? `${versionName(version)} is ${status} again`
    : `${versionName(version)} is not deleted: it is ${status}`;
}

async function* plainOf(versions: AsyncIterable<UndeletedVersion>): AsyncGenerator<object> {
  for await (const { repository, id, number, outcome, status } of versions) {
    yield { repository, id, version: number, outcome, status };
  }
}

/** So many names help; more of them hide each other. */
const NAMES = 5;

async function noVersion(domain: Domain, subject: Subject, text: string, flags: string): Promise<ArtifactError> {
  const deleted: string[] = [];
  for await (const number of listVersionNumbers(domain, subject)) {
    if ((await readStatus(domain, subject, number)) !== 'Deleted') continue;
    if (deleted.push(`${formatArtifactName(subject)}:${number}`) === NAMES) break;
  }
  return new ArtifactError('INVALID_ARGUMENT', `'${text}' names an artifact, and no version of it`, {
    remedy: wayTo(deleted, flags),
  });
}

function wayTo(deleted: readonly string[], flags: string): string {
  const [newest, ...others] = deleted;
  if (newest === undefined) return 'None of its versions is deleted.';
  const way = `cfn-artifacts undelete ${newest}${flags}`;
  return others.length === 0
    ? `Name the version: ${way}`
    : `Name a version that is deleted (${deleted.join(', ')}): ${way}`;
}

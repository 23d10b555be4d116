import type { ArtifactName, Domain, Status } from '../../../repository/index.ts';
import {
  ArtifactError,
  ArtifactErrors,
  formatArn,
  formatArtifactName,
  hasCode,
  readVersion,
} from '../../../repository/index.ts';
import { refuse } from '../../../repository/error.ts';
import type { ChangedStatus } from '../../../repository/keeping/status.ts';
import { isGone } from '../../../repository/status.ts';
import { FOLLOWERS } from '../../../repository/status-target.ts';
import { openDomainOf } from '../at-home.ts';
import { arnOfVersion, resolveOneVersion } from '../bookmark-name.ts';
import { confirm } from '../confirm.ts';
import { arnOf, askFor, versionName } from '../talk/deletion-plan.ts';
import { endsOf, inUse, lettingGo } from '../talk/deletion.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import { formatTable, writeJson, writeJsonList } from '../talk/report.ts';
import type { StatusOptions, StatusSetOptions } from '../syntax/status.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { askOnce } from './bookmark.ts';

type VersionName = ArtifactName & { readonly number: number };

/** Tells what versions are. */
export async function get(options: StatusOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomainOf(options, options.artifacts, 'read', terminal);
  const versions = await statusesOf(domain, await versionsOf(domain, options));
  if (options.json) {
    const plain = versions.map(({ number, ...version }) => ({ ...version, version: number }));
    writeJson(terminal, { versions: plain, warnings: warnings.all() });
    return;
  }
  const rows = versions.map((version) => [versionName(version), version.status]);
  terminal.stdout.write(formatTable([{ title: 'VERSION' }, { title: 'STATUS' }], rows, terminal.stdout.columns));
}

/**
 * Gives versions another status. All of them are looked at before somebody is asked, or the first is changed; where one can't be, nothing is. What happens to one in the meantime does not keep back the others.
 * @throws ArtifactErrors STATUS_NOT_ALLOWED, STALE_REVISION, ARTIFACT_IN_USE, for each that stays what it is
 */
export async function set(options: StatusSetOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { status, json, quiet, yes } = options;
  const { domain, ask, flags } = await openDomainOf(options, options.artifacts, 'keep', terminal);
  const versions = await versionsOf(domain, options);
  const looked = await statusesOf(domain, versions);
  refuse(looked.flatMap((version) => problemsOf(version, options)));
  if (status === 'Disposed') refuse(await usedAmong({ domain, ask, flags }, looked));
  if (status === 'Disposed' && !yes) {
    await confirm(terminal, {
      question: `Dispose of ${versions.map(versionName).join(', ')}? Nobody can take that back.`,
      whether: 'to dispose of versions, which nobody can take back',
      remedy: 'Nothing was changed. Use --yes to do it without a question.',
      nothing: 'nothing was changed',
    });
  }
  const problems: ArtifactError[] = [];
  const changed = changeAll({ domain, ask, flags }, versions, options, problems);
  if (json) await writeJsonList(terminal, 'versions', plainOf(changed));
  else {
    for await (const version of changed) {
      terminal.signal.throwIfAborted();
      if (!quiet) terminal.stdout.write(`${lineOf(version)}\n`);
    }
  }
  refuse(problems);
  if (json) writeJson(terminal, { warnings: warnings.all() });
}

/** Each once. @throws ArtifactErrors of all that name no version */
async function versionsOf(domain: Domain, { artifacts, repository }: StatusOptions): Promise<readonly VersionName[]> {
  const versions = new Map<string, VersionName>();
  const problems: ArtifactError[] = [];
  for (const text of artifacts) {
    try {
      const version = await resolveOneVersion(domain, text, repository);
      versions.set(versionName(version), version);
    } catch (error) {
      problems.push(...problemsIn(error));
    }
  }
  refuse(problems);
  return [...versions.values()];
}

async function statusesOf(
  domain: Domain,
  versions: readonly VersionName[],
): Promise<readonly (VersionName & { readonly status: Status })[]> {
  const read = await Promise.all(versions.map((version) => readVersion(domain, version, version.number)));
  return versions.map((version, index) => ({ ...version, status: read[index]?.status ?? 'Published' }));
}

/** What is known before anything is changed; the keeper decides by what is so then. */
function problemsOf(
  { status: from, ...version }: VersionName & { readonly status: Status },
  { status: to, expected }: StatusSetOptions,
): readonly ArtifactError[] {
  // One that is being deleted may be what it was in a moment.
  if (from === to || from === 'Deleting') return [];
  const what = versionName(version);
  if (expected !== undefined && expected !== from) {
    return [
      new ArtifactError('STALE_REVISION', `'${what}' is ${from}, not ${expected}`, {
        remedy: 'Nothing was changed. Decide again by what it is now.',
      }),
    ];
  }
  if (FOLLOWERS[from].includes(to)) return [];
  const remedy =
    from === 'Deleted'
      ? `First take the deletion back: cfn-artifacts undelete ${what}`
      : FOLLOWERS[from].length === 0
        ? 'That is final: publish the same bytes, which makes a new version.'
        : `It can become ${FOLLOWERS[from].join(', ')}.`;
  return [new ArtifactError('STATUS_NOT_ALLOWED', `'${what}' is ${from}, and cannot become ${to}`, { remedy })];
}

/** Who needs versions, as a deletion would find it. The keeper decides by who needs them when they go. */
async function usedAmong(
  { domain, ask, flags }: Pick<OpenDomain, 'domain' | 'ask' | 'flags'>,
  versions: readonly (VersionName & { readonly status: Status })[],
): Promise<readonly ArtifactError[]> {
  const problems: ArtifactError[] = [];
  for (const version of versions.filter((one) => !isGone(one.status))) {
    const command = { command: 'delete', arn: arnOf(domain, version), dryRun: true, now: false } as const;
    for await (const found of askFor(ask, command, () => undefined)) {
      if (found.outcome === 'used') problems.push(inUse(domain, found, lettingGo([found], flags)));
    }
  }
  return problems;
}

/** @param problems takes those of versions that stay what they are */
async function* changeAll(
  { domain, ask, flags }: Pick<OpenDomain, 'domain' | 'ask' | 'flags'>,
  versions: readonly VersionName[],
  options: StatusSetOptions,
  problems: ArtifactError[],
): AsyncGenerator<ChangedStatus> {
  const { status, expected } = options;
  for (const version of versions) {
    try {
      const arn = formatArn(arnOfVersion(domain, version));
      const changed = await askOnce<ChangedStatus>(ask, {
        ...{ command: 'status-set', arn, status },
        ...(expected !== undefined && { expected }),
      });
      if (changed.outcome === 'used') problems.push(inUse(domain, changed, lettingGo([changed], flags)));
      else yield changed;
    } catch (error) {
      problems.push(...problemsIn(error));
    }
  }
}

const OF_A_VERSION = [
  ...(['INVALID_ARGUMENT', 'INVALID_ARN', 'INVALID_NAME', 'ARTIFACT_NOT_FOUND', 'DIGEST_MISMATCH'] as const),
  ...(['STATUS_NOT_ALLOWED', 'STALE_REVISION', 'ARTIFACT_DELETED'] as const),
];

/** What is wrong with one of several; whatever is wrong with the domain is wrong with all. */
function problemsIn(error: unknown): readonly ArtifactError[] {
  const problems = error instanceof ArtifactErrors ? error.problems : [error];
  return problems.map((problem) => {
    if (problem instanceof ArtifactError && hasCode(problem, ...OF_A_VERSION)) return problem;
    throw error;
  });
}

function lineOf({ outcome, from, status, content, ...version }: ChangedStatus): string {
  const name = `${formatArtifactName(version)}:${version.number}`;
  const what = outcome === 'exists' ? `${name} is ${status} already` : `${name} is ${status} now`;
  const was = from === undefined ? '' : `, after ${from}`;
  return [`${what}${was}`, ...endsOf(content)].join('; ');
}

async function* plainOf(versions: AsyncIterable<ChangedStatus>): AsyncGenerator<object> {
  for await (const { repository, id, number, outcome, from, status, content } of versions) {
    yield { repository, id, version: number, outcome, from, status, content };
  }
}

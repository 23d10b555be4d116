import type { Repository, Settings } from '../../../repository/index.ts';
import {
  ArtifactError,
  createRepository,
  listRepositories,
  readRepository,
  readSettings,
  updateRepository,
} from '../../../repository/index.ts';
import { DEFAULT_REPOSITORY } from '../../../repository/name.ts';
import { ownerName } from '../../../repository/owner.ts';
import { notesIn } from '../../../repository/settings.ts';
import { problemsOfSettings } from '../../../repository/settings-problems.ts';
import { confirm } from '../confirm.ts';
import { count } from '../talk/findings.ts';
import { unknownAmong } from '../known-repository.ts';
import { openDomain } from '../open.ts';
import type { Column } from '../talk/report.ts';
import { formatDate, formatFields, formatTable, writeJson, writeJsonList, writeNote } from '../talk/report.ts';
import type {
  GivenSettings,
  RepositoryCreateOptions,
  RepositoryListOptions,
  RepositoryOptions,
  RepositoryUpdateOptions,
} from '../syntax/repository.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { unreadableIn } from '../talk/warnings.ts';

/**
 * Makes a repository, unless it is there with these settings.
 * @throws ArtifactError INVALID_ARGUMENT where one of that name has other settings
 */
export async function create(options: RepositoryCreateOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { repository, bucket, json, quiet } = options;
  const wanted = withGiven({ lifecycle: [] }, repository, options);
  requireOwnBucket(options);
  const { domain } = await openDomain(options, 'write', terminal);
  for (const warning of await unknownAmong(domain, wanted.acceptsFrom ?? [])) warnings.add(warning);
  if (bucket !== undefined) {
    const before = (await readSettings(domain.store, repository))?.value;
    if (before !== undefined && before.bucket !== bucket) throw otherPlace({ ...before, repository });
    const { acceptBucket } = await import('../own-bucket.ts');
    await acceptBucket({ ...options, bucket }, before !== undefined, domain, terminal, warnings);
  }
  warnings.tell();
  const outcome = await createRepository(domain, repository, wanted, bucket);
  const { repository: is } = await readRepository(domain, repository);
  if (bucket !== undefined && is.bucket !== bucket) throw otherPlace(is);
  const differences = changesOf(is, withGiven(is, repository, options));
  if (outcome !== 'created' && differences.length > 0) {
    throw new ArtifactError('INVALID_ARGUMENT', `there is a repository '${repository}' already, with other settings`, {
      remedy: `'cfn-artifacts repository update ${repository}' changes them.`,
    });
  }
  if (json) writeJson(terminal, { ...plain(is), outcome, warnings: warnings.all() });
  else if (!quiet) {
    const words = { created: 'made', exists: 'there already:', restored: 'no longer deleted:' };
    terminal.stdout.write(
      outcome === 'created' ? `made the repository '${repository}'\n` : `${words[outcome]} '${repository}'\n`,
    );
  }
}

/** @throws ArtifactError INVALID_ARGUMENT */
function requireOwnBucket({ repository, bucket, applyPolicy }: RepositoryCreateOptions): void {
  if (applyPolicy && bucket === undefined) {
    throw new ArtifactError('INVALID_ARGUMENT', "'--apply-policy' says nothing without '--bucket'", {
      remedy: 'Name the bucket whose policy is meant.',
    });
  }
  if (bucket === undefined || repository !== DEFAULT_REPOSITORY) return;
  throw new ArtifactError('INVALID_ARGUMENT', `'${DEFAULT_REPOSITORY}' has its content in the domain's bucket`, {
    remedy: 'Make another repository: cfn-artifacts repository create NAME --bucket BUCKET.',
  });
}

/** What is published names where it is: that never changes. */
function otherPlace({ repository, bucket }: Repository): ArtifactError {
  const where = bucket === undefined ? "the domain's bucket" : `'${bucket}'`;
  return new ArtifactError(
    'INVALID_ARGUMENT',
    `there is a repository '${repository}' already, whose content stands in ${where}`,
    {
      remedy: "That never changes. Make another one with --bucket, and 'cfn-artifacts promote' what is to be there.",
    },
  );
}

const COLUMNS: readonly Column[] = [
  { title: 'REPOSITORY' },
  { title: 'TAKES' },
  { title: 'BUCKET' },
  { title: 'DESCRIPTION' },
];

/** The repositories of a domain. */
export async function list(options: RepositoryListOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomain(options, 'read', terminal);
  const repositories = listRepositories(domain, unreadableIn(warnings));
  if (options.json) {
    await writeJsonList(terminal, 'repositories', plainOf(repositories));
    writeJson(terminal, { warnings: warnings.all() });
    return;
  }
  const rows: (readonly string[])[] = [];
  for await (const one of repositories) {
    terminal.signal.throwIfAborted();
    rows.push([one.repository, takesOf(one), one.bucket ?? '', one.description ?? '']);
  }
  const hasBuckets = rows.some(([, , bucket]) => bucket !== '');
  const shown = <T>(cells: readonly T[]): readonly T[] => cells.filter((_, index) => index !== 2 || hasBuckets);
  terminal.stdout.write(formatTable(shown(COLUMNS), rows.map(shown), terminal.stdout.columns));
}

async function* plainOf(repositories: AsyncIterable<Repository>): AsyncGenerator<object> {
  for await (const one of repositories) yield plain(one);
}

/** What is set for a repository. */
export async function show(options: RepositoryOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomain(options, 'read', terminal);
  const { repository: is } = await readRepository(domain, options.repository);
  if (options.json) {
    writeJson(terminal, { ...plain(is), warnings: warnings.all() });
    return;
  }
  const { repository, description, lifecycle, owner, deletingSince, bucket } = is;
  terminal.stdout.write(
    formatFields([
      ['Repository', repository],
      ...(description === undefined ? [] : [['Description', description] as const]),
      ['Takes', takesOf(is)],
      ...(bucket === undefined ? [] : [['Bucket', bucket] as const]),
      ['Rules', lifecycle.length === 0 ? 'none' : count(lifecycle.length, 'rule', 'rules')],
      ...(is.shares === undefined ? [] : [['Shared', count(is.shares.length, 'share', 'shares')] as const]),
      ...(owner === undefined ? [] : [['Declared by', ownerName(owner)] as const]),
      ...(deletingSince === undefined ? [] : [['Deleted since', formatDate(new Date(deletingSince))] as const]),
    ]),
  );
}

function plain({ owner, ...rest }: Repository): object {
  return {
    ...rest,
    ...(owner !== undefined && { declaredBy: { stackId: owner.stackId, logicalId: owner.logicalId } }),
  };
}

function takesOf({ acceptsFrom, requiresEvidence }: Settings): string {
  const from = acceptsFrom === undefined ? undefined : acceptsFrom.join(', ');
  const evidence = requiresEvidence === true ? ' with evidence' : '';
  if (from !== undefined) return `what is promoted from ${from}${evidence}`;
  return requiresEvidence === true ? 'what is promoted with evidence' : 'everything';
}

/**
 * Changes what is set for a repository: shows it first, and asks.
 * @throws ArtifactError REPOSITORY_NOT_FOUND; INVALID_ARGUMENT where nothing is given, or the answer is no; CONTENTION where somebody else was faster
 */
export async function update(options: RepositoryUpdateOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { repository, json, quiet, yes } = options;
  requireAny(options);
  const { domain } = await openDomain(options, 'keep', terminal);
  const { repository: is, record } = await readRepository(domain, repository);
  const wanted = withGiven(is, repository, options);
  const changes = changesOf(is, wanted);
  if (is.owner !== undefined && changes.length > 0 && !quiet)
    writeNote(terminal, `${ownerName(is.owner)} declares '${repository}': its next update sets this again`, options);
  if (changes.length > 0) {
    for (const warning of await unknownAmong(domain, wanted.acceptsFrom ?? [])) warnings.add(warning);
    warnings.tell();
    if (!yes || !(json || quiet)) terminal.stderr.write(changes.map((line) => `${line}\n`).join(''));
    if (!yes) await agree(repository, terminal);
    await updateRepository(domain, repository, wanted, record);
  }
  const isChanged = changes.length > 0;
  if (json)
    writeJson(terminal, {
      ...plain({ repository, ...wanted, ...notesIn(is) }),
      changed: isChanged,
      warnings: warnings.all(),
    });
  else if (!quiet)
    terminal.stdout.write(isChanged ? `changed '${repository}'\n` : `'${repository}' is like that already\n`);
}

function requireAny({ description, acceptsFrom, requiresEvidence }: GivenSettings): void {
  if (description !== undefined || acceptsFrom !== undefined || requiresEvidence !== undefined) return;
  throw new ArtifactError('INVALID_ARGUMENT', 'nothing is given that could be changed', {
    remedy:
      "Give --description, --accepts-from or --requires-evidence; rules are changed by 'cfn-artifacts gc rules set'.",
  });
}

async function agree(repository: string, terminal: Terminal): Promise<void> {
  await confirm(terminal, {
    question: `Change '${repository}' like this?`,
    whether: 'to change it like this',
    remedy: 'Nothing was changed. Use --yes to change it without a question.',
    nothing: 'nothing was changed',
  });
}

/** @throws ArtifactError INVALID_ARGUMENT */
function withGiven(
  { lifecycle, quarantineDays, ...before }: Settings,
  repository: string,
  given: GivenSettings,
): Settings {
  const { description = before.description, acceptsFrom = before.acceptsFrom } = given;
  const { requiresEvidence = before.requiresEvidence } = given;
  const settings: Settings = {
    lifecycle,
    ...(quarantineDays !== undefined && { quarantineDays }),
    ...(description !== undefined && description !== false && { description }),
    ...(acceptsFrom !== undefined && acceptsFrom !== false && { acceptsFrom }),
    ...(requiresEvidence === true && { requiresEvidence }),
  };
  const [problem] = problemsOfSettings({ ...settings }, repository);
  if (problem === undefined) return settings;
  const { message, remedy } = problem;
  throw new ArtifactError('INVALID_ARGUMENT', message, { ...(remedy !== undefined && { remedy }) });
}

/** What is taken away and what is added, as people read it. */
function changesOf(before: Settings, after: Settings): readonly string[] {
  const [old, wanted] = [linesOf(before), linesOf(after)];
  return [
    ...old.filter((line) => !wanted.includes(line)).map((line) => `- ${line}`),
    ...wanted.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}

function linesOf(settings: Settings): readonly string[] {
  const { description } = settings;
  return [...(description === undefined ? [] : [`description: ${description}`]), `takes: ${takesOf(settings)}`];
}

import type { ArtifactName, Domain, StackName, UnusedVersion, Usage } from '../../../repository/index.ts';
import { formatArtifactName, listUnused, listUsedBy, listUsers, parseStackId } from '../../../repository/index.ts';
import { isElsewhere } from '../../../repository/stack-id.ts';
import { listAllBehind, listBookmarkNames } from '../../../repository/behind.ts';
import { bookmarksOf } from '../../../repository/looking/needs.ts';
import type { Unreadable } from '../../../repository/unreadable.ts';
import { resolveSubject } from '../../naming/artifact.ts';
import { openDomainOf } from '../at-home.ts';
import { BehindTable, CATCH_UP, plainBehind } from '../talk/behind.ts';
import { noBookmark } from '../bookmark-name.ts';
import { placeFlags } from '../../opening/place-flags.ts';
import { adviceOnPrefix, foundIn, requireKnown } from '../known-repository.ts';
import type { ReferencesOptions, ReferencesQuestion } from '../syntax/references.ts';
import type { Column } from '../talk/report.ts';
import { formatSize } from '../../size.ts';
import { formatDate, GrowingTable, writeJson, writeJsonList } from '../talk/report.ts';
import { lookBeside, plainUsage } from '../talk/showing.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { unreadableIn } from '../talk/warnings.ts';

/** One question about references, answered as the records are read: nothing is held, however many there are. */
export async function run(options: ReferencesOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { question, repository, region } = options;
  const { domain } = await openDomainOf(
    options,
    question.kind === 'users' ? [question.artifact] : [],
    'read',
    terminal,
  );
  switch (question.kind) {
    case 'users':
      return users({ options, terminal, warnings }, domain, question.artifact);
    case 'stack':
      return usedBy({ options, terminal, warnings }, domain, stackOf(domain, question, region));
    case 'unused':
      return unused({ options, terminal, warnings }, domain, prefixIn(repository, question.prefix));
    case 'behind':
      return behind({ options, terminal, warnings }, domain, question.bookmark, prefixIn(repository, question.prefix));
  }
}

interface Call {
  readonly options: ReferencesOptions;
  readonly terminal: Terminal;
  readonly warnings: Warnings;
}

async function users(call: Call, domain: Domain, text: string): Promise<void> {
  const subject = await resolveSubject(domain, text, call.options.repository);
  const found = listUsers(domain, subject);
  if (call.options.json) return json(call, 'uses', found, plainUsage);
  const columns: readonly Column[] = [
    { title: 'VERSION', align: 'right' },
    { title: 'USED BY' },
    { title: 'LOGICAL ID' },
    { title: 'ACCOUNT' },
    { title: 'REGION' },
    { title: 'SINCE' },
    { title: 'CHOSEN BY' },
  ];
  const table = new GrowingTable(call.terminal, columns);
  const isNew = newRowsOf();
  for await (const usage of found) {
    const { name, logicalId, account, region } = whoUses(usage);
    const version = usage.version === undefined ? NOTHING : String(usage.version);
    const row = [version, name, logicalId, account, region, since(usage), chosenBy(usage)];
    if (isNew(version, row)) await table.add(row);
  }
  await table.end();
  if (table.rows > 0 || call.options.quiet) return;
  const { repository, id, number, digest } = subject;
  const selection = number !== undefined ? `:${number}` : digest === undefined ? '' : `@sha256:${digest}`;
  say(call, `nobody uses '${repository}/${id}${selection}'`);
  const keeping = number === undefined && digest !== undefined ? [] : await whatBookmarksKeep(call, domain, subject);
  for (const text of keeping) say(call, `  ${text}`);
}

/** What nobody uses can be deleted but for these: whoever asks wants to know it. */
async function whatBookmarksKeep(
  { warnings }: Call,
  domain: Domain,
  { number, ...name }: ArtifactName & { readonly number?: number },
): Promise<readonly string[]> {
  const bookmarks = await lookBeside({ warnings }, 'its bookmarks', () => bookmarksOf(domain, name));
  return (bookmarks ?? []).flatMap(({ bookmark, version, pending, wayBack }) =>
    [...new Set([version, pending, wayBack])]
      .filter((kept) => kept !== undefined && (number === undefined || kept === number))
      .map((kept) => `but its bookmark '${bookmark}' keeps version ${kept}`),
  );
}

/** Of one version so many rows are remembered. */
const REMEMBERED = 10_000;

/** Who needs a version with several assets has recorded each of them: for people that is one use. */
function newRowsOf(): (version: string, row: readonly string[]) => boolean {
  let current: string | undefined;
  const seen = new Set<string>();
  return (version, row) => {
    if (version !== current || seen.size >= REMEMBERED) seen.clear();
    current = version;
    const text = row.join('\t');
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  };
}

const NOTHING = '-';

/** For people: a stack's name, or what a consumer without a stack is called. */
function whoUses({ consumer }: Usage): Readonly<Record<'name' | 'logicalId' | 'account' | 'region', string>> {
  if (consumer.kind === 'stack') return { ...consumer.resource, name: consumer.resource.stack };
  const { stackId, logicalId = NOTHING, promotedTo } = consumer;
  const name = promotedTo === undefined ? consumer.name : `promotion to ${promotedTo}`;
  const stack = stackId === undefined ? undefined : parseStackId(stackId);
  if (stack === undefined) return { name, logicalId, account: NOTHING, region: NOTHING };
  return { ...stack, name: `${stack.stack} (${name})`, logicalId };
}

function since(usage: Usage): string {
  const time = new Date(usage.since);
  return Number.isNaN(time.getTime()) ? '?' : formatDate(time);
}

/** The bookmark alone: the artifact's name stands elsewhere. */
function chosenBy({ resolvedFrom }: Usage): string {
  return resolvedFrom === undefined ? NOTHING : resolvedFrom.slice(Math.max(0, resolvedFrom.indexOf('^')));
}

async function usedBy(call: Call, domain: Domain, stack: Parameters<typeof listUsedBy>[1]): Promise<void> {
  const found = listUsedBy(domain, stack);
  if (call.options.json) return json(call, 'uses', found, plainUsage);
  const columns: readonly Column[] = [
    { title: 'LOGICAL ID' },
    { title: 'ARTIFACT' },
    { title: 'SINCE' },
    { title: 'CHOSEN BY' },
  ];
  const table = new GrowingTable(call.terminal, columns);
  let current: string | undefined;
  for await (const usage of found) {
    const { resource, stackId } = usage.consumer;
    if (resource.uuid !== current) {
      await table.end();
      call.terminal.stdout.write(`${current === undefined ? '' : '\n'}${stackId}\n`);
      current = resource.uuid;
    }
    await table.add([resource.logicalId, artifactOf(usage), since(usage), chosenBy(usage)]);
  }
  await table.end();
  const { stack: name, account, region } = stack;
  if (table.rows > 0) return;
  const where = `of account ${account} in ${region}`;
  say(
    call,
    isElsewhere(stack, domain)
      ? `what the stack '${name}' ${where} uses is recorded by the domain there`
      : `no stack '${name}' ${where} uses anything`,
  );
}

/** As people name it; what is used by its digest alone, with that. */
function artifactOf({ arn, artifact, version, digest }: Usage): string {
  if (artifact === undefined) return arn;
  return `${formatArtifactName(artifact)}${version === undefined ? `@sha256:${digest}` : `:${version}`}`;
}

/** A name stands for all stacks that ever had it there. */
function stackOf(
  domain: Domain,
  { stack, account = domain.account }: Extract<ReferencesQuestion, { kind: 'stack' }>,
  region = domain.region,
): Omit<StackName, 'uuid'> & Partial<StackName> {
  return parseStackId(stack) ?? { account, region, stack };
}

async function unused(call: Call, domain: Domain, prefix: string | undefined): Promise<void> {
  const { repository, json: isJson } = call.options;
  const found = foundIn(domain, repository, listUnused(domain, repository, prefix, unreadableIn(call.warnings)));
  if (isJson) return json(call, 'versions', found, plainVersion);
  const columns: readonly Column[] = [
    { title: 'VERSION' },
    { title: 'SIZE', align: 'right' },
    { title: 'PUBLISHED' },
    { title: 'STATUS' },
  ];
  const table = new GrowingTable(call.terminal, columns);
  for await (const { manifest, status } of found) {
    const size = manifest.assets.reduce((total, asset) => total + asset.size, 0);
    const name = `${formatArtifactName(manifest)}:${manifest.number}`;
    await table.add([name, formatSize(size), formatDate(new Date(manifest.published)), status]);
  }
  await table.end();
  if (table.rows > 0) return;
  say(
    call,
    `no version in '${repository}' ${prefix === undefined ? '' : `whose ID begins with '${prefix}' `}is unused`,
  );
  const advice = await adviceOnPrefix(domain, prefix, 'references --unused', placeFlags(call.options));
  if (advice !== undefined) say(call, `  ${advice}`);
}

/** As in `list`, IDs may be given with their repository. */
function prefixIn(repository: string, prefix: string | undefined): string | undefined {
  return prefix?.startsWith(`${repository}/`) === true ? prefix.slice(repository.length + 1) : prefix;
}

async function behind(call: Call, domain: Domain, bookmark: string, idPrefix: string | undefined): Promise<void> {
  const { repository, json: isJson } = call.options;
  const where = { repository, ...(idPrefix !== undefined && { idPrefix }) };
  let artifacts = 0;
  let unread = 0;
  const warn = unreadableIn(call.warnings);
  const unreadable: Unreadable = (error) => {
    unread += 1;
    warn(error);
  };
  const found = listAllBehind(domain, where, bookmark, () => (artifacts += 1), unreadable);
  const all = requireAny(found, async () => {
    if (artifacts > 0 || unread > 0) return;
    await requireKnown(domain, repository);
    const whose = `no artifact in '${repository}'${idPrefix === undefined ? '' : ` whose ID begins with '${idPrefix}'`}`;
    throw noBookmark(
      `${whose} has a bookmark '${bookmark}'`,
      bookmark,
      await listBookmarkNames(domain, where, unreadable),
    );
  });
  if (isJson) {
    return json(call, 'behind', all, ({ artifact, names, usage }) => {
      return { ...artifact, bookmark, names, ...plainBehind(usage) };
    });
  }
  const table = new BehindTable(call.terminal);
  for await (const { artifact, names, usage } of all) await table.add(artifact, names, usage);
  await table.end();
  const what = artifacts === 1 ? '1 artifact has' : `${artifacts} artifacts have`;
  const none =
    unread === 0
      ? `${what} the bookmark '${bookmark}', and no stack is behind it`
      : `as far as can be read, no stack is behind the bookmark '${bookmark}'`;
  say(call, table.rows > 0 ? CATCH_UP : none);
}

/** @param end called behind the last, and before anybody hears that it was the last */
async function* requireAny<T>(all: AsyncIterable<T>, end: () => Promise<void>): AsyncGenerator<T> {
  yield* all;
  await end();
}

function say({ options, terminal }: Call, text: string): void {
  if (!options.quiet) terminal.stderr.write(`${text}\n`);
}

async function json<T>(
  { terminal, warnings }: Call,
  member: string,
  found: AsyncIterable<T>,
  plain: (one: T) => object,
): Promise<void> {
  await writeJsonList(terminal, member, plainOf(found, plain));
  writeJson(terminal, { warnings: warnings.all() });
}

async function* plainOf<T>(found: AsyncIterable<T>, plain: (one: T) => object): AsyncGenerator<object> {
  for await (const one of found) yield plain(one);
}

function plainVersion({ manifest, status }: UnusedVersion): object {
  const { repository, id, number, published, assets } = manifest;
  return { repository, id, version: number, status, published, assets };
}

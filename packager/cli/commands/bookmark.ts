import { expandAhead } from '../../../repository/ahead.ts';
import { listBehind } from '../../../repository/behind.ts';
import type { BookmarkEnd, BookmarkMove, PastBookmark } from '../../../repository/bookmark.ts';
import { listBookmarks, readBookmark } from '../../../repository/bookmark.ts';
import type { ArtifactName, KeeperCommand } from '../../../repository/index.ts';
import { formatArn, formatArtifactName, runToEnd } from '../../../repository/index.ts';
import { parseSegment } from '../../../repository/name.ts';
import { readable } from '../../../repository/unreadable.ts';
import { localUser } from '../../provenance.ts';
import { openDomainOf } from '../at-home.ts';
import { CATCH_UP, plainBehind, tellBehind } from '../talk/behind.ts';
import {
  arnOfVersion,
  findBookmark,
  readDefiniteArn,
  resolveOneVersion,
  resolveWholeArtifact,
} from '../bookmark-name.ts';
import type { BookmarkListOptions, BookmarkMoveOptions, BookmarkOptions } from '../syntax/bookmark.ts';
import { CHANCE } from '../../chance.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import { printable } from '../../printable.ts';
import type { Column } from '../talk/report.ts';
import { formatDate, formatTable, writeJson, writeJsonList } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { unreadableIn } from '../talk/warnings.ts';

/** So many versions are looked at at once. */
const AT_ONCE = 16;

/** Lets a bookmark name a version, and tells which stacks are behind it now. */
export async function set(options: BookmarkMoveOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const bookmark = parseSegment('bookmark', options.bookmark);
  const open = await openDomainOf(options, [options.artifact], 'keep', terminal);
  const version = await resolveOneVersion(open.domain, options.artifact, options.repository);
  await moveBookmark(open, { version, bookmark, expected: options.expected }, options, terminal, warnings);
}

/** What a bookmark is to name. */
export interface Move {
  readonly version: ArtifactName & { readonly number: number };
  readonly bookmark: string;
  readonly expected?: number | undefined;
}

/** Has the keeper move it, and tells what came of that. */
export async function moveBookmark(
  { domain, ask, caller }: Pick<OpenDomain, 'domain' | 'ask' | 'caller'>,
  { version, bookmark, expected }: Move,
  options: Omit<BookmarkListOptions, 'artifact'>,
  terminal: Terminal,
  warnings: Warnings,
): Promise<void> {
  const by = caller ?? localUser();
  const move = await askOnce<BookmarkMove>(ask, {
    ...{ command: 'bookmark-set', arn: formatArn(arnOfVersion(domain, version)), bookmark },
    ...(expected !== undefined && { expected }),
    ...(by !== undefined && { by }),
  });
  const { repository, id } = version;
  const behind = listBehind(domain, version, bookmark, unreadableIn(warnings));
  if (options.json) {
    await writeJsonList(terminal, 'behind', plainOf(behind, plainBehind));
    const { outcome, from, to } = move;
    const arn = await readDefiniteArn(domain, { repository, id, number: to });
    writeJson(terminal, { outcome, repository, id, bookmark, from, version: to, arn, warnings: warnings.all() });
    return;
  }
  if (options.quiet) return;
  terminal.stdout.write(`${lineOf(`${formatArtifactName(version)}^${bookmark}`, move)}\n`);
  const rows = await tellBehind(terminal, heralded(terminal, behind, bookmark));
  if (rows > 0) terminal.stderr.write(`${CATCH_UP}\n`);
}

function lineOf(name: string, { outcome, from, to }: BookmarkMove): string {
  if (outcome === 'exists') return `${name} names version ${to} already`;
  return `${name} names version ${to} now${from === undefined ? '' : `, after ${from}`}`;
}

/** What comes, and before the first of it what it is. */
async function* heralded<T>(terminal: Terminal, all: AsyncIterable<T>, bookmark: string): AsyncGenerator<T> {
  let isSaid = false;
  for await (const one of all) {
    if (!isSaid) terminal.stdout.write(`deployed through '^${bookmark}', and behind:\n`);
    isSaid = true;
    yield one;
  }
}

/** Prints the ARN of the version that a bookmark names. */
export async function get(options: BookmarkOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomainOf(options, [options.artifact], 'read', terminal);
  const name = await resolveWholeArtifact(domain, options.artifact, options.repository);
  const { bookmark, version, at, by } = await findBookmark(domain, name, options.bookmark);
  const arn = await readDefiniteArn(domain, { ...name, number: version });
  if (!options.json) terminal.stdout.write(`${arn}\n`);
  else writeJson(terminal, { ...name, bookmark, version, arn, at, by, warnings: warnings.all() });
}

const LISTED: readonly Column[] = [
  { title: 'BOOKMARK' },
  { title: 'VERSION', align: 'right' },
  { title: 'SINCE' },
  { title: 'BY', shrinks: true },
];

/** Lists the bookmarks of an artifact. */
export async function list(options: BookmarkListOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomainOf(options, [options.artifact], 'read', terminal);
  const name = await resolveWholeArtifact(domain, options.artifact, options.repository);
  const unreadable = unreadableIn(warnings);
  const bookmarks = listBookmarks(domain.store, name, unreadable);
  if (options.json) {
    const plain = expandAhead(bookmarks, AT_ONCE, async function* ({ version, ...bookmark }) {
      const named = { ...name, number: version };
      const arn = await readable(unreadable, () => readDefiniteArn(domain, named));
      yield { ...bookmark, version, arn: arn ?? formatArn(arnOfVersion(domain, named)) };
    });
    await writeJsonList(terminal, 'bookmarks', plain);
    writeJson(terminal, { ...name, warnings: warnings.all() });
    return;
  }
  const rows: string[][] = [];
  for await (const { bookmark, version, at, by } of bookmarks)
    rows.push([bookmark, String(version), timeOf(at), personOf(by)]);
  if (rows.length > 0) terminal.stdout.write(formatTable(LISTED, rows, terminal.stdout.columns));
  else if (!options.quiet) terminal.stderr.write(`'${formatArtifactName(name)}' has no bookmarks\n`);
}

const PAST: readonly Column[] = [
  { title: 'VERSION', align: 'right' },
  { title: 'FROM' },
  { title: 'UNTIL' },
  { title: 'BY', shrinks: true },
];

/** Shows what a bookmark named, the latest first. */
export async function history(options: BookmarkOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomainOf(options, [options.artifact], 'read', terminal);
  const name = await resolveWholeArtifact(domain, options.artifact, options.repository);
  const record = (await readBookmark(domain.store, name, options.bookmark))?.value;
  const isNone = record === undefined || (record.number === undefined && record.history.length === 0);
  const { number, at, by, history: past } = isNone ? await missing(domain, name, options.bookmark) : record;
  const current = number === undefined ? [] : [{ number, at, by }];
  const all: readonly (Omit<PastBookmark, 'until'> & { readonly until?: string })[] = [
    ...current.map((one) => ({
      number: one.number,
      ...(one.at !== undefined && { at: one.at }),
      ...(one.by !== undefined && { by: one.by }),
    })),
    ...past,
  ];
  if (options.json) {
    const plain = all.map(({ number: version, at: from, until, by: who }) => ({ version, from, until, by: who }));
    writeJson(terminal, { ...name, bookmark: options.bookmark, history: plain, warnings: warnings.all() });
    return;
  }
  const rows = all.map((one) => [String(one.number), timeOf(one.at), timeOf(one.until), personOf(one.by)]);
  terminal.stdout.write(formatTable(PAST, rows, terminal.stdout.columns));
  if (number === undefined && !options.quiet)
    terminal.stderr.write(`'${formatArtifactName(name)}^${options.bookmark}' was deleted: it names nothing now\n`);
}

/** @throws ArtifactError ARTIFACT_NOT_FOUND */
async function missing(domain: OpenDomain['domain'], name: ArtifactName, bookmark: string): Promise<never> {
  await findBookmark(domain, name, bookmark);
  throw new TypeError('a bookmark that is listed has a record');
}

/** Lets a bookmark name nothing any more. */
export async function remove(options: BookmarkMoveOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain, ask, caller, flags } = await openDomainOf(options, [options.artifact], 'keep', terminal);
  const { bookmark, expected } = options;
  const name = await resolveWholeArtifact(domain, options.artifact, options.repository);
  // Whoever slips is told of the name that is near; the keeper knows of bookmarks that were deleted.
  if ((await readBookmark(domain.store, name, bookmark)) === undefined) await findBookmark(domain, name, bookmark);
  const by = caller ?? localUser();
  const { outcome, from } = await askOnce<BookmarkEnd>(ask, {
    ...{ command: 'bookmark-delete', arn: formatArn(arnOfVersion(domain, name)), bookmark },
    ...(expected !== undefined && { expected }),
    ...(by !== undefined && { by }),
  });
  if (options.json) writeJson(terminal, { outcome, ...name, bookmark, from, warnings: warnings.all() });
  else if (!options.quiet) {
    const what = `${formatArtifactName(name)}^${bookmark}`;
    const way = `cfn-artifacts bookmark history ${formatArtifactName(name)} ${bookmark}${flags}`;
    terminal.stdout.write(
      from === undefined
        ? `${what} named nothing already\n`
        : `${what} names nothing any more; it named version ${from}\n`,
    );
    terminal.stderr.write(`'${way}' still tells what it named.\n`);
  }
}

/** The one result of a command that has one. */
export async function askOnce<T>(ask: OpenDomain['ask'], command: KeeperCommand): Promise<T> {
  let result: object | undefined;
  for await (const { results } of runToEnd(ask, command, CHANCE)) [result] = results;
  if (result === undefined) throw new TypeError(`the keeper answered nothing to '${command.command}'`);
  return result as T;
}

const NOTHING = '-';

function timeOf(time: string | undefined): string {
  if (time === undefined) return NOTHING;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '?' : formatDate(date);
}

function personOf(by: string | undefined): string {
  return by === undefined ? NOTHING : printable(by);
}

async function* plainOf<T>(all: AsyncIterable<T>, plain: (one: T) => object): AsyncGenerator<object> {
  for await (const one of all) yield plain(one);
}

import { expandAhead } from '../../../repository/ahead.ts';
import type { Domain, Version } from '../../../repository/index.ts';
import {
  contentAssets,
  formatArtifactName,
  listVersionNumbers,
  newestNumber,
  readVersion,
} from '../../../repository/index.ts';
import { Labels } from '../../../repository/looking/labels.ts';
import type { Needs, PromotedFrom, ShownBookmark } from '../../../repository/looking/needs.ts';
import { bookmarksOf, countOf, needsOf, needsVersion, promotedFrom } from '../../../repository/looking/needs.ts';
import type { ShownSets } from '../../../repository/looking/sets.ts';
import { setsFor } from '../../../repository/looking/sets.ts';
import { isGone } from '../../../repository/status.ts';
import { readable } from '../../../repository/unreadable.ts';
import { formatSize } from '../../size.ts';
import { printable } from '../../printable.ts';
import type { Column } from './report.ts';
import { formatDate, formatFields, GrowingTable, writeJson, writeJsonList } from './report.ts';
import type { Field, ShowCall } from './showing.ts';
import {
  CONTENT_LEFT,
  contentLeft,
  definiteArn,
  describeBookmark,
  describePromotion,
  fieldsOf,
  lookBeside,
  placesOf,
  plainPromotedFrom,
  plainPromotedTo,
  sizeOf,
} from './showing.ts';
import { unreadableIn } from './warnings.ts';

/** Without `--all`; and what the page says of sets and promotions is of these. */
const SHOWN = 20;
/** So many versions are looked at at once. */
const AHEAD = 8;
/** So many uses of a version, by stacks and named consumers, are counted. */
const COUNTED = 100;

/** A version, as a line of the page tells of it. */
interface Line {
  readonly version: Version;
  /** Absent, as those below, where it can't be read. */
  readonly labels?: readonly string[] | undefined;
  readonly needs?: Needs | undefined;
  readonly from?: PromotedFrom;
}

/** @param newest the version that stands for the artifact */
export async function showArtifact(call: ShowCall, newest: Version): Promise<void> {
  const { repository, id } = newest.manifest;
  const name = { repository, id };
  const { domain } = call;
  const [bookmarks, total] = await Promise.all([
    lookBeside(call, 'its bookmarks', () => bookmarksOf(domain, name)),
    newestNumber(domain, name),
  ]);
  if (call.options.json) await writeDocument(call, newest, bookmarks, total);
  else await page(call, newest, bookmarks, total);
  call.warnings.tell();
}

/** Newest first, as they are read. */
function linesOf(call: ShowCall, { manifest: { repository, id } }: Version): AsyncGenerator<Line> {
  const { domain, options } = call;
  const name = { repository, id };
  const labels = new Labels(domain, name);
  const unreadable = unreadableIn(call.warnings);
  const numbers = first(listVersionNumbers(domain, name), options.all ? Infinity : SHOWN);
  return expandAhead(numbers, AHEAD, async function* (number) {
    const version = await readable(unreadable, () => readVersion(domain, name, number));
    if (version === undefined) return;
    const [own, needs, from] = await Promise.all([
      lookBeside(call, 'its labels', () => labels.of(version.manifest)),
      lookBeside(call, 'who uses it', () => needsOf(domain, version.manifest, COUNTED)),
      lookBeside(call, 'what it was promoted from', () => promotedFrom(domain, version.manifest)),
    ]);
    yield { version, labels: own, needs, ...(from !== undefined && { from }) };
  });
}

async function* first<T>(all: AsyncIterable<T>, limit: number): AsyncGenerator<T> {
  let count = 0;
  for await (const one of all) {
    yield one;
    if (++count >= limit) return;
  }
}

/** The newest lines alone are kept, for what is said of sets and promotions. */
async function* remembering(lines: AsyncIterable<Line>, kept: Line[]): AsyncGenerator<Line> {
  for await (const line of lines) {
    if (kept.length < SHOWN) kept.push(line);
    yield line;
  }
}

async function setsOf(domain: Domain, lines: readonly Line[]): Promise<readonly ShownSets[]> {
  const labels = new Set(
    lines.flatMap(({ version: { manifest } }) => (manifest.set === undefined ? [] : [manifest.set.label])),
  );
  const [line] = lines;
  if (line === undefined) return [];
  const { repository, id } = line.version.manifest;
  return Promise.all([...labels].map((label) => setsFor(domain, { repository, id }, label)));
}

async function page(
  call: ShowCall,
  newest: Version,
  bookmarks: readonly ShownBookmark[] | undefined,
  total: number,
): Promise<void> {
  const { terminal, domain, options } = call;
  const { stdout } = terminal;
  const { manifest, status } = newest;
  const content = isGone(status) ? await contentLeft(domain, contentAssets(manifest)) : undefined;
  stdout.write(`${formatArtifactName(manifest)}\n\n`);
  stdout.write(
    formatFields([
      ['Arn', definiteArn(call.domain, newest)],
      ['Newest', `:${manifest.number}, ${formatDate(new Date(manifest.published))}, ${status}`],
      ...fieldsOf('Content', content === undefined ? [] : [CONTENT_LEFT[content]]),
      ...(content === 'gone' ? [] : newestFields(call, newest)),
      ...fieldsOf('Bookmarks', (bookmarks ?? []).map(describeBookmark)),
    ]),
  );
  const isAll = options.all || total <= SHOWN;
  stdout.write(`\nVersions${isAll ? '' : `, the newest ${SHOWN} of ${total}`}:\n`);
  const kept: Line[] = [];
  const table = new GrowingTable(terminal, COLUMNS);
  for await (const line of remembering(linesOf(call, newest), kept)) await table.add(cellsOf(line, bookmarks));
  await table.end();
  const more = [
    ...promotionFields(kept),
    ...setFields((await lookBeside(call, 'its sets', () => setsOf(domain, kept))) ?? []),
  ];
  if (more.length > 0) stdout.write(`\n${formatFields(more)}`);
}

/** What people look for most: where the newest version is; of several assets its own page tells. */
function newestFields(call: ShowCall, { manifest }: Version): readonly Field[] {
  const [asset, another] = contentAssets(manifest);
  if (asset === undefined || another !== undefined) return [];
  const { key, url } = placesOf(call, asset);
  return [
    ['Size', sizeOf(asset.size)],
    ['Key', key],
    ['Url', url],
  ];
}

const COLUMNS: readonly Column[] = [
  { title: 'VERSION', align: 'right' },
  { title: 'LABELS' },
  { title: 'SIZE', align: 'right' },
  { title: 'PUBLISHED' },
  { title: 'STATUS' },
  { title: 'USES', align: 'right' },
  { title: 'SHA-256', shrinks: true },
];

/** How many need a version, of whatever kind; `undefined` where that can't be told. */
function usesOf({ version, needs }: Line, bookmarks: readonly ShownBookmark[] | undefined): number | undefined {
  if (needs === undefined || bookmarks === undefined) return undefined;
  return countOf(needs) + bookmarks.filter((bookmark) => needsVersion(bookmark, version.manifest.number)).length;
}

function cellsOf(line: Line, bookmarks: readonly ShownBookmark[] | undefined): readonly string[] {
  const { version, labels = [], needs } = line;
  const uses = usesOf(line, bookmarks);
  const { manifest, status } = version;
  const assets = contentAssets(manifest);
  const own = (bookmarks ?? []).filter((bookmark) => bookmark.version === manifest.number);
  const names = [...labels, ...own.map(({ bookmark }) => `^${bookmark}`)];
  const [asset, another] = assets;
  return [
    String(manifest.number),
    printable(names.join(' ')),
    formatSize(assets.reduce((sum, { size }) => sum + size, 0)),
    formatDate(new Date(manifest.published)),
    status,
    uses === undefined ? '?' : `${uses}${needs?.isMore === true ? '+' : ''}`,
    another === undefined ? (asset?.digest ?? '') : `${assets.length} assets`,
  ];
}

function promotionFields(lines: readonly Line[]): readonly Field[] {
  const from = lines.flatMap(({ version, from: source }) =>
    source === undefined ? [] : [`:${version.manifest.number} is ${describePromotion(source.from, source.promotion)}`],
  );
  const to = lines.flatMap(({ version, needs }) =>
    (needs?.promotedTo ?? []).map(
      (target) => `:${version.manifest.number} is ${describePromotion(target.to, target.promotion)}`,
    ),
  );
  return [...fieldsOf('Promoted from', from), ...fieldsOf('Promoted to', to)];
}

/** `1.0.0: build-24 (:5, active), build-25 (:6)`. */
function setFields(all: readonly ShownSets[]): readonly Field[] {
  const texts = all.map(({ label, sets, active, finished }) => {
    const names = sets.map(({ manifest: { set, number }, status }) => {
      const state = number === finished ? ', finished' : set.name === active ? ', active' : '';
      const given = isGone(status) ? `, ${status}` : '';
      return `${set.name} (:${number}${state}${given})`;
    });
    return `${label}: ${names.join(', ')}`;
  });
  return fieldsOf('Sets', texts);
}

/** The newest version has the members that the version has where it is shown by itself. */
async function writeDocument(
  call: ShowCall,
  newest: Version,
  bookmarks: readonly ShownBookmark[] | undefined,
  total: number,
): Promise<void> {
  const { terminal, warnings, domain } = call;
  const { manifest, status } = newest;
  const { repository, id, number } = manifest;
  const kept: Line[] = [];
  await writeJsonList(terminal, 'newest', plainLines(remembering(linesOf(call, newest), kept), bookmarks));
  const [asset, another] = contentAssets(manifest);
  const single = another === undefined ? asset : undefined;
  const places = single && placesOf(call, single);
  const sets = (await lookBeside(call, 'its sets', () => setsOf(domain, kept))) ?? [];
  writeJson(terminal, {
    ...{ arn: definiteArn(domain, newest), repository, id, version: number, status },
    ...(single !== undefined && { digest: single.digest, size: single.size, filename: single.filename }),
    ...{ bucket: places?.bucket ?? domain.bucket, key: places?.key, url: places?.url, manifest, versions: total },
    ...(isGone(status) && { content: await contentLeft(domain, contentAssets(manifest)) }),
    ...{ bookmarks, sets: sets.map(plainSets), warnings: warnings.all() },
  });
}

async function* plainLines(
  lines: AsyncIterable<Line>,
  bookmarks: readonly ShownBookmark[] | undefined,
): AsyncGenerator<object> {
  for await (const line of lines) {
    const { version, labels, needs, from } = line;
    const { number, published, assets, set } = version.manifest;
    yield {
      ...{ version: number, status: version.status, published, labels, set, assets },
      ...{ uses: usesOf(line, bookmarks), moreUses: needs?.isMore },
      promotedFrom: plainPromotedFrom(from),
      promotedTo: needs?.promotedTo.map(plainPromotedTo),
    };
  }
}

function plainSets({ label, sets, active, finished }: ShownSets): object {
  return {
    ...{ label, active, finished },
    sets: sets.map(({ manifest: { set, number }, status }) => ({ name: set.name, version: number, status })),
  };
}

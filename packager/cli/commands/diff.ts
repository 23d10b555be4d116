import type { ArchiveComparison, ComparedFile, FileChange } from '../../comparing/compare-archives.ts';
import { hasOtherMode, hasSameContent } from '../../comparing/compare-archives.ts';
import type { AssetChange, ComparedAsset } from '../../comparing/compare-versions.ts';
import { compareSides } from '../../comparing/compare-versions.ts';
import { formatSize } from '../../size.ts';
import { openerOf } from '../at-home.ts';
import type { Compared } from './diff-sides.ts';
import { resolveSides } from './diff-sides.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import type { DiffOptions } from '../syntax/looking.ts';
import { printable } from '../../printable.ts';
import type { Column } from '../talk/report.ts';
import { formatDate, GrowingTable, writeJson, writeJsonList } from '../talk/report.ts';
import type { Palette, Terminal } from '../terminal.ts';
import { paletteFor } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** What changed between two versions, or two assets: nothing is held but the files of one pair of archives. */
export async function run(options: DiffOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  const open = openerOf(options, 'read', terminal);
  const [one, other] = await Promise.all([open(options.from), open(options.to)]);
  const [from, to] = await resolveSides([one.domain, other.domain], [options.from, options.to], options.repository);
  const tally = { different: 0 };
  const changes = counted(compareSides(from, to, options.deep), tally, terminal.signal);
  if (options.json) {
    await writeJsonList(terminal, 'assets', plainOf(changes));
    writeJson(terminal, {
      from: plainSide(from),
      to: plainSide(to),
      isEqual: tally.different === 0,
      warnings: warnings.all(),
    });
  } else {
    await writePage([from, to], changes, options, terminal);
  }
  return options.exitCode && tally.different > 0 ? EXIT.findings : EXIT.ok;
}

async function* counted(
  changes: AsyncIterable<AssetChange>,
  tally: { different: number },
  signal: AbortSignal,
): AsyncGenerator<AssetChange> {
  for await (const change of changes) {
    signal.throwIfAborted();
    if (change.change !== 'unchanged') tally.different += 1;
    yield change;
  }
}

async function writePage(
  [from, to]: readonly [Compared, Compared],
  changes: AsyncIterable<AssetChange>,
  { quiet, color, deep }: DiffOptions,
  terminal: Terminal,
): Promise<void> {
  const palette = paletteFor(terminal.stdout, terminal.env, color);
  let isBegun = false;
  for await (const change of changes) {
    if (change.change === 'unchanged' || quiet) continue;
    if (!isBegun) terminal.stdout.write(palette.bold(`--- ${titleOf(from)}\n+++ ${titleOf(to)}\n`));
    isBegun = true;
    terminal.stdout.write(`\n${lineOf(change, palette)}\n`);
    if (change.archive !== undefined) await writeFiles(change.archive, palette, deep, terminal);
  }
  if (!isBegun && !quiet) terminal.stderr.write(`'${from.name}' and '${to.name}' have the same content\n`);
}

/** `default/shop/api:3  2026-11-21 05:07Z  commit 1b2c3d4`. */
function titleOf({ name, manifest }: Compared): string {
  if (manifest === undefined) return name;
  const { git } = manifest.provenance ?? {};
  const commit =
    typeof git?.commit === 'string' ? [`commit ${git.commit.slice(0, 12)}${git.isClean ? '' : ' and changes'}`] : [];
  return [name, formatDate(new Date(manifest.published)), ...commit].map(printable).join('  ');
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

function lineOf({ name, change, from, to }: AssetChange, palette: Palette): string {
  if (change === 'unchanged') return name;
  const paint = { added: palette.green, removed: palette.red, changed: palette.yellow }[change];
  const renamed = from !== undefined && to !== undefined && from.filename !== to.filename;
  const filenames = renamed ? `  ${printable(from.filename)} → ${printable(to.filename)}` : '';
  return paint(`${SIGNS[change]} ${name}  ${sizes(from?.size, to?.size)}${filenames}`);
}

/** `1.2 kB → 1.3 kB`; where that says nothing, the bytes. */
function sizes(from: number | undefined, to: number | undefined): string {
  if (from === undefined || to === undefined) return formatSize(from ?? to ?? 0);
  if (from === to) return formatSize(from);
  const [one, other] = [formatSize(from), formatSize(to)];
  return one === other ? `${from} → ${to} bytes` : `${one} → ${other}`;
}

async function writeFiles(
  { changes, unchanged, unreadable }: ArchiveComparison,
  palette: Palette,
  isDeep: boolean,
  terminal: Terminal,
): Promise<void> {
  const columns: readonly Column[] = [{ title: '' }, { title: '' }, { title: '' }];
  const table = new GrowingTable(terminal, columns);
  for (const change of changes) await table.add(cellsOf(change));
  await table.end();
  const others = unchanged === 1 ? '1 other file is' : `${unchanged} other files are`;
  if (unchanged > 0)
    terminal.stdout.write(palette.dim(`  ${others} the same${isDeep ? '' : ', by size and CRC-32'}\n`));
  if (unreadable.length > 0) terminal.stdout.write(`  not read: ${unreadable.map(printable).join(', ')}\n`);
}

function cellsOf({ path, occurrence, from, to }: FileChange): readonly string[] {
  const change = from === undefined ? 'added' : to === undefined ? 'removed' : 'changed';
  const which = occurrence === 1 ? '' : ` (${occurrence})`;
  const notes = from === undefined || to === undefined ? notesOf(from ?? to) : notesOfChange(from, to);
  return [`  ${SIGNS[change]} ${printable(path)}${which}`, sizes(from?.size, to?.size), notes];
}

function notesOf(file: ComparedFile | undefined): string {
  if (file?.isLink === true) return 'link';
  return file?.mode !== undefined && (file.mode & 0o111) !== 0 ? 'executable' : '';
}

function notesOfChange(from: ComparedFile, to: ComparedFile): string {
  const content = hasSameContent(from, to) || from.size !== to.size ? [] : ['content'];
  const mode = hasOtherMode(from, to) ? [`mode ${octal(from.mode)} → ${octal(to.mode)}`] : [];
  const kind = from.isLink === to.isLink ? [] : [to.isLink ? 'became a link' : 'was a link'];
  return [...content, ...mode, ...kind].join(', ');
}

function octal(mode = 0): string {
  return mode.toString(8).padStart(3, '0');
}

function plainSide({ name, arn, manifest }: Compared): object {
  return { name, arn, published: manifest?.published, provenance: manifest?.provenance };
}

async function* plainOf(changes: AsyncIterable<AssetChange>): AsyncGenerator<object> {
  for await (const { name, change, from, to, archive } of changes) {
    yield {
      ...{ asset: name, change, from: plainAsset(from), to: plainAsset(to) },
      ...(archive !== undefined && {
        files: archive.changes.map((file) => ({
          path: file.path,
          ...(file.occurrence > 1 && { occurrence: file.occurrence }),
          change: file.from === undefined ? 'added' : file.to === undefined ? 'removed' : 'changed',
          ...{ from: plainFile(file.from), to: plainFile(file.to) },
        })),
        unchangedFiles: archive.unchanged,
        unreadFiles: archive.unreadable,
      }),
    };
  }
}

function plainAsset(asset: ComparedAsset | undefined): object | undefined {
  return asset && { digest: asset.digest, filename: asset.filename, size: asset.size };
}

/** Permissions as people write them, in octal. */
function plainFile(file: ComparedFile | undefined): object | undefined {
  if (file === undefined) return undefined;
  const { size, crc32, mode, isLink, sha256 } = file;
  const shown = {
    size,
    crc32: crc32.toString(16).padStart(8, '0'),
    mode: mode === undefined ? undefined : octal(mode),
  };
  return { ...shown, isLink, sha256 };
}

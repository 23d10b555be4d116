import { expandAhead } from '../../../repository/ahead.ts';
import type { Domain, ListedArtifact, Version } from '../../../repository/index.ts';
import { listArtifacts } from '../../../repository/index.ts';
import { listBookmarks } from '../../../repository/bookmark.ts';
import type { FolderEntry } from '../../../repository/looking/folder.ts';
import { listFolder } from '../../../repository/looking/folder.ts';
import { Labels } from '../../../repository/looking/labels.ts';
import { findShown } from '../../../repository/looking/versions.ts';
import type { Unreadable } from '../../../repository/unreadable.ts';
import { openDomainOf, withArnAsPrefix } from '../at-home.ts';
import { placeFlags } from '../../opening/place-flags.ts';
import { adviceOnPrefix, foundIn } from '../known-repository.ts';
import type { TreeOptions } from '../syntax/looking.ts';
import { prefixIn } from '../prefix.ts';
import { printable } from '../../printable.ts';
import { writeJson } from '../talk/report.ts';
import type { Palette, Terminal } from '../terminal.ts';
import { paletteFor } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { unreadableIn } from '../talk/warnings.ts';

/** So many artifacts, and so many folders, are looked at at once. */
const AT_ONCE = 16;

/** An artifact, with what stands at its leaf. */
interface Leaf {
  readonly version: Version;
  /** Of that version. */
  readonly labels: readonly string[];
  /** Of the artifact. */
  readonly bookmarks: readonly { readonly bookmark: string; readonly version: number }[];
}

/** One segment of IDs: an artifact, a folder, or both. */
interface TreeNode {
  readonly name: string;
  leaf?: Leaf;
  readonly below: Map<string, TreeNode>;
  /** What is below a folder that is not opened. */
  isClosed?: true;
}

/** The hierarchy of a repository. It is held as a whole: whether a branch goes on is known in its end alone. */
export async function run(given: TreeOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const options = withArnAsPrefix(given);
  const { domain } = await openDomainOf(options, given.prefix === undefined ? [] : [given.prefix], 'read', terminal);
  const { repository, json, quiet, color } = options;
  const prefix = prefixIn(repository, options.prefix);
  const root: TreeNode = { name: repository, below: new Map() };
  const from = (prefix ?? '').lastIndexOf('/') + 1;
  const unreadable = unreadableIn(warnings);
  const found = expandAhead(
    entriesOf(domain, repository, prefix ?? '', options.depth),
    AT_ONCE,
    async function* (entry) {
      if (entry.kind === 'folder') yield { path: entry.path };
      else {
        const leaf = await leafOf(domain, entry.artifact, unreadable);
        if (leaf !== undefined) yield { path: entry.artifact.id, leaf };
      }
    },
  );
  for await (const { path, leaf } of foundIn(domain, repository, found)) {
    terminal.signal.throwIfAborted();
    const node = nodeAt(
      root,
      path
        .slice(from)
        .split('/')
        .filter((segment) => segment !== ''),
    );
    if (leaf === undefined) node.isClosed = true;
    else node.leaf = leaf;
  }
  const base = `${repository}/${(prefix ?? '').slice(0, from)}`;
  if (json) writeJson(terminal, { prefix: base, tree: plainBelow(root, base), warnings: warnings.all() });
  else if (root.below.size > 0)
    terminal.stdout.write(page(root, base, paletteFor(terminal.stdout, terminal.env, color)));
  else if (!quiet) {
    terminal.stderr.write(`no artifacts in '${repository}'${prefix === undefined ? '' : ` begin with '${prefix}'`}\n`);
    const advice = await adviceOnPrefix(domain, prefix, 'tree', placeFlags(options));
    if (advice !== undefined) terminal.stderr.write(`  ${advice}\n`);
  }
}

/** As deep as it is wanted; folders beneath are told, and not looked into. */
async function* entriesOf(
  domain: Domain,
  repository: string,
  prefix: string,
  depth = Infinity,
): AsyncGenerator<FolderEntry> {
  if (depth === Infinity) {
    for await (const artifact of listArtifacts(domain, repository, prefix)) yield { kind: 'artifact', artifact };
    return;
  }
  for await (const entry of listFolder(domain, repository, prefix)) {
    if (entry.kind === 'artifact' || depth === 1) yield entry;
    else yield* entriesOf(domain, repository, entry.path, depth - 1);
  }
}

async function leafOf(domain: Domain, artifact: ListedArtifact, unreadable: Unreadable): Promise<Leaf | undefined> {
  const version = await findShown(domain, artifact, unreadable);
  if (version === undefined) return undefined;
  const bookmarks: Leaf['bookmarks'][number][] = [];
  for await (const { bookmark, version: number } of listBookmarks(domain.store, artifact, unreadable))
    bookmarks.push({ bookmark, version: number });
  return { version, labels: await new Labels(domain, artifact, unreadable).of(version.manifest), bookmarks };
}

function nodeAt(root: TreeNode, segments: readonly string[]): TreeNode {
  let node = root;
  for (const name of segments) {
    const next = node.below.get(name) ?? { name, below: new Map<string, TreeNode>() };
    node.below.set(name, next);
    node = next;
  }
  return node;
}

/** What stands before a name, and before what is below it. */
const BRANCH = { middle: ['├── ', '│   '], last: ['└── ', '    '] } as const;

function page(root: TreeNode, base: string, palette: Palette): string {
  return [palette.bold(base), ...linesBelow(root, '', palette)].map((line) => `${line}\n`).join('');
}

function linesBelow({ below }: TreeNode, indent: string, palette: Palette): readonly string[] {
  const nodes = [...below.values()];
  return nodes.flatMap((node, index) => {
    const [own, rest] = BRANCH[index === nodes.length - 1 ? 'last' : 'middle'];
    return [`${indent}${own}${textOf(node, palette)}`, ...linesBelow(node, indent + rest, palette)];
  });
}

/** `api:3  1.4.0  ^prod  ^test:2`: a bookmark elsewhere tells where. */
function textOf({ name, leaf, below, isClosed }: TreeNode, palette: Palette): string {
  const folder = below.size > 0 || isClosed === true ? palette.bold(`${name}/`) : undefined;
  if (leaf === undefined) return folder ?? name;
  const { number } = leaf.version.manifest;
  const { status } = leaf.version;
  const bookmarks = leaf.bookmarks.map(
    ({ bookmark, version }) => `^${bookmark}${version === number ? '' : `:${version}`}`,
  );
  const notes = [...leaf.labels, ...bookmarks, ...(status === 'Published' ? [] : [status])];
  return [
    ...(folder === undefined ? [] : [folder]),
    `${name}:${number}`,
    ...notes.map((note) => palette.dim(printable(note))),
  ].join('  ');
}

function plainBelow({ below }: TreeNode, base: string): readonly object[] {
  return [...below.values()].map((node) => {
    const { name, leaf, isClosed } = node;
    const path = base + name;
    return {
      name,
      ...(leaf !== undefined && { artifact: path, ...plainLeaf(leaf) }),
      ...((node.below.size > 0 || isClosed === true) && { folder: `${path}/` }),
      ...(node.below.size > 0 && { below: plainBelow(node, `${path}/`) }),
    };
  });
}

function plainLeaf({ version: { manifest, status }, labels, bookmarks }: Leaf): object {
  return { newestVersion: manifest.number, status, labels, bookmarks };
}

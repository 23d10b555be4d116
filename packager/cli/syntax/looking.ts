import { problemOfLabelPattern } from '../../../repository/collecting/pattern.ts';
import { isSegment } from '../../../repository/name.ts';
import type { Status } from '../../../repository/status.ts';
import { LASTING_STATUSES, STATUSES } from '../../../repository/status.ts';
import type { AccessOptions } from '../../aws/access.ts';
import { ARTIFACT } from './arguments.ts';
import type { CommandSpec, TypedLine } from './command.ts';
import { readArtifact } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN } from './common.ts';
import type { Conflict, OptionSpec, OptionTable } from './option.ts';
import { flag, GROUP, invalid, optionsOf, text, texts } from './option.ts';
import { resolveOptions } from './resolve.ts';

/** Of every command that looks and changes nothing. */
type LookingOptions = AccessOptions & DisplayOptions & DomainOptions;

export interface GetOptions extends LookingOptions {
  /** An artifact's ARN, or its ID with or without the repository, as given. */
  readonly artifact: string;
  /** A file or a folder, `-` for stdout. Absent: a name of the artifact's own in the working directory. */
  readonly output?: string;
  /** Replaces files that are there, although only their folder was named. */
  readonly force: boolean;
  /** The whole version, what proves something of it included. */
  readonly all: boolean;
  /** One of the candidates for the label that the artifact is named with. */
  readonly set?: string;
}

export interface ListOptions extends LookingOptions {
  /** IDs that begin so. Absent: all of the repository. */
  readonly prefix?: string;
  /** Whether what is in folders is listed too. Absent: as `isRecursive` says. */
  readonly recursive?: boolean;
  /** Each version, and not only one of each artifact. */
  readonly versions: boolean;
  /** Only versions with one of these. */
  readonly status: readonly Status[];
  /** Only versions with such a label; `*` stands for any characters. */
  readonly label?: string;
  /** Milliseconds, since they were published. */
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly used: boolean;
  readonly unused: boolean;
}

export interface ShowOptions extends LookingOptions {
  readonly artifact: string;
  /** Every version of it, however many there are. */
  readonly all: boolean;
  readonly set?: string;
}

export interface DiffOptions extends LookingOptions {
  /** As given, like `artifact` elsewhere. */
  readonly from: string;
  readonly to: string;
  /** Whether content is read, and not only what archives say of it. */
  readonly deep: boolean;
  /** A difference is told by the status. */
  readonly exitCode: boolean;
}

export interface TreeOptions extends LookingOptions {
  readonly prefix?: string;
  /** So many levels of folders. Absent: all. */
  readonly depth?: number;
}

const SET: OptionSpec<string> = {
  name: 'set',
  argument: '<name>',
  inFile: 'never',
  group: GROUP.looking,
  help: 'of an unfinished version that is named by its label, this set (default: the active one)',
  read: setName,
};

const GET: OptionTable<Omit<GetOptions, 'artifact'>> = {
  output: {
    name: 'output',
    short: 'o',
    argument: '<path>',
    group: GROUP.output,
    help: "file to write, folder to write into, or - for stdout (default: here, under the artifact's filename, an archive under the last part of its ID; several assets in a folder of that name)",
    read: text,
  },
  all: {
    name: 'all',
    inFile: 'never',
    group: GROUP.output,
    help: 'the whole version into a folder, also if it has one asset, and with the files that prove something of it',
    read: flag,
    fallback: false,
  },
  force: {
    name: 'force',
    group: GROUP.output,
    help: 'replace files that are there; one that --output names itself is replaced anyway',
    read: flag,
    fallback: false,
  },
  set: SET,
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

const LIST: OptionTable<Omit<ListOptions, 'prefix'>> = {
  recursive: {
    name: 'recursive',
    negatable: true,
    inFile: 'never',
    group: GROUP.looking,
    help: 'all artifacts, and no folders (so it is anyway with --json, --versions and whatever chooses versions, unless --no-recursive is given)',
    read: flag,
  },
  versions: {
    name: 'versions',
    inFile: 'never',
    group: GROUP.looking,
    help: 'every version of each artifact, newest first; unlisted, disposed and deleted ones only if --status asks for them',
    read: flag,
    fallback: false,
  },
  status: {
    name: 'status',
    argument: '<status>',
    choices: LASTING_STATUSES,
    arity: 'repeatable',
    inFile: 'never',
    group: GROUP.looking,
    help: `only versions with this status: ${LASTING_STATUSES.join(', ')}; may be repeated`,
    read: (given) => texts(given).map(statusNamed),
    fallback: [],
  },
  label: {
    name: 'label',
    argument: '<pattern>',
    inFile: 'never',
    group: GROUP.looking,
    help: "only versions with such a label; '*' stands for any characters",
    read: labelPattern,
  },
  olderThan: {
    name: 'older-than',
    argument: '<time>',
    inFile: 'never',
    group: GROUP.looking,
    help: 'only versions that were published longer ago: 30d, 12h, 2w, 45m',
    read: duration,
  },
  newerThan: {
    name: 'newer-than',
    argument: '<time>',
    inFile: 'never',
    group: GROUP.looking,
    help: 'only versions that were published since then',
    read: duration,
  },
  used: {
    name: 'used',
    inFile: 'never',
    group: GROUP.looking,
    help: 'only versions that a stack, a named consumer, a bookmark or a promotion needs',
    read: flag,
    fallback: false,
  },
  unused: {
    name: 'unused',
    inFile: 'never',
    group: GROUP.looking,
    help: 'only versions that nobody needs',
    read: flag,
    fallback: false,
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

const LIST_CONFLICTS: readonly Conflict<Omit<ListOptions, 'prefix'>>[] = [
  { options: ['used', 'unused'], remedy: 'Without either both are listed.' },
];

const SHOW: OptionTable<Omit<ShowOptions, 'artifact'>> = {
  all: {
    name: 'all',
    inFile: 'never',
    group: GROUP.looking,
    help: 'every version of the artifact (default: the newest 20)',
    read: flag,
    fallback: false,
  },
  set: SET,
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

const DIFF: OptionTable<Omit<DiffOptions, 'from' | 'to'>> = {
  deep: {
    name: 'deep',
    inFile: 'never',
    group: GROUP.looking,
    help: 'read all content and compare its digests (default: of archives the size and the CRC-32 of each file)',
    read: flag,
    fallback: false,
  },
  exitCode: {
    name: 'exit-code',
    inFile: 'never',
    group: GROUP.looking,
    help: 'end with status 5 where there is a difference',
    read: flag,
    fallback: false,
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

const TREE: OptionTable<Omit<TreeOptions, 'prefix'>> = {
  depth: {
    name: 'depth',
    argument: '<levels>',
    inFile: 'never',
    group: GROUP.looking,
    help: 'so many levels, what is below as a folder (default: all)',
    read: count,
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

function setName(given: unknown): string {
  const name = text(given);
  if (isSegment(name)) return name;
  throw invalid(
    `must be the name of a set, not '${name}'`,
    "A letter or digit, then letters, digits and . _ + = -, like 'build-24'.",
  );
}

function statusNamed(given: string): Status {
  const status = STATUSES.find((one) => one.toLowerCase() === given.toLowerCase());
  if (status !== undefined) return status;
  throw invalid(`must be one of ${LASTING_STATUSES.map((one) => `'${one}'`).join(', ')}, not '${given}'`);
}

function labelPattern(given: unknown): string {
  const pattern = text(given);
  const problem = problemOfLabelPattern(pattern);
  if (problem === undefined) return pattern;
  throw invalid(`must be a label, in which '*' stands for any characters, not '${pattern}'`);
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds. */
function duration(given: unknown): number {
  const word = text(given);
  const { number, unit = '' } = /^(?<number>\d{1,6})(?<unit>[mhdw])$/.exec(word)?.groups ?? {};
  const milliseconds = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (!Number.isNaN(milliseconds)) return milliseconds;
  throw invalid(`must be a time like '30d', not '${word}'`, 'A number, then m (minutes), h, d or w.');
}

function count(given: unknown): number {
  const word = text(given);
  if (/^[1-9]\d{0,3}$/.test(word)) return Number(word);
  throw invalid(`must be a number from 1 on, not '${word}'`);
}

function prefixOf({ positional }: TypedLine): { readonly prefix?: string } {
  const [prefix] = positional;
  return prefix === undefined ? {} : { prefix };
}

export const GET_COMMAND: CommandSpec<GetOptions> = {
  summary: 'fetch the content of an artifact, verified',
  description:
    'Fetches the content of an artifact and verifies it against its digest: one asset into a file, a version with several into a folder. All files appear, or none. What was interrupted is gone on with by the same command.',
  examples: [
    { what: 'the newest version', command: 'cfn-artifacts get shop/api -o api.zip' },
    { what: 'a certain version', command: 'cfn-artifacts get default/shop/api:3' },
    { what: 'one asset of several', command: "cfn-artifacts get 'shop/site:1.4.0#maps'" },
    { what: 'the whole version', command: 'cfn-artifacts get shop/site:1.4.0 --all -o site/' },
    { what: 'through a pipe', command: 'cfn-artifacts get shop/model -o - | tar tz' },
  ],
  positional: [ARTIFACT],
  options: optionsOf<Omit<GetOptions, 'artifact'>>(GET),
  foreign: [],
  read: readArtifact(GET),
};

export const LIST_COMMAND: CommandSpec<ListOptions> = {
  summary: 'list the artifacts of a repository',
  description:
    'Lists the artifacts of a repository with their newest versions, and their folders, like a file system; or all artifacts, or all versions, or those that the options choose. The newest version is the one that is meant where only the artifact is named.',
  examples: [
    { what: 'the top level', command: 'cfn-artifacts list' },
    { what: 'all artifacts of one project', command: 'cfn-artifacts list shop/ --recursive' },
    { what: 'for a script: everything, and no folders', command: 'cfn-artifacts list shop/ --json' },
    { what: 'the releases of an artifact', command: "cfn-artifacts list shop/api --versions --label '1.*'" },
    { what: 'what is old and not needed', command: 'cfn-artifacts list --versions --older-than 90d --unused' },
    { what: 'of a directory', command: 'cfn-artifacts list --domain file:.artifacts' },
  ],
  positional: [{ name: 'prefix', help: 'the beginning of the IDs to list', required: false }],
  options: optionsOf<Omit<ListOptions, 'prefix'>>(LIST),
  foreign: [],
  read: async (line) => ({ ...(await resolveOptions(LIST, line.given, LIST_CONFLICTS, line)), ...prefixOf(line) }),
};

export const TREE_COMMAND: CommandSpec<TreeOptions> = {
  summary: 'show the artifacts of a repository as a tree',
  description: 'Shows folders and artifacts as a tree, with the newest version of each, its labels and its bookmarks.',
  examples: [
    { what: 'all of it', command: 'cfn-artifacts tree' },
    { what: 'two levels of one project', command: 'cfn-artifacts tree shop/ --depth 2' },
  ],
  positional: [{ name: 'prefix', help: 'the beginning of the IDs to show', required: false }],
  options: optionsOf<Omit<TreeOptions, 'prefix'>>(TREE),
  foreign: [],
  read: async (line) => ({ ...(await resolveOptions(TREE, line.given, [], line)), ...prefixOf(line) }),
};

export const SHOW_COMMAND: CommandSpec<ShowOptions> = {
  summary: 'show an artifact: its versions, their content and where it is',
  description:
    'Shows an artifact with its versions, labels, bookmarks and promotions; or one version with its assets and where they are, what it was made from, and who needs it.',
  examples: [
    { what: 'an artifact', command: 'cfn-artifacts show shop/api' },
    { what: 'one version, for a script', command: 'cfn-artifacts show default/shop/api:3 --json' },
  ],
  positional: [ARTIFACT],
  options: optionsOf<Omit<ShowOptions, 'artifact'>>(SHOW),
  foreign: [],
  read: readArtifact(SHOW),
};

export const DIFF_COMMAND: CommandSpec<DiffOptions> = {
  summary: 'what changed between two versions, file by file',
  description:
    'Tells what changed between two versions, or two assets: assets that were added, removed or changed, and in zip archives file by file. Of archives only their directories are read, unless --deep is given.',
  examples: [
    { what: 'two versions', command: 'cfn-artifacts diff shop/api:3 shop/api:4' },
    { what: 'what a deploy would change', command: 'cfn-artifacts diff shop/api^prod shop/api:latest' },
    {
      what: 'in a script: status 5 says that they differ',
      command: 'cfn-artifacts diff a:1 a:2 --exit-code --quiet',
    },
  ],
  positional: [
    { ...ARTIFACT, name: 'from' },
    { ...ARTIFACT, name: 'to' },
  ],
  options: optionsOf<Omit<DiffOptions, 'from' | 'to'>>(DIFF),
  foreign: [],
  read: async (line) => {
    const [from = '', to = ''] = line.positional;
    return { ...(await resolveOptions(DIFF, line.given, [], line)), from, to };
  },
};

import { ArtifactError } from '../../../repository/error.ts';
import { isVersionNumber } from '../../../repository/name.ts';
import type { AccessOptions } from '../../aws/access.ts';
import { VERSION, WHOLE } from './arguments.ts';
import type { CommandSpec, TypedLine } from './command.ts';
import { readArtifact } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN } from './common.ts';
import type { OptionSpec, OptionTable, PositionalArgument } from './option.ts';
import { GROUP, optionsOf, text } from './option.ts';
import { resolveOptions } from './resolve.ts';

type CommonOptions = AccessOptions & DisplayOptions & DomainOptions;

export interface BookmarkListOptions extends CommonOptions {
  /** As given: an ARN, or `[REPOSITORY/]ID…`. */
  readonly artifact: string;
}

export interface BookmarkOptions extends BookmarkListOptions {
  /** As given. */
  readonly bookmark: string;
}

export interface BookmarkMoveOptions extends BookmarkOptions {
  /** The version that it must name, 0: none. */
  readonly expected?: number;
}

export interface FinishOptions extends CommonOptions {
  readonly artifact: string;
  /** One of the candidates; absent: the active one. */
  readonly set?: string;
}

export interface ActivateOptions extends FinishOptions {
  readonly set: string;
}

const SET: OptionSpec<string> = {
  name: 'set',
  argument: '<name>',
  inFile: 'never',
  group: GROUP.publication,
  help: 'the candidate, by the name that publish --set gave it',
  read: text,
};

const BOOKMARK: OptionTable<Omit<BookmarkListOptions, 'artifact'>> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

const BOOKMARK_MOVE: OptionTable<Omit<BookmarkMoveOptions, 'artifact' | 'bookmark'>> = {
  expected: {
    name: 'if',
    argument: '<version>',
    inFile: 'never',
    group: GROUP.bookmark,
    help: "only if it names this version now; 'none': only if it names none",
    read: versionOrNone,
  },
  ...BOOKMARK,
};

const FINISH: OptionTable<Omit<FinishOptions, 'artifact'>> = {
  set: { ...SET, help: `${SET.help} (default: the active one)` },
  ...BOOKMARK,
};

const ACTIVATE: OptionTable<Omit<ActivateOptions, 'artifact'>> = {
  set: { ...SET, mandatory: true },
  ...BOOKMARK,
};

function versionOrNone(given: unknown): number {
  const word = text(given);
  if (word === 'none') return 0;
  if (isVersionNumber(word)) return Number(word);
  throw new ArtifactError('INVALID_ARGUMENT', `must be the number of a version, or 'none', not '${word}'`);
}

const BOOKMARK_NAME: PositionalArgument = { name: 'bookmark', help: "the bookmark's name, like prod", required: true };

async function readBookmarked<O extends object>(
  table: OptionTable<O>,
  { given, positional, cwd }: TypedLine,
): Promise<O & { readonly artifact: string; readonly bookmark: string }> {
  const [artifact = '', bookmark = ''] = positional;
  return { ...(await resolveOptions(table, given, [], { cwd })), artifact, bookmark };
}

export const BOOKMARK_SET_COMMAND: CommandSpec<BookmarkMoveOptions> = {
  summary: 'let a bookmark name a version, and tell which stacks are behind it',
  description:
    'Lets a bookmark name a version that may be used. What was deployed does not follow: the stacks that were deployed through the bookmark and use other versions are shown. With --if it is moved only from there; else whoever comes last decides.',
  examples: [
    { what: 'prod is version 7 now', command: 'cfn-artifacts bookmark set shop/api:7 prod' },
    { what: 'only if it is still version 6', command: 'cfn-artifacts bookmark set shop/api:7 prod --if 6' },
    {
      what: 'what another bookmark names, for a script',
      command: 'cfn-artifacts bookmark set shop/api^staging prod --json',
    },
  ],
  positional: [VERSION, BOOKMARK_NAME],
  options: optionsOf(BOOKMARK_MOVE),
  foreign: [],
  read: (line) => readBookmarked(BOOKMARK_MOVE, line),
};

export const BOOKMARK_GET_COMMAND: CommandSpec<BookmarkOptions> = {
  summary: 'print the ARN of the version that a bookmark names',
  description: 'Prints the ARN of the version that a bookmark names now.',
  examples: [{ what: 'for a script', command: 'arn=$(cfn-artifacts bookmark get shop/api prod)' }],
  positional: [WHOLE, BOOKMARK_NAME],
  options: optionsOf(BOOKMARK),
  foreign: [],
  read: (line) => readBookmarked(BOOKMARK, line),
};

export const BOOKMARK_LIST_COMMAND: CommandSpec<BookmarkListOptions> = {
  summary: 'list the bookmarks of an artifact',
  description: 'Lists the bookmarks of an artifact with the versions that they name.',
  examples: [{ what: 'what is where', command: 'cfn-artifacts bookmark list shop/api' }],
  positional: [WHOLE],
  options: optionsOf(BOOKMARK),
  foreign: [],
  read: readArtifact(BOOKMARK),
};

export const BOOKMARK_HISTORY_COMMAND: CommandSpec<BookmarkOptions> = {
  summary: 'show what a bookmark named, and who moved it',
  description:
    'Shows what a bookmark names and named before, the latest first: up to 500 versions. That of a deleted bookmark stays.',
  examples: [{ what: 'what prod was last week', command: 'cfn-artifacts bookmark history shop/api prod' }],
  positional: [WHOLE, BOOKMARK_NAME],
  options: optionsOf(BOOKMARK),
  foreign: [],
  read: (line) => readBookmarked(BOOKMARK, line),
};

export const BOOKMARK_DELETE_COMMAND: CommandSpec<BookmarkMoveOptions> = {
  summary: 'let a bookmark name nothing any more',
  description:
    'Lets a bookmark name nothing any more. What it named may be deleted then, if nobody else needs it; its history stays.',
  examples: [
    { what: 'nobody deploys through it', command: 'cfn-artifacts bookmark delete shop/api test' },
    { what: 'only if it names version 7', command: 'cfn-artifacts bookmark delete shop/api test --if 7' },
  ],
  positional: [WHOLE, BOOKMARK_NAME],
  options: optionsOf(BOOKMARK_MOVE),
  foreign: [],
  read: (line) => readBookmarked(BOOKMARK_MOVE, line),
};

export const FINISH_COMMAND: CommandSpec<FinishOptions> = {
  summary: 'make one of several candidates the version that has their label',
  description:
    "Makes one of the candidates that 'publish --unfinished --label LABEL --set NAME' has made the version that has the label, for ever, and Published. The others stay behind as they are. Without --set it is the active one: the newest, unless 'activate' said otherwise.",
  examples: [
    { what: 'the one that passed', command: 'cfn-artifacts finish shop/api:1.0.0 --set build-24' },
    { what: 'the active one', command: 'cfn-artifacts finish shop/api:1.0.0' },
  ],
  positional: [{ ...VERSION, help: 'the label that they are candidates for: [REPOSITORY/]ID:LABEL' }],
  options: optionsOf<Omit<FinishOptions, 'artifact'>>(FINISH),
  foreign: [],
  read: readArtifact(FINISH),
};

export const ACTIVATE_COMMAND: CommandSpec<ActivateOptions> = {
  summary: 'choose which candidate a label stands for until one is finished',
  description:
    "Chooses which candidate a label stands for until one is finished: a bookmark with the label's name says so. Stacks that were deployed through that bookmark and use other candidates are shown.",
  examples: [{ what: 'back to an earlier one', command: 'cfn-artifacts activate shop/api:1.0.0 --set build-24' }],
  positional: [{ ...VERSION, help: 'the label that they are candidates for: [REPOSITORY/]ID:LABEL' }],
  options: optionsOf<Omit<ActivateOptions, 'artifact'>>(ACTIVATE),
  foreign: [],
  read: readArtifact(ACTIVATE),
};

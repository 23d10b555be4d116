import { ArtifactError } from '../../repository/error.ts';
import { isVersionNumber } from '../../repository/name.ts';
import type { AccessOptions } from '../aws/access.ts';
import type { DisplayOptions, DomainOptions, OptionSpec, OptionTable } from './options.ts';
import { ACCESS, DISPLAY, DOMAIN, GROUP, text } from './options.ts';

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

export const BOOKMARK: OptionTable<Omit<BookmarkListOptions, 'artifact'>> = { ...DOMAIN, ...ACCESS, ...DISPLAY };

export const BOOKMARK_MOVE: OptionTable<Omit<BookmarkMoveOptions, 'artifact' | 'bookmark'>> = {
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

export const FINISH: OptionTable<Omit<FinishOptions, 'artifact'>> = {
  set: { ...SET, help: `${SET.help} (default: the active one)` },
  ...BOOKMARK,
};

export const ACTIVATE: OptionTable<Omit<ActivateOptions, 'artifact'>> = {
  set: { ...SET, mandatory: true },
  ...BOOKMARK,
};

function versionOrNone(given: unknown): number {
  const word = text(given);
  if (word === 'none') return 0;
  if (isVersionNumber(word)) return Number(word);
  throw new ArtifactError('INVALID_ARGUMENT', `must be the number of a version, or 'none', not '${word}'`);
}

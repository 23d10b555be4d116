import { parseSegment } from '../../../repository/name.ts';
import { parseStackId } from '../../../repository/stack-id.ts';
import type { AccessOptions } from '../../aws/access.ts';
import { ARTIFACT } from './arguments.ts';
import type { CommandSpec } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN } from './common.ts';
import type { Conflict, OptionTable } from './option.ts';
import { accountId, flag, GROUP, invalid, named, optionsOf, stackName } from './option.ts';
import type { GivenValues } from './resolve.ts';
import { resolveOptions } from './resolve.ts';

/** The one thing that `references` is asked for. */
export type ReferencesQuestion =
  /** Who uses this? */
  | { readonly kind: 'users'; readonly artifact: string }
  /** What does this stack use? `stack` is a name or an ARN. */
  | { readonly kind: 'stack'; readonly stack: string; readonly account?: string }
  /** What does nobody need? Of the repository, or of IDs that begin so. */
  | { readonly kind: 'unused'; readonly prefix?: string }
  /** Which stacks are behind a bookmark? Of the repository, or of IDs that begin so. */
  | { readonly kind: 'behind'; readonly bookmark: string; readonly prefix?: string };

export interface ReferencesFlags extends AccessOptions, DisplayOptions, DomainOptions {
  readonly stack?: string;
  readonly account?: string;
  readonly unused: boolean;
  readonly behind?: string;
}

export interface ReferencesOptions extends AccessOptions, DisplayOptions, DomainOptions {
  readonly question: ReferencesQuestion;
}

const REFERENCES: OptionTable<ReferencesFlags> = {
  stack: {
    name: 'stack',
    argument: '<name>',
    group: GROUP.question,
    help: "what this stack uses; its name, in the domain's region or --region, or its ARN",
    read: stackName,
  },
  account: {
    name: 'account',
    argument: '<account>',
    group: GROUP.question,
    help: "the account of the stack that --stack names (default: the domain's)",
    read: accountId,
  },
  unused: {
    name: 'unused',
    group: GROUP.question,
    help: 'the versions that no stack, no named consumer and no bookmark needs; ARTIFACT is then the beginning of their IDs',
    read: flag,
    fallback: false,
  },
  behind: {
    name: 'behind',
    argument: '<bookmark>',
    inFile: 'never',
    group: GROUP.question,
    help: 'the stacks that were deployed through this bookmark and use another version than it names now; ARTIFACT is then the beginning of the IDs',
    read: named((given) => parseSegment('bookmark', given), 'prod'),
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

const REFERENCES_CONFLICTS: readonly Conflict<ReferencesFlags>[] = [
  { options: ['stack', 'unused'], remedy: 'Each is a question of its own: ask one.' },
  { options: ['stack', 'behind'], remedy: 'Each is a question of its own: ask one.' },
  { options: ['unused', 'behind'], remedy: 'Each is a question of its own: ask one.' },
];

/**
 * What `references` is asked: exactly one of its questions.
 * @param word what stands on the command line beside the options
 * @throws ArtifactErrors INVALID_ARGUMENT
 */
async function resolveReferencesOptions(
  given: GivenValues,
  word: string | undefined,
  cwd: string,
): Promise<ReferencesOptions> {
  const { stack, account, unused, behind, ...options } = await resolveOptions(REFERENCES, given, REFERENCES_CONFLICTS, {
    cwd,
  });
  return { ...options, question: questionOf({ stack, account, unused, behind }, word) };
}

type Asked = { readonly [K in 'stack' | 'account' | 'unused' | 'behind']: ReferencesFlags[K] | undefined };

function questionOf({ stack, account, unused, behind }: Asked, word: string | undefined): ReferencesQuestion {
  if (word === '') throw invalid('ARTIFACT must not be empty', 'Name one, or leave it out.');
  if (account !== undefined && stack === undefined) {
    throw invalid(
      "'--account' says whose stack '--stack' names, and there is no '--stack'",
      'Name the stack, or leave it out.',
    );
  }
  if (stack !== undefined) {
    if (word !== undefined) {
      throw invalid(
        `cannot use '--stack' and '${word}' together`,
        'Ask who uses an artifact, or what a stack uses: each is a question of its own.',
      );
    }
    const isArn = parseStackId(stack) !== undefined;
    if (isArn && account !== undefined) {
      throw invalid("cannot use '--account' with the ARN of a stack", 'The ARN names the account: leave it out.');
    }
    return { kind: 'stack', stack, ...(account !== undefined && { account }) };
  }
  const ofMany = unused === true ? '--unused' : behind === undefined ? undefined : '--behind';
  if (ofMany !== undefined && word !== undefined && !/^[\w.+=/-]*$/.test(word)) {
    throw invalid(
      `'${word}' is not how IDs begin, which is what '${ofMany}' takes`,
      "Leave out the version: 'shop/api', or 'shop/' for all that begin so.",
    );
  }
  const prefix = word === undefined ? {} : { prefix: word };
  if (unused === true) return { kind: 'unused', ...prefix };
  if (behind !== undefined) return { kind: 'behind', bookmark: behind, ...prefix };
  if (word !== undefined) return { kind: 'users', artifact: word };
  throw invalid(
    'it is not said whose references are wanted',
    'Name an artifact to see who uses it, a stack with --stack to see what it uses, ask with --unused what nobody needs, or with --behind which stacks a bookmark has left behind.',
  );
}

export const REFERENCES_COMMAND: CommandSpec<ReferencesOptions> = {
  summary: 'who uses an artifact, what a stack uses, what nobody needs',
  description:
    'Answers one of four questions from the references that deploys record: who uses an artifact, or one version of it; what a stack uses; which versions nobody needs; which stacks a bookmark has left behind.',
  examples: [
    { what: 'who uses it, whatever version', command: 'cfn-artifacts references shop/api' },
    { what: 'who uses what a bookmark names', command: 'cfn-artifacts references shop/api^prod' },
    { what: 'what a stack uses', command: 'cfn-artifacts references --stack shop' },
    { what: 'what nobody needs, for a script', command: 'cfn-artifacts references --unused shop/ --json' },
    { what: 'who is to be deployed again', command: 'cfn-artifacts references --behind prod' },
  ],
  positional: [{ ...ARTIFACT, required: false }],
  options: optionsOf<ReferencesFlags>(REFERENCES),
  foreign: [],
  read: ({ given, positional, cwd }) => resolveReferencesOptions(given, positional[0], cwd),
};

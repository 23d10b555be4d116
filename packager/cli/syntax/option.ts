import { ArtifactError } from '../../../repository/error.ts';
import { shownName } from '../../../repository/name.ts';
import { isStackName, parseStackId } from '../../../repository/stack-id.ts';
import { describeValue } from './given.ts';

export interface ReadContext {
  /** Where a relative `file://` starts. */
  readonly cwd: string;
}

/**
 * One option as data. Whatever it says, the flag, the variable of the environment, the key of samconfig and the help text follow from it.
 */
export interface OptionSpec<T> {
  /** As on the command line without its dashes, `no-` included. With `_` for `-` it is the key in samconfig. */
  readonly name: string;
  /** A letter. */
  readonly short?: string;
  /** Other long names with the same meaning. */
  readonly aliases?: readonly string[];
  /** What stands behind it; absent for a switch. */
  readonly argument?: string;
  /** All that may stand there, where that is a few words. */
  readonly choices?: readonly string[];
  /** `repeatable`: the option may come again. `many`: also several values after one option, up to the next one. */
  readonly arity?: 'repeatable' | 'many';
  /** There is a `--no-` form too; it gives `false`. */
  readonly negatable?: boolean;
  readonly environment?: string;
  /** `never` for what makes no sense in a file; `own section` where SAM's `global` section means something else by it, or means it for others. */
  readonly inFile?: 'never' | 'own section';
  readonly group: string;
  readonly help: string;
  /**
   * From the command line a switch is `true` or `false`, a value is text, repeated ones a list of texts; from a file it is what the file says.
   * @throws ArtifactError INVALID_ARGUMENT or INVALID_NAME, without saying which option it is
   */
  readonly read: (given: unknown, context: ReadContext) => T | Promise<T>;
  readonly fallback?: T;
  /** There is no default: it must be given. */
  readonly mandatory?: boolean;
}

type OptionalKeys<O> = { [K in keyof O]-?: object extends Pick<O, K> ? K : never }[keyof O];

/** An option for every member; for every member that must be there, a default or the duty to give it. */
export type OptionTable<O> = {
  readonly [K in keyof O]-?: K extends OptionalKeys<O>
    ? OptionSpec<Exclude<O[K], undefined>>
    : OptionSpec<O[K]> & ({ readonly fallback: O[K] } | { readonly mandatory: true });
};

/** Options that exclude each other: of those given, the ones of the highest origin count, and there may be one of them. */
export interface Conflict<O> {
  readonly options: readonly (keyof O)[];
  /** It is this one that the others don't go with: without it they are no matter of this conflict. */
  readonly with?: keyof O;
  readonly remedy: string;
}

export interface PositionalArgument {
  readonly name: string;
  readonly help: string;
  /** All that may stand there, where that is a few words. */
  readonly choices?: readonly string[];
  readonly required: boolean;
  /** Several may stand one after the other. The last one alone, or the last but one. */
  readonly repeatable?: true;
}

/** Words that other tools take and this one understands without obeying. */
export interface ForeignOption {
  readonly name: string;
  readonly argument?: string;
  readonly arity?: 'repeatable' | 'many';
  readonly negatable?: boolean;
  /** `refused`: without it the result would be another. `ignored`: the result is the same. `silent`: not even worth a word. */
  readonly verdict: 'refused' | 'ignored' | 'silent';
  /** All that it may be: with anything else, something else is meant. */
  readonly values?: readonly string[];
  /** What to do instead, or why it makes no difference: a sentence. */
  readonly note: string;
  /** Where it stands in a file its word counts less: other commands read the same section. */
  readonly verdictInFile?: 'ignored' | 'silent';
}

export const GROUP = {
  template: 'Template and output',
  content: 'What is packaged',
  publication: 'What is published',
  promotion: 'What is promoted',
  replication: 'Where it is brought',
  output: 'Output',
  question: 'What is asked',
  looking: 'What is shown',
  repository: 'What it takes',
  ownBucket: 'Where its content stands',
  deletion: 'What is deleted',
  reference: 'Who needs it',
  bookmark: 'When it is moved',
  status: 'When it is changed',
  sharing: 'What is shared',
  alias: 'What is written',
  domain: 'Domain',
  making: 'How it is made',
  bucket: 'Plain bucket, as with aws-cli and SAM',
  file: 'Options from a file',
  access: 'Access to AWS',
  display: 'Display',
} as const;

/**
 * Also of words, as environment variables and files have them, in either case.
 * @throws ArtifactError INVALID_ARGUMENT
 */
export function flag(given: unknown): boolean {
  if (typeof given === 'boolean') return given;
  const word = String(given).toLowerCase();
  if (['true', 't', 'yes', 'y', 'on', '1'].includes(word)) return true;
  if (['false', 'f', 'no', 'n', 'off', '0'].includes(word)) return false;
  throw invalid(`must be true or false, not ${describeValue(given)}`);
}

/** For an option that is named after what it turns off. @throws as `flag` */
export const inverted = (given: unknown): boolean => !flag(given);

/**
 * Not empty. A number, as a file may have it, is taken as it is written in decimals.
 * @throws ArtifactError INVALID_ARGUMENT
 */
export function text(given: unknown): string {
  if (typeof given === 'number') return String(given);
  if (typeof given !== 'string') throw invalid(`must be a text, not ${describeValue(given)}`);
  if (given === '') throw invalid('must not be empty', 'Give it a value, or leave it out.');
  return given;
}

/** One text is a list of it. @throws as `text` */
export function texts(given: unknown): readonly string[] {
  return Array.isArray(given) ? given.map(text) : [text(given)];
}

/** The rule stands in the message; what people don't see there is what such a name looks like. */
export function named<T>(parse: (text: string) => T, example: string): (given: unknown) => T {
  return (given) => {
    try {
      return parse(text(given));
    } catch (error) {
      if (!(error instanceof ArtifactError) || error.remedy !== undefined) throw error;
      throw new ArtifactError(error.code, error.message, {
        remedy: `Choose another name: '${example}' is one.`,
        cause: error,
      });
    }
  };
}

/** @throws ArtifactError INVALID_ARGUMENT */
export const accountId: (given: unknown) => string = matching(
  /^[0-9]{12}$/,
  "an account's twelve digits",
  'In a YAML or TOML file they need quotes.',
);

/** @throws ArtifactError INVALID_ARGUMENT */
export function oneOf<T extends string>(words: readonly T[]): (given: unknown) => T {
  return (given) => {
    const word = words.find((candidate) => candidate === given);
    if (word !== undefined) return word;
    throw invalid(
      `must be one of ${words.map((candidate) => `'${candidate}'`).join(', ')}, not ${describeValue(given)}`,
    );
  };
}

/** As AWS names them all. */
export const REGION: RegExp = /^[a-z][a-z0-9-]*-[0-9]+$/;

/** Reads a text of a pattern. @param rule goes on after `must be` */
export function matching(pattern: RegExp, rule: string, remedy?: string): (given: unknown) => string {
  return (given) => {
    // A YAML file gives an account ID without quotes as a number.
    const value = text(given);
    if (pattern.test(value)) return value;
    throw invalid(`must be ${rule}, not '${shownName(value)}'`, remedy);
  };
}

/** A name, or the ARN of one incarnation. @throws ArtifactError INVALID_ARGUMENT */
export function stackName(given: unknown): string {
  const name = text(given);
  if (isStackName(name) || parseStackId(name) !== undefined) return name;
  throw invalid(
    `must be a stack's name or its ARN, not '${shownName(name)}'`,
    'A name is a letter, then up to 127 letters, digits and hyphens.',
  );
}

/** What a reader of options throws. */
export function invalid(message: string, remedy?: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, remedy === undefined ? {} : { remedy });
}

/** A table's options in its order; their types are not needed where they are only parsed or shown. */
export function optionsOf<O>(table: OptionTable<O>): readonly OptionSpec<unknown>[] {
  return Object.values(table as Record<string, OptionSpec<unknown>>);
}

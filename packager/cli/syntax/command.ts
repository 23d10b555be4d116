import type { Warning } from '../../event.ts';
import type { DisplayOptions } from './common.ts';
import type { ForeignOption, OptionSpec, OptionTable, PositionalArgument, ReadContext } from './option.ts';
import type { GivenValues } from './resolve.ts';
import { resolveOptions } from './resolve.ts';

export interface Example {
  readonly what: string;
  readonly command: string;
}

/** What the options themselves are a reason to say, before anything is done. */
export interface OptionTalk {
  readonly options: DisplayOptions;
  readonly warnings: readonly Warning[];
  /** Each a sentence. */
  readonly notes: readonly string[];
}

/** What stands behind the words of a command, and what the environment says of its options. */
export interface TypedLine extends ReadContext {
  readonly positional: readonly string[];
  readonly given: GivenValues;
  readonly foreign: readonly ForeignOption[];
  readonly tell: (talk: OptionTalk) => void;
}

/** A command as data: parsing, help, completion and reading follow from it. */
export interface CommandSpec<Options = unknown> {
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly Example[];
  readonly positional: readonly PositionalArgument[];
  readonly options: readonly OptionSpec<unknown>[];
  readonly foreign: readonly ForeignOption[];
  /**
   * What the command is told.
   * @throws ArtifactErrors with everything that is wrong
   */
  readonly read: (line: TypedLine) => Promise<Options>;
}

/** The word of a command that has one; the parser sees to it that it is there. */
export function firstOf({ positional }: TypedLine): string {
  return positional[0] ?? '';
}

/** Reads a command about one artifact. */
export function readArtifact<O extends object>(
  table: OptionTable<O>,
): (line: TypedLine) => Promise<O & { readonly artifact: string }> {
  return async (line) => ({ ...(await resolveOptions(table, line.given, [], line)), artifact: firstOf(line) });
}

/** Reads a command about one artifact or several. */
export function readArtifacts<O extends object>(
  table: OptionTable<O>,
): (line: TypedLine) => Promise<O & { readonly artifacts: readonly string[] }> {
  return async (line) => ({ ...(await resolveOptions(table, line.given, [], line)), artifacts: line.positional });
}

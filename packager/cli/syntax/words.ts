import type { Command } from 'commander';
import { Option } from 'commander';
import { ArtifactError } from '../../../repository/error.ts';
import type { ForeignOption, OptionSpec } from './option.ts';
import type { GivenValue, GivenValues } from './resolve.ts';

/** The words that stood behind the options of a command, as the parser comes upon them. */
export class Words {
  readonly foreign: ForeignOption[] = [];
  readonly #heard = new Map<string, (string | boolean)[]>();
  readonly #specs: readonly OptionSpec<unknown>[];

  constructor(command: Command, specs: readonly OptionSpec<unknown>[], foreign: readonly ForeignOption[]) {
    this.#specs = specs;
    for (const spec of specs) {
      listen(command, spec, (word) => {
        this.#heard.set(spec.name, [...(this.#heard.get(spec.name) ?? []), word]);
      });
    }
    for (const option of foreign) {
      listen(command, option, (word) => {
        if (typeof word === 'string') requireAmong(option, word);
        if (word !== false) this.foreign.push(option);
      });
    }
  }

  /** Of an option that may stand once the last word counts; what stood before the command counts if nothing stands behind it, the nearest first. */
  given(...before: readonly Words[]): GivenValues {
    const result = new Map<string, readonly GivenValue[]>();
    for (const { name, arity } of this.#specs) {
      const words = [this, ...before].map((one) => one.#heard.get(name)).find((heard) => heard !== undefined);
      if (words === undefined) continue;
      const value = arity === undefined ? words.at(-1) : words;
      result.set(name, [{ origin: 'command line', label: `'--${name}'`, value }]);
    }
    return result;
  }
}

type Listened = Pick<OptionSpec<unknown>, 'name' | 'short' | 'aliases' | 'argument' | 'arity' | 'negatable'>;

function listen(command: Command, option: Listened, heard: (word: string | boolean) => void): void {
  for (const form of formsOf(option)) {
    const flag = new Option(form);
    command.addOption(flag);
    command.on(`option:${flag.name()}`, (word: string | null | undefined) => {
      if (typeof word === 'string') requireValue(command, option.name, word);
      heard(word ?? true);
    });
  }
  if (option.negatable !== true) return;
  const flag = new Option(`--no-${option.name}`);
  command.addOption(flag);
  command.on(`option:${flag.name()}`, () => {
    heard(false);
  });
}

/** As commander writes options: `-t, --template-file <path>`, `--template <path>`. */
function formsOf({ name, short, aliases = [], argument, arity }: Listened): readonly string[] {
  const value =
    argument === undefined ? '' : ` ${arity === 'many' ? argument.replace(/(?:\.\.\.)?>$/, '...>') : argument}`;
  const letter = short === undefined ? '' : `-${short}, `;
  return [`${letter}--${name}${value}`, ...aliases.map((alias) => `--${alias}${value}`)];
}

/** `--s3-bucket --region eu-west-1` is a bucket forgotten, not a bucket of that name. */
function requireValue(command: Command, name: string, word: string): void {
  const [flag] = word.split('=');
  if (!command.options.some(({ short, long }) => flag === short || flag === long)) return;
  throw new ArtifactError('INVALID_ARGUMENT', `'--${name}' needs a value, but '${word}' follows`, {
    remedy: `If that is the value, write '--${name}=${word}'.`,
  });
}

/** `--output FILE` would be passed over, and the file never written. @throws ArtifactError INVALID_ARGUMENT */
function requireAmong({ name, values }: ForeignOption, word: string): void {
  if (values === undefined || values.includes(word)) return;
  throw new ArtifactError('INVALID_ARGUMENT', `'--${name}' is a format of the AWS CLI, which '${word}' is not`, {
    remedy: 'The packaged template is written to --output-template-file.',
  });
}

import { writtenFlags } from '../../opening/place-flags.ts';
import { COMMANDS } from '../syntax/commands.ts';

/** What says which domain a command is about. */
const PLACE = ['domain', 'domain-owner', 'region', 'profile'] as const;

/** Lets commands in a remedy be about the domain that the command line names by `--domain`: what they come from knows of no command line. */
export type Completing = (remedy: string) => string;

/** @param argv Seen in the bare words, because a command line that can't be parsed wants its error told as well. */
export function completingFor(argv: readonly string[]): Completing {
  if (wordOf(argv, 'domain') === undefined) return (remedy) => remedy;
  const flags = writtenFlags(PLACE.map((name) => [name, wordOf(argv, name)]));
  return (remedy) => aboutPlace(remedy, flags);
}

/**
 * A remedy whose commands have these flags, unless they say themselves what they are about.
 * @param flags as placeFlags gives them
 */
export function aboutPlace(remedy: string, flags: string): string {
  return remedy.replaceAll(WRITTEN, (command) => (isAboutDomain(command) ? `${command}${flags}` : command));
}

/** Commands in prose: in quotes, or behind a colon up to the end. */
const WRITTEN = /(?<=')cfn-artifacts [^'\n]+(?=')|(?<=: )cfn-artifacts [^'\n]*[^'\n.]$/gm;

/** Whether it is a command that could be given a domain, and is given none. */
function isAboutDomain(command: string): boolean {
  if (/ --(?:domain|region|help|s3-bucket)\b/.test(command)) return false;
  const [spec] = COMMANDS.filter(({ name }) => `${command} `.startsWith(`cfn-artifacts ${name} `)).toSorted(
    (one, other) => other.name.length - one.name.length,
  );
  // A bundle is for another domain than this one.
  return spec?.options.some(({ name }) => name === 'domain') === true && !spec.name.startsWith('bundle ');
}

/** The last one counts. */
function wordOf(argv: readonly string[], name: string): string | undefined {
  const values = argv.flatMap((word, index) => {
    if (word === `--${name}`) return [argv[index + 1]];
    return word.startsWith(`--${name}=`) ? [word.slice(name.length + '--='.length)] : [];
  });
  return values.at(-1);
}

import { ArtifactError, ArtifactErrors, refuse } from '../../../repository/error.ts';
import type { Conflict, OptionSpec, OptionTable, ReadContext } from './option.ts';
import { flag } from './option.ts';

/** A later origin goes before an earlier one. */
export const ORIGINS = ['file', 'environment', 'command line'] as const;
export type Origin = (typeof ORIGINS)[number];

/** What one origin says of one option. */
export interface GivenValue {
  readonly origin: Origin;
  /** How people wrote it: `--s3-bucket`, `SAM_TEMPLATE_FILE`, `'s3_bucket' in [default.package.parameters] of 'samconfig.toml'`. */
  readonly label: string;
  readonly value: unknown;
}

/** By the option's name. */
export type GivenValues = ReadonlyMap<string, readonly GivenValue[]>;

/**
 * The options of a command: of every option what the highest origin says, else its default.
 * @throws ArtifactErrors with everything that is wrong, INVALID_ARGUMENT or, from a file, INVALID_CONFIGURATION
 */
export async function resolveOptions<O extends object>(
  table: OptionTable<O>,
  given: GivenValues,
  conflicts: readonly Conflict<O>[],
  context: ReadContext,
): Promise<O> {
  const problems: ArtifactError[] = [];
  const chosen = new Map<keyof O, GivenValue>();
  const specs = Object.entries(table) as [keyof O, OptionSpec<unknown>][];
  for (const [key, { name }] of specs) {
    const highest = highestOf(given.get(name) ?? []);
    if (highest !== undefined) chosen.set(key, highest);
  }
  const rivals = (conflict: Conflict<O>): readonly Rival<O>[] => rivalsIn(conflict, chosen, table);
  for (const conflict of conflicts) yieldToHigher(rivals(conflict), chosen);
  for (const conflict of conflicts) problems.push(...clash(rivals(conflict), conflict.remedy));
  const options: Partial<Record<keyof O, unknown>> = {};
  for (const [key, spec] of specs) {
    const value = chosen.get(key);
    if (value === undefined) {
      if (spec.fallback !== undefined) options[key] = spec.fallback;
      else if (spec.mandatory === true) problems.push(missing(spec));
      continue;
    }
    if (spec.mandatory === true && isEmpty(value.value)) {
      problems.push(...labelled(empty(spec), value));
      continue;
    }
    try {
      options[key] = await spec.read(value.value, context);
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      problems.push(...labelled(error, value));
    }
  }
  refuse(problems);
  return options as O;
}

/** The value that counts, by where it comes from; of two from one place the first. */
export function highestOf(values: readonly GivenValue[]): GivenValue | undefined {
  return values.toSorted((a, b) => ORIGINS.indexOf(b.origin) - ORIGINS.indexOf(a.origin))[0];
}

interface Rival<O> {
  readonly key: keyof O;
  readonly value: GivenValue;
}

/** Takes out what a higher origin excludes: before anything is a clash, because what is out clashes with nothing. */
function yieldToHigher<O>(rivals: readonly Rival<O>[], chosen: Map<keyof O, GivenValue>): void {
  const winner = highestOf(rivals.map(({ value }) => value));
  for (const { key, value } of rivals) {
    if (value.origin !== winner?.origin) chosen.delete(key);
  }
}

/** What one origin says against itself. */
function clash<O>(rivals: readonly Rival<O>[], remedy: string): readonly ArtifactError[] {
  if (rivals.length < 2) return [];
  const labels = rivals.map(({ value }) => value.label);
  return [new ArtifactError('INVALID_ARGUMENT', `cannot use ${labels.join(' and ')} together`, { remedy })];
}

/** A switch that is off excludes nothing. */
function rivalsIn<O>(
  { options, with: one }: Conflict<O>,
  chosen: ReadonlyMap<keyof O, GivenValue>,
  table: OptionTable<O>,
): readonly Rival<O>[] {
  const rivals = options.flatMap((key) => {
    const value = chosen.get(key);
    return value === undefined || isOff(table[key], value) ? [] : [{ key, value }];
  });
  return one === undefined || rivals.some(({ key }) => key === one) ? rivals : [];
}

/** However that is written: a file may say `no`. What is no switch may be called so. */
function isOff({ argument }: Pick<OptionSpec<unknown>, 'argument'>, { value }: GivenValue): boolean {
  if (argument !== undefined) return value === false;
  try {
    return !flag(value);
  } catch {
    // What it should mean is told when it is read.
    return false;
  }
}

function missing(spec: OptionSpec<unknown>): ArtifactError {
  const { name, argument = '' } = spec;
  return new ArtifactError('INVALID_ARGUMENT', `the option '--${name} ${argument}' is missing`, whatItIs(spec));
}

function isEmpty(given: unknown): boolean {
  return given === '' || (Array.isArray(given) && given.every((one) => one === ''));
}

/** Of an option that must be there, and so can't be left out. */
function empty(spec: OptionSpec<unknown>): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', 'must not be empty', whatItIs(spec));
}

function whatItIs({ help }: OptionSpec<unknown>): { readonly remedy: string } {
  return { remedy: `It is ${help}.` };
}

/** Readers don't know which option they read; people must. */
function labelled(error: ArtifactError, { origin, label }: GivenValue): readonly ArtifactError[] {
  const causes = error instanceof ArtifactErrors ? error.problems : [error];
  const code = origin === 'file' ? 'INVALID_CONFIGURATION' : undefined;
  return causes.map(
    (cause) =>
      new ArtifactError(code ?? cause.code, joined(label, cause.message), {
        ...(cause.remedy !== undefined && { remedy: cause.remedy }),
        cause,
      }),
  );
}

/** `--repository must be …`, but `--repository: 'X' is no …`. */
function joined(label: string, message: string): string {
  return message.startsWith('must ') ? `${label} ${message}` : `${label}: ${message}`;
}

import type { Warning } from '../event.ts';
import { isNoEcho } from '../template/find/parameters.ts';
import { isMap, valueOf } from '../template/node.ts';
import { unknownParameters } from './unknown-parameters.ts';
import type { Unit } from './unit.ts';

/** Values of a template's parameters by their names. */
type Values = Readonly<Record<string, string>>;

/** What samconfig has another command of SAM give to the parameters. */
export interface CommandParameters {
  readonly command: 'build' | 'deploy';
  /** For messages: `'parameter_overrides' in [prod.deploy.parameters] of 'samconfig.toml'`. */
  readonly place: string;
  readonly values: Values;
}

/** All that is said of a template's parameters before the deploy. */
export interface GivenParameters {
  /** What this program is told. */
  readonly parameterOverrides: Values;
  /** Of parameters of which it is told nothing; what stands first counts. A name that the template does not declare is no slip: the file serves several. */
  readonly commandParameters?: readonly CommandParameters[];
}

/** Of each parameter the value that paths follow. */
export function valuesOf({ parameterOverrides, commandParameters = [] }: GivenParameters): ReadonlyMap<string, string> {
  const others = commandParameters.map(({ values }) => values);
  const all = [parameterOverrides, ...others].toReversed().flatMap((values) => Object.entries(values));
  return new Map(all);
}

/** What is odd about it, of a template that was loaded with it. */
export function warningsOfParameters(loaded: Unit, given: GivenParameters): readonly Warning[] {
  return [...unknownParameters(loaded.template, given.parameterOverrides), ...contradictions(loaded, given)];
}

/** A path is decided once: what the deploy passes for its parameter comes too late. */
function contradictions(
  { template, asked }: Unit,
  { parameterOverrides, commandParameters = [] }: GivenParameters,
): readonly Warning[] {
  const declared = valueOf(template.root, 'Parameters');
  if (!isMap(declared)) return [];
  return declared.entries.flatMap(({ key: name, keyStart, value: declaration }): Warning[] => {
    if (!asked.has(name) || Object.hasOwn(parameterOverrides, name)) return [];
    const [first, ...others] = commandParameters.filter(({ values }) => Object.hasOwn(values, name));
    const other = others.find(({ values }) => values[name] !== first?.values[name]);
    if (first === undefined || other === undefined) return [];
    const saying = ({ place, values }: CommandParameters): string =>
      isNoEcho(declaration) ? place : `${place}, '${values[name] ?? ''}'`;
    return [
      {
        code: 'contradicted-parameter',
        message: `what is packaged follows '${name}' of ${saying(first)}: that of ${saying(other)}, comes too late to change it`,
        place: template.position(keyStart),
        remedy: `Give '${name}' one value for 'sam build' and 'sam deploy', or say with --parameter-overrides which is meant.`,
      },
    ];
  });
}

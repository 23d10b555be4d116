import type { Warning } from '../event.ts';
import { isNoEcho } from '../template/find/parameters.ts';
import type { TemplateNode } from '../template/node.ts';
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
  /** A name that the template does not declare is no slip: the file serves several. */
  readonly commandParameters?: readonly CommandParameters[];
}

/** Of each parameter the value that paths follow: as this program is told, else as `sam build` is, by which SAM decides them. */
export function valuesOf({ parameterOverrides, commandParameters }: GivenParameters): ReadonlyMap<string, string> {
  const build = givenTo('build', commandParameters)?.values ?? {};
  return new Map(Object.entries({ ...build, ...parameterOverrides }));
}

function givenTo(
  command: CommandParameters['command'],
  all: GivenParameters['commandParameters'] = [],
): CommandParameters | undefined {
  return all.find((one) => one.command === command);
}

/** What is odd about it, of a template that was loaded with it. */
export function warningsOfParameters(loaded: Unit, given: GivenParameters): readonly Warning[] {
  return [...unknownParameters(loaded.template, given.parameterOverrides), ...contradictions(loaded, given)];
}

/** A value, and whose it is. */
interface Said {
  readonly by: string;
  readonly value: string;
}

/** A path is decided once: what the deploy passes for its parameter comes too late. */
function contradictions(
  { template, asked }: Unit,
  { parameterOverrides, commandParameters }: GivenParameters,
): readonly Warning[] {
  const declared = valueOf(template.root, 'Parameters');
  const [build, deploy] = [givenTo('build', commandParameters), givenTo('deploy', commandParameters)];
  if (!isMap(declared) || deploy === undefined) return [];
  return declared.entries.flatMap(({ key: name, keyStart, value: declaration }): Warning[] => {
    if (!asked.has(name) || Object.hasOwn(parameterOverrides, name)) return [];
    const byDefault = defaultOf(name, declaration);
    const followed = saidBy(build, name) ?? byDefault;
    const deployed = saidBy(deploy, name) ?? byDefault;
    if (followed === undefined || deployed === undefined || followed.value === deployed.value) return [];
    const shown = ({ by, value }: Said): string => (isNoEcho(declaration) ? by : `${by}, '${value}'`);
    return [
      {
        code: 'contradicted-parameter',
        message: `what is packaged follows ${shown(followed)}: ${shown(deployed)}, with which it is deployed, comes too late to change that`,
        place: template.position(keyStart),
        remedy: `Give '${name}' one value for 'sam build' and 'sam deploy', or say with --parameter-overrides which is meant.`,
      },
    ];
  });
}

function saidBy(command: CommandParameters | undefined, name: string): Said | undefined {
  const value = command !== undefined && Object.hasOwn(command.values, name) ? command.values[name] : undefined;
  return command === undefined || value === undefined ? undefined : { by: `'${name}' of ${command.place}`, value };
}

function defaultOf(name: string, declaration: TemplateNode): Said | undefined {
  const value = valueOf(declaration, 'Default');
  return value?.kind === 'scalar' ? { by: `the Default of '${name}'`, value: String(value.value ?? '') } : undefined;
}

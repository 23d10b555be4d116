import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ArtifactError } from '../../../repository/error.ts';
import { checkOutputs, outputFile, tryOutputs, writeOutputs } from '../../output.ts';
import { isNoEcho } from '../../template/find/parameters.ts';
import { isMap, valueOf } from '../../template/node.ts';
import { parseTemplate } from '../../template/text/parse.ts';
import type { OptionSpec } from '../syntax/option.ts';
import { optionsOf } from '../syntax/option.ts';
import type { PackageFlags, PackageOptions } from '../syntax/package-flags.ts';
import { PACKAGE, PACKAGE_CONFLICTS } from '../syntax/package-flags.ts';
import { parseOverrides } from '../syntax/overrides.ts';
import { writeNote } from '../talk/report.ts';
import type { GivenValues } from '../syntax/resolve.ts';
import { configFolder, parseConfig, SAM_CONFIG_FILES } from '../syntax/samconfig.ts';
import type { Terminal } from '../terminal.ts';
import type { ConfigValue, Setting } from './config-values.ts';
import { isSameKey, TAKEN_OUT } from './config-values.ts';
import { editToml } from './edit-toml.ts';
import { editYaml } from './edit-yaml.ts';

export interface SaveRequest {
  readonly options: PackageOptions;
  /** From the command line and the environment. */
  readonly given: GivenValues;
  readonly cwd: string;
}

/** What was written, and what was not. */
export interface Saved {
  /** Absolute. */
  readonly file: string;
  readonly environment: string;
  /** As in the file. */
  readonly keys: readonly string[];
  /** Keys of the same section that excluded what was written. */
  readonly takenOut: readonly string[];
  /** Such keys of the global section, which package is told not to take from there. */
  readonly turnedOff: readonly string[];
  /** Of each option that holds a secret, what became of it, in words. */
  readonly secrets: readonly string[];
}

/**
 * `--save-params`: writes what the command line says into `[ENV.package.parameters]` of samconfig, and the Region into `[ENV.global.parameters]`, where other commands
 * of SAM find it, too. What of the file yielded to it in this run goes: the next one would refuse both. Everything else in the file stays to the byte; the file appears whole, or stays as it was. Values of NoEcho parameters and passwords in URLs are not written.
 * @throws ArtifactError INVALID_CONFIGURATION, OUTPUT_FAILED
 */
export async function saveParameters(request: SaveRequest): Promise<Saved> {
  const { text, ...saved } = await prepare(request);
  if (isChange(saved)) {
    const file = outputOf(saved.file, request.cwd);
    await writeOutputs([{ file, bytes: [Buffer.from(text)] }]);
  }
  return saved;
}

/** Whether that could be done; changes nothing. @throws as `saveParameters` */
export async function checkSaving(request: SaveRequest): Promise<void> {
  const saved = await prepare(request);
  if (!isChange(saved)) return;
  checkOutputs([outputOf(saved.file, request.cwd)]);
  tryOutputs([outputOf(saved.file, request.cwd)]);
}

function isChange({ keys, takenOut, turnedOff }: Saved): boolean {
  return [...keys, ...takenOut, ...turnedOff].length > 0;
}

/** In lines for people. */
export function tellSaved(saved: Saved, terminal: Terminal, options: PackageOptions): void {
  if (options.quiet) return;
  const { file, secrets, environment, keys, takenOut, turnedOff } = saved;
  const where = `under '${environment}' in '${basename(file)}'`;
  const done = [
    ...(keys.length === 0 ? [] : [`saved ${quoted(keys)}`]),
    ...(takenOut.length === 0 ? [] : [`took out ${quoted(takenOut)}`]),
    ...(turnedOff.length === 0 ? [] : [`turned ${quoted(turnedOff)} of the global section off for package`]),
  ].join(' and ');
  const why = takenOut.length + turnedOff.length === 0 ? '' : ': they exclude each other';
  writeNote(terminal, isChange(saved) ? `${done} ${where}${why}` : `nothing new to save ${where}`, options);
  for (const secret of secrets) writeNote(terminal, secret, options);
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `'${key}'`).join(', ');
}

function outputOf(file: string, cwd: string): ReturnType<typeof outputFile> {
  return outputFile(`--${PACKAGE.saveParams.name}`, file, cwd);
}

async function prepare(request: SaveRequest): Promise<Saved & { readonly text: string }> {
  const { options, given, cwd } = request;
  const file = options.configFile ?? resolve(configFolder(cwd, namedTemplate(given)), SAM_CONFIG_FILES[0] ?? '');
  const environment = options.configEnv ?? 'default';
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const document = await parseConfig(file, before);
  const { settings, secrets } = await settingsOf(request, environment);
  const added = settings.filter((setting) => !isSaidForAll(document, setting));
  const displaced = displacedBy(settings, document, environment);
  const changes = [...added, ...displaced];
  const text = changes.length === 0 ? before : await edited(file, before, document, changes);
  return {
    ...{ file, environment, text, secrets, keys: added.map(keyOf) },
    takenOut: displaced.filter(({ value }) => value === TAKEN_OUT).map(keyOf),
    turnedOff: displaced.filter(({ value }) => value !== TAKEN_OUT).map(keyOf),
  };
}

function keyOf({ path }: Setting): string {
  return path.at(-1) ?? '';
}

function namedTemplate(given: GivenValues): string | undefined {
  const value = given.get(PACKAGE.templateFile.name)?.[0]?.value;
  return typeof value === 'string' ? value : undefined;
}

interface Settings {
  readonly settings: readonly Setting[];
  readonly secrets: readonly string[];
}

async function settingsOf({ options, given, cwd }: SaveRequest, environment: string): Promise<Settings> {
  const settings: Setting[] = [];
  const secrets: string[] = [];
  for (const spec of optionsOf<PackageFlags>(PACKAGE)) {
    const said = given.get(spec.name)?.find(({ origin }) => origin === 'command line');
    if (said === undefined || spec.inFile === 'never' || spec.name === PACKAGE.saveParams.name) continue;
    const words = Array.isArray(said.value) ? (said.value as readonly string[]) : undefined;
    const open = words === undefined ? undefined : await withoutSecrets(spec.name, words, options, cwd);
    const value = words === undefined ? said.value : open;
    const withheld = `${said.label} was not saved: it has a secret`;
    if (open !== undefined && open.length < (words?.length ?? 0))
      secrets.push(isNothing(value) ? withheld : `what is secret in ${said.label} was not saved`);
    if (typeof value === 'string' && hasPassword(value)) secrets.push(withheld);
    else if (!isNothing(value))
      settings.push({ path: pathOf(spec, environment), value: valueOfWords(spec.name, value) });
  }
  return { settings, secrets };
}

/** Other commands of SAM read their Region where all do: `samcli/cli/cli_config_file.py`. */
function pathOf({ name }: OptionSpec<unknown>, environment: string): readonly string[] {
  const section = name === PACKAGE.region.name ? 'global' : 'package';
  return [environment, section, 'parameters', name.replaceAll('-', '_')];
}

function isNothing(value: unknown): value is undefined {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** In the forms in which SAM has them in a file: one text for one, or for metadata. */
function valueOfWords(name: string, value: unknown): ConfigValue {
  if (!Array.isArray(value)) return value as string | boolean;
  const words = value as readonly string[];
  const isPlain = words.every((word) => !/^(?:file:\/\/|\s*\{)/.test(word));
  if (name === PACKAGE.metadata.name && isPlain) return words.join(',');
  const [only = ''] = words;
  return words.length === 1 && [PACKAGE.metadata.name, PACKAGE.parameterOverrides.name].includes(name) ? only : words;
}

function hasPassword(value: string): boolean {
  return URL.canParse(value) && new URL(value).password !== '';
}

/** The words that give no NoEcho parameter its value; what a file holds stays there. */
async function withoutSecrets(
  name: string,
  words: readonly string[],
  options: PackageOptions,
  cwd: string,
): Promise<readonly string[]> {
  if (name !== PACKAGE.parameterOverrides.name) return words;
  const hidden = hiddenParameters(resolve(cwd, options.templateFile));
  const open: string[] = [];
  for (const word of words) {
    const names = word.startsWith('file://') ? [] : Object.keys(await parseOverrides(word, cwd));
    if (!names.some((one) => hidden.has(one))) open.push(word);
  }
  return open;
}

function hiddenParameters(templateFile: string): ReadonlySet<string> {
  const parameters = valueOf(parseTemplate(readFileSync(templateFile, 'utf8'), templateFile).root, 'Parameters');
  if (!isMap(parameters)) return new Set();
  return new Set(parameters.entries.filter(({ value }) => isNoEcho(value)).map(({ key }) => key));
}

type Table = Readonly<Record<string, unknown>>;

/** What the file says that goes with what is saved no longer, as this run settled it: the command line stands above the file. */
function displacedBy(settings: readonly Setting[], document: Table, environment: string): readonly Setting[] {
  const rivals = new Set(settings.flatMap(rivalsOf));
  return [...rivals].flatMap((rival): Setting[] => {
    const spec: OptionSpec<unknown> = PACKAGE[rival];
    const path = pathOf(spec, environment);
    const own = at(document, path);
    const isShared = isExcluding(rival, at(document, [environment, 'global', ...path.slice(2)]));
    if (own === undefined ? !isShared : !isExcluding(rival, own)) return [];
    // What is empty counts for nothing, here and with SAM, and still goes before the global section.
    return [{ path, value: isShared ? (spec.argument === undefined ? false : '') : TAKEN_OUT }];
  });
}

function rivalsOf(setting: Setting): readonly (keyof PackageFlags)[] {
  const keys = Object.keys(PACKAGE) as (keyof PackageFlags)[];
  const key = keys.find((one) => isSameKey(PACKAGE[one].name, keyOf(setting)));
  if (key === undefined || !isExcluding(key, setting.value)) return [];
  const rivals = PACKAGE_CONFLICTS.filter(({ options }) => options.includes(key)).flatMap(
    ({ options, with: one = key }) => (one === key ? options : [one]),
  );
  // Only a domain keeps references.
  if (key === 'references') rivals.push('s3Bucket', 'resolveS3');
  if (key === 's3Bucket' || key === 'resolveS3') rivals.push('references');
  return rivals.filter((rival) => rival !== key && PACKAGE[rival].inFile !== 'never');
}

function isExcluding(key: keyof PackageFlags, value: unknown): boolean {
  if (value === null || isNothing(value) || value === false || value === 'false') return false;
  return key !== 'references' || value !== 'none';
}

/** What the global section says already is not said again, unless the section of `package` says something else. */
function isSaidForAll(document: Table, { path, value }: Setting): boolean {
  const [environment = '', section = '', ...below] = path;
  const own = at(document, path);
  if (own !== undefined) return isDeepStrictEqual(own, value);
  if (section !== 'package' || isOfOwnSection(below)) return false;
  return isDeepStrictEqual(at(document, [environment, 'global', ...below]), value);
}

function isOfOwnSection(path: readonly string[]): boolean {
  const key = path.at(-1) ?? '';
  return Object.values(PACKAGE).some(({ name, inFile }) => inFile === 'own section' && isSameKey(name, key));
}

function at(document: Table, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, member) => (isTable(value) ? value[keyIn(value, member)] : undefined), document);
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As the table has it. */
function keyIn(table: Table, key: string): string {
  return Object.keys(table).find((one) => one === key) ?? Object.keys(table).find((one) => isSameKey(one, key)) ?? key;
}

async function edited(file: string, before: string, document: Table, changes: readonly Setting[]): Promise<string> {
  const mark = before.startsWith('\uFEFF') ? '\uFEFF' : '';
  const plain = before.slice(mark.length);
  const text = extname(file).toLowerCase() === '.toml' ? editToml(plain, changes) : await editYaml(plain, changes);
  const expected = changes.reduce(withSetting, { version: 0.1, ...document });
  if (!isDeepStrictEqual(plainly(await parsedAgain(file, text)), plainly(expected))) throw unwritable(file, changes);
  return mark + text;
}

async function parsedAgain(file: string, text: string): Promise<Table | undefined> {
  try {
    return await parseConfig(file, text);
  } catch (error) {
    if (error instanceof ArtifactError) return undefined;
    throw error;
  }
}

/** Without the prototypes that parsers give their tables. */
function plainly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainly);
  if (!isTable(value) || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plainly(one)]));
}

function withSetting(table: Table, { path: [first = '', ...below], value }: Setting): Table {
  const key = below.length === 0 ? keyIn(table, first) : first;
  if (below.length === 0 && value === TAKEN_OUT)
    return Object.fromEntries(Object.entries(table).filter(([one]) => !isSameKey(one, first)));
  const inside = table[key];
  return {
    ...table,
    [key]: below.length === 0 ? value : withSetting(isTable(inside) ? inside : {}, { path: below, value }),
  };
}

function unwritable(file: string, changes: readonly Setting[]): ArtifactError {
  const written = changes.flatMap(({ path, value }) =>
    value === TAKEN_OUT ? [] : [`${path.join('.')} = ${JSON.stringify(value)}`],
  );
  const takenOut = changes.filter(({ value }) => value === TAKEN_OUT).map(({ path }) => path.join('.'));
  const where = `'${resolve(dirname(file), basename(file))}'`;
  const advice = [
    ...(written.length === 0 ? [] : [`Write them by hand into ${where}: ${written.join(', ')}.`]),
    ...(takenOut.length === 0 ? [] : [`Take out of ${where} by hand what they exclude: ${takenOut.join(', ')}.`]),
  ];
  return new ArtifactError(
    'INVALID_CONFIGURATION',
    `'${basename(file)}' is laid out in a way in which the options of the command line can't be written into it`,
    { remedy: advice.join(' ') },
  );
}

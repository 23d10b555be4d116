import { ArtifactError } from '../../../repository/error.ts';
import { describeValue, readArgument, scalarText } from './given.ts';

/** What S3 keeps beside every uploaded object. */
export type Metadata = Readonly<Record<string, string>>;

/** A header name without its `x-amz-meta-`; S3 stores it in lower case. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const REMEDY = 'Metadata is written KEY=VALUE,KEY2=VALUE2, as JSON {"KEY": "VALUE"}, or as file://PATH to such JSON.';

/**
 * As `aws cloudformation package` and `sam package` take it: `k=v,k2=v2` with values perhaps quoted, or JSON, or file://PATH; several of
 * them one after the other, the later wins. From samconfig also a map.
 * @throws ArtifactError INVALID_ARGUMENT
 */
export function parseMetadata(given: unknown, folder: string): Metadata {
  const sources: unknown[] = Array.isArray(given) ? given : [given];
  const result = new Map<string, string>();
  for (const source of sources) {
    for (const [name, value] of entriesOf(source, folder)) result.set(checkedName(name), checkedValue(name, value));
  }
  return Object.fromEntries(result);
}

function entriesOf(source: unknown, folder: string): readonly (readonly [string, string])[] {
  if (typeof source === 'string') {
    const text = readArgument(source, folder);
    return text.trimStart().startsWith('{') ? entriesOf(parseJson(text), folder) : shorthandEntries(text.trim());
  }
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    throw invalid(`${describeValue(source)} is no metadata`);
  return Object.entries(source).map(([name, value]: [string, unknown]) => {
    const text = scalarText(value);
    if (text === undefined) throw invalid(`'${name}' can't have ${describeValue(value)} for its value`);
    return [name, text] as const;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`'${text}' is no JSON: ${(error as Error).message}`);
  }
}

/** One `key=value` with the comma behind it: in quotes of either kind, or up to a comma that has no backslash before it. */
const PAIR =
  /\s*(?<name>[^=,\s]+)=(?:"(?<double>(?:\\.|[^"\\])*)"|'(?<single>[^']*)'|(?<bare>(?:\\.|[^,\\])*))\s*(?:,|$)/suy;

function shorthandEntries(text: string): readonly (readonly [string, string])[] {
  const entries: (readonly [string, string])[] = [];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const from = PAIR.lastIndex;
    const pair = PAIR.exec(text)?.groups;
    if (pair === undefined) throw invalid(`'${text.slice(from)}' is not KEY=VALUE`);
    const value = pair['single'] ?? (pair['double'] ?? pair['bare'] ?? '').replaceAll(/\\(.)/gsu, '$1');
    entries.push([pair['name'] ?? '', value]);
  }
  return entries;
}

function checkedName(name: string): string {
  if (!NAME.test(name)) throw invalid(`'${name}' can't name metadata: S3 takes letters, digits, '-', '.' and '_'`);
  return name;
}

/** S3 sends it in a header: what is no visible ASCII would arrive as something else. */
function checkedValue(name: string, value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value)) throw invalid(`the value of '${name}' is not all visible ASCII`);
  return value;
}

function invalid(message: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, { remedy: REMEDY });
}

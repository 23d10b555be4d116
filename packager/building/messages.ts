import path from 'node:path';
import type { Location, Message } from 'esbuild';
import { ArtifactError } from '../../repository/error.ts';
import type { SourcePlace } from '../../repository/error.ts';
import { shownPath } from '../location.ts';
import type { Warning } from '../event.ts';
import { formatPosition } from '../template/place.ts';

/** Where messages come from, and who reads them. */
export interface Speaker {
  /** The folder that esbuild works in. Absolute. */
  readonly folder: string;
  readonly cwd: string;
}

/** What esbuild found wrong in a source. @param missing what to do where a package of that name is not there */
export function problemOf(message: Message, speaker: Speaker, missing: (name: string) => string): ArtifactError {
  const place = placeOf(message.location, speaker);
  const text = textOf(message, speaker);
  const remedy = remedyOf(message, missing);
  return new ArtifactError('BUILD_FAILED', place === undefined ? text : `${formatPosition(place)}: ${text}`, {
    ...(place !== undefined && { place }),
    ...(remedy !== undefined && { remedy }),
  });
}

function remedyOf({ text }: Message, missing: (name: string) => string): string | undefined {
  const name = /^Could not resolve "(?<name>[^".][^"]*)"/.exec(text)?.groups?.['name'];
  // https://nodejs.org/api/packages.html#subpath-imports
  if (name?.startsWith('#') === true) return `Say what '${name}' is under imports of the nearest package.json.`;
  if (name !== undefined && !path.isAbsolute(name)) return missing(name);
  if (text.startsWith('Cannot find tsconfig file ')) return 'Tsconfig names a file relative to the folder of the code.';
  if (!/^Top-level await /.test(text)) return undefined;
  return 'Set Format of BuildProperties to esm, with OutExtension .js=.mjs, and Target to what the Runtime knows: node22, for example.';
}

/** What esbuild wonders about. */
export function warningOf(message: Message, speaker: Speaker): Warning {
  const place = placeOf(message.location, speaker);
  return { code: 'esbuild', message: textOf(message, speaker), ...(place !== undefined && { place }) };
}

/** What esbuild says before it looks at any source: of its options, which it names as on its command line, or of itself. */
export function failureOf(error: unknown): ArtifactError {
  const text = error instanceof Error ? error.message : String(error);
  if (/"--|^Invalid /.test(text)) {
    return new ArtifactError('BUILD_FAILED', `esbuild does not take its BuildProperties: ${lowered(text)}`, {
      remedy: 'Correct them: https://esbuild.github.io/api/ says what each may be.',
      cause: error,
    });
  }
  return new ArtifactError('BUILD_FAILED', `esbuild does not run: ${lowered(text.split('\n')[0] ?? '')}`, {
    remedy: 'It has a program for each system, which comes as an optional dependency: install cfn-artifacts anew.',
    cause: error,
  });
}

/** As our messages are: lower case, no full stop, subjects in single quotes; then what esbuild adds, if that stands elsewhere. */
function textOf({ text, notes }: Message, speaker: Speaker): string {
  const places = notes.flatMap(({ location, text: note }) => {
    const place = placeOf(location, speaker);
    return place === undefined ? [] : [`${lowered(note)} (${formatPosition(place)})`];
  });
  return [lowered(text), ...places].join('; ');
}

function lowered(text: string): string {
  const quoted = text.replace(/\.$/, '').replaceAll(/"([^"]*)"/g, "'$1'");
  return /^[A-Z][a-z]/.test(quoted) ? quoted.charAt(0).toLowerCase() + quoted.slice(1) : quoted;
}

function placeOf(location: Location | null, { folder, cwd }: Speaker): SourcePlace | undefined {
  // Files have the namespace 'file' or none.
  if (location === null || !['', 'file'].includes(location.namespace)) return undefined;
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString();
  return { file: shownPath(cwd, path.resolve(folder, location.file)), line: location.line, column: before.length + 1 };
}

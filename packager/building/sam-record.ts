import { existsSync } from 'node:fs';
import path from 'node:path';
import { realPath } from '../location.ts';
import { readRegularText } from '../regular-file.ts';

/** What `sam build` noted down of a function or a layer that it built. */
export interface BuildNote {
  /** Of what it was built, absolute; on the machine where that was. */
  readonly source: string;
  /** The functions that were built from it at once, by full path, the first one first. */
  readonly together: readonly string[];
}

/** By the full path: logical IDs of the nested stacks around, and its own, joined by `/`. */
export type BuildRecord = ReadonlyMap<string, BuildNote>;

/**
 * `build.toml` beside a build folder, which `sam build` writes when it builds everything: `samcli/lib/build/build_graph.py`.
 * @param buildFolder `.aws-sam/build`, absolute
 * @returns undefined where there is none that can be read: a build is portable, and this file is not always brought along
 */
export async function readBuildRecord(buildFolder: string): Promise<BuildRecord | undefined> {
  const home = path.dirname(buildFolder);
  try {
    const { parse } = await import('smol-toml');
    const document = parse(readRegularText(path.join(home, 'build.toml')));
    return new Map([
      ...definitions(document['function_build_definitions']).flatMap((one) =>
        notesOf(one, textsIn(one['functions']), home),
      ),
      ...definitions(document['layer_build_definitions']).flatMap((one) => notesOf(one, textsIn([one['layer']]), home)),
    ]);
  } catch {
    return undefined;
  }
}

/** Whether a note is of these sources, as far as that can be told here: those of another machine may stand anywhere. */
export function isOf({ source }: BuildNote, folder: string): 'yes' | 'no' | 'perhaps' {
  if (realPath(source) === realPath(folder)) return 'yes';
  return existsSync(source) ? 'no' : 'perhaps';
}

type Table = Readonly<Record<string, unknown>>;

function definitions(value: unknown): readonly Table[] {
  return isTable(value) ? Object.values(value).filter(isTable) : [];
}

/** What is relative is so to the folder around `.aws-sam`, where `sam build` runs. */
function notesOf(
  { codeuri }: Table,
  together: readonly string[],
  home: string,
): readonly (readonly [string, BuildNote])[] {
  if (typeof codeuri !== 'string') return [];
  const source = path.resolve(path.dirname(home), codeuri);
  return together.map((fullPath) => [fullPath, { source, together }]);
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

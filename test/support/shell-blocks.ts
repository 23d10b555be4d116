import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundled } from './child-script.ts';
import { temporaryFolder } from './temporary.ts';

/** A fenced block of a page. */
export interface ShellBlock {
  /** What stands behind the fence, as `sh`, or `sh no-test`. */
  readonly info: string;
  readonly text: string;
  /** Of the fence, from 1. */
  readonly line: number;
  /** The heading that it stands below, without its signs. */
  readonly heading: string;
}

/** Blocks of a page whose info string begins with a word, in its order: `sh` for what a reader types, `yaml` for what a file says. */
export function blocksOf(page: string, language = 'sh'): readonly ShellBlock[] {
  const blocks: ShellBlock[] = [];
  let heading = '';
  let open: { readonly info: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [index, line] of readFileSync(page, 'utf8').split('\n').entries()) {
    if (open === undefined) {
      const info = /^```(\S.*)$/.exec(line)?.[1];
      heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
      if (info !== undefined) open = { info, line: index + 1, lines: [] };
    } else if (line === '```') {
      const { info, lines } = open;
      if (info.split(' ')[0] === language) {
        blocks.push({ info, text: lines.map((one) => `${one}\n`).join(''), line: open.line, heading });
      }
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block has no end`);
  return blocks;
}

export interface Ran {
  readonly status: number | null;
  /** Both streams in the order in which they were written. */
  readonly screen: string;
}

export interface ShellOptions {
  readonly cwd: string;
  /** Beside PATH; of this process's own variables there are none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Programs that stand in for what a page's reader has: name → text of a script. */
  readonly programs?: Readonly<Record<string, string>>;
}

/**
 * Runs a block as its reader would: in bash, which stops at the first line that fails, with `cfn-artifacts` on PATH as a process of its own, made of the sources
 * as they are. What it says of a failure it says on the screen.
 */
export async function runBlock({ text }: Pick<ShellBlock, 'text'>, options: ShellOptions): Promise<Ran> {
  const folder = await programsFolder(options.programs ?? {});
  const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', `exec 2>&1\n${text}`], {
    cwd: options.cwd,
    env: { ...options.env, PATH: `${folder}${path.delimiter}${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (screen += piece));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve({ status, screen });
    });
  });
}

/** A folder for PATH with `cfn-artifacts` in it, and whatever else is given. */
export async function programsFolder(others: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'bin');
  mkdirSync(folder);
  const program = await bundled(path.join(import.meta.dirname, '../../packager/main.ts'));
  const own = { 'cfn-artifacts': `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n` };
  for (const [name, text] of Object.entries({ ...own, ...others })) {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  }
  return folder;
}

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What stands at a path of a test's folder: a file, or where a link leads. */
export type Planted =
  string | Uint8Array | { readonly content: string | Uint8Array; readonly mode: number } | { readonly link: string };

/** A temporary folder of one test. Its path has no links in it. */
export class Folder {
  readonly path: string = mkdtempSync(path.join(realpathSync.native(os.tmpdir()), 'cfn-artifacts-archive-'));

  at(...names: readonly string[]): string {
    return path.join(this.path, ...names);
  }

  /** Writes these, in their order; a name that ends in `/` is an empty folder. Returns the folder `name`. */
  plant(name: string, tree: Readonly<Record<string, Planted>>): string {
    mkdirSync(this.at(name), { recursive: true });
    for (const [below, planted] of Object.entries(tree)) {
      const file = this.at(name, below);
      mkdirSync(below.endsWith('/') ? file : path.dirname(file), { recursive: true });
      if (!below.endsWith('/')) put(file, planted);
    }
    return this.at(name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function put(file: string, planted: Planted): void {
  if (typeof planted === 'string' || planted instanceof Uint8Array) {
    writeFileSync(file, planted, { mode: 0o644 });
  } else if ('link' in planted) {
    symlinkSync(planted.link, file);
  } else {
    writeFileSync(file, planted.content);
    chmodSync(file, planted.mode);
  }
}

/** The same bytes for the same seed, always and everywhere: a xorshift generator. No deflate makes them smaller. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed * 0x9e3779b1 + 1) | 0;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 11;
  }
  return bytes;
}

/** Lines of a log, the same for the same seed; a third of their size when deflated. */
export function logLines(length: number, seed: number): Buffer {
  const random = noise(Math.ceil(length / 16) + 16, seed);
  const lines: string[] = [];
  let bytes = 0;
  for (let i = 0; bytes < length; i++) {
    const line = `2026-11-21T05:14:${i % 60}Z request ${random.toString('hex', i % 1000, (i % 1000) + 6)} took ${random[i % random.length] ?? 0} ms\n`;
    lines.push(line);
    bytes += line.length;
  }
  return Buffer.from(lines.join('')).subarray(0, length);
}

import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** What V8 made of a piece of the program, and what it is true of. */
interface Entry {
  /** Where it stands behind the header. Bytes. */
  readonly offset: number;
  readonly length: number;
  /** V8 itself doesn't look whether it is damaged. */
  readonly crc32: number;
  /** Of the piece's text. */
  readonly source: number;
  /** After a run of which it was taken: it holds the functions that they called. */
  readonly commands: readonly string[];
}

const NAME = /^compiled-v.+\.bin(?:\.\d+)?$/;

/**
 * Whether a file is what runs left beside the program, finished or not: each version of Node makes another one, and so may each run.
 * @param names all in the folder
 */
export function isCompiled(name: string, names: readonly string[]): boolean {
  return NAME.test(name) && names.includes('cfn-artifacts.cjs') && names.includes('pieces.bin');
}

/**
 * The compiled pieces of the program, kept in one file beside them: whoever may write there may change the program as well. Without it, or where it can't be
 * believed or written, everything is compiled anew.
 */
export class Compiled {
  readonly #file: string;
  readonly #command: string;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #bytes: Buffer;
  readonly #scripts = new Map<string, { readonly script: Script; readonly source: number }>();

  /** @param command of this run: another one calls other functions */
  constructor(folder: string, command: string) {
    // What another set of flags made, V8 refuses; to ask it beforehand takes as long as loading several pieces.
    const tag = `${process.version}-${process.arch}`;
    this.#file = path.join(folder, `compiled-${tag}.bin`);
    this.#command = command;
    ({ entries: this.#entries, bytes: this.#bytes } = read(this.#file));
  }

  /** @returns undefined where nothing is known of just this text */
  of(piece: string, text: Buffer): Buffer | undefined {
    const entry = this.#entries.get(piece);
    if (entry?.source !== crc32(text)) return undefined;
    const bytes = this.#bytes.subarray(entry.offset, entry.offset + entry.length);
    return crc32(bytes) === entry.crc32 ? bytes : undefined;
  }

  add(piece: string, text: Buffer, script: Script): void {
    this.#scripts.set(piece, { script, source: crc32(text) });
  }

  /** Called in the end of a run, when everything that it calls is compiled. */
  keep(): void {
    const fresh = [...this.#scripts].filter(([piece, { script, source }]) => {
      const known = this.#entries.get(piece);
      return script.cachedDataRejected !== false || known?.source !== source || !known.commands.includes(this.#command);
    });
    if (fresh.length === 0) return;
    const parts: Buffer[] = [];
    const entries: Record<string, Entry> = {};
    let offset = 0;
    const put = (piece: string, bytes: Buffer, source: number, commands: readonly string[]): void => {
      entries[piece] = { offset, length: bytes.byteLength, crc32: crc32(bytes), source, commands };
      parts.push(bytes);
      offset += bytes.byteLength;
    };
    const names = new Set(fresh.map(([piece]) => piece));
    for (const [piece, { offset: start, length, source, commands }] of this.#entries) {
      if (!names.has(piece)) put(piece, this.#bytes.subarray(start, start + length), source, commands);
    }
    for (const [piece, { script, source }] of fresh) {
      const known = this.#entries.get(piece);
      const commands = known?.source === source ? known.commands : [];
      put(piece, script.createCachedData(), source, [...new Set([...commands, this.#command])]);
    }
    write(this.#file, [header(entries), ...parts]);
  }
}

function header(entries: Readonly<Record<string, Entry>>): Buffer {
  const text = Buffer.from(JSON.stringify(entries));
  const length = Buffer.alloc(8);
  length.writeUInt32BE(text.byteLength);
  length.writeUInt32BE(crc32(text), 4);
  return Buffer.concat([length, text]);
}

function read(file: string): { readonly entries: ReadonlyMap<string, Entry>; readonly bytes: Buffer } {
  try {
    const whole = readFileSync(file);
    const text = whole.subarray(8, 8 + whole.readUInt32BE(0));
    if (crc32(text) !== whole.readUInt32BE(4)) throw new Error('damaged');
    const entries = JSON.parse(text.toString()) as Readonly<Record<string, Entry>>;
    return { entries: new Map(Object.entries(entries)), bytes: whole.subarray(8 + text.byteLength) };
  } catch {
    return { entries: new Map(), bytes: Buffer.alloc(0) };
  }
}

/** Whole or not at all: others may be reading it, or writing one of their own. */
function write(file: string, parts: readonly Buffer[]): void {
  const draft = `${file}.${String(process.pid)}`;
  try {
    const descriptor = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
    try {
      const whole = Buffer.concat(parts);
      for (let done = 0; done < whole.byteLength;) done += writeSync(descriptor, whole, done);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch {
    // Installed where this user may not write: each run compiles for itself.
    rmSync(draft, { force: true });
  }
}

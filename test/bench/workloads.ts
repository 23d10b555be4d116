import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A project made from a seed: the same files on every machine. */
export interface Workload {
  readonly name: string;
  readonly what: string;
  /** Writes `template.yaml` and what it names. */
  readonly make: (folder: string) => Project;
}

export interface Project {
  readonly files: readonly string[];
  readonly bytes: number;
}

const SEED = 0x5eedcfa1;

/** Small, fast and the same everywhere; nothing hangs on its quality. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS =
  'const let return await async function export import from new this if else for of throw error value key item list map set get put handler event context'.split(
    ' ',
  );

/** Text that compresses about as well as source code does. */
function sourceText(random: () => number, size: number): string {
  const pieces: string[] = [];
  for (let length = 0; length < size;) {
    const word =
      random() < 0.8
        ? (WORDS[Math.floor(random() * WORDS.length)] ?? '')
        : `name${Math.floor(random() * 1e6).toString(36)}`;
    const piece = `${word}${random() < 0.15 ? ';\n  ' : ' '}`;
    pieces.push(piece);
    length += piece.length;
  }
  return pieces.join('').slice(0, size);
}

class Maker {
  readonly files: string[] = [];
  bytes = 0;
  readonly #root: string;
  readonly #folders = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  write(name: string, content: string | Uint8Array): void {
    const file = path.join(this.#root, name);
    const folder = path.dirname(file);
    if (!this.#folders.has(folder)) mkdirSync(folder, { recursive: true });
    this.#folders.add(folder);
    writeFileSync(file, content);
    this.files.push(file);
    this.bytes += Buffer.byteLength(content);
  }

  sources(folder: string, count: number, least: number, most: number, random: () => number): void {
    for (let index = 0; index < count; index++) {
      this.write(
        `${folder}/dir${index % 10}/file${index}.js`,
        sourceText(random, Math.floor(least + random() * (most - least))),
      );
    }
  }

  template(codeUris: readonly string[]): void {
    const resources = codeUris.map(
      (code, index) =>
        `  Function${index}:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: ${code}\n      Handler: index.handler\n      Runtime: nodejs22.x\n      Role: !Sub arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/r\n`,
    );
    this.write('template.yaml', `AWSTemplateFormatVersion: "2010-09-09"\nResources:\n${resources.join('')}`);
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

export function workloads(scale: 'quick' | 'full'): readonly Workload[] {
  const big = scale === 'full' ? 64 : 8;
  const modules = scale === 'full' ? 4000 : 800;
  return [
    {
      name: 'app',
      what: '20 functions of 50 files',
      make: (folder) => {
        const maker = new Maker(folder);
        for (const index of range(20)) maker.sources(`fn${index}`, 50, 1024, 8192, mulberry32(SEED + index));
        maker.template(range(20).map((index) => `fn${index}`));
        return maker;
      },
    },
    {
      name: 'modules',
      what: `10 functions, ${modules} files of dependencies each, every set in two functions`,
      make: (folder) => {
        const maker = new Maker(folder);
        for (const index of range(10)) {
          maker.sources(`fn${index}/node_modules`, modules, 100, 12_000, mulberry32(SEED + 1000 + (index % 5)));
          maker.sources(`fn${index}/src`, 20, 1024, 8192, mulberry32(SEED + index));
        }
        maker.template(range(10).map((index) => `fn${index}`));
        return maker;
      },
    },
    {
      name: 'mono',
      what: '200 functions on one folder of 400 files',
      make: (folder) => {
        const maker = new Maker(folder);
        maker.sources('src', 400, 1024, 16_384, mulberry32(SEED));
        maker.template(range(200).map(() => 'src'));
        return maker;
      },
    },
    {
      name: 'large',
      what: `${big * 32} MiB that don't compress, ${big * 8} MiB that do`,
      make: (folder) => {
        const maker = new Maker(folder);
        const random = mulberry32(SEED);
        for (const index of range(big)) {
          const noise = new Uint32Array(8 * 1024 * 1024);
          for (let at = 0; at < noise.length; at++) noise[at] = random() * 2 ** 32;
          maker.write(`big/part${index}.bin`, new Uint8Array(noise.buffer));
        }
        const log = sourceText(random, 1024 * 1024);
        for (const index of range(big)) maker.write(`text/log${index}.txt`, `${index}${log}`.repeat(8));
        maker.template(['big', 'text']);
        return maker;
      },
    },
  ];
}

/** New times, same bytes: what a fresh checkout looks like. */
export function touch({ files }: Project): void {
  const now = new Date();
  for (const file of files) utimesSync(file, now, now);
}

import { createCipheriv } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { dependencySets } from './dependencies.ts';
import { mulberry32, SEED, sourceText } from './seeded.ts';

export type WorkloadName = 'W1' | 'W2' | 'W3' | 'W4';

/** A project made from a seed: the same files on every machine, apart from what a registry has since changed. */
export interface Workload {
  readonly name: WorkloadName;
  readonly what: string;
  /** Artifacts that differ. */
  readonly artifacts: number;
  /** In the project: what is changed where one file changes. */
  readonly changes: string;
  /** Whether it is as large as the goals mean it. */
  readonly full: boolean;
  /** The most that making it takes of the disk, fresh clone included. Bytes. */
  readonly space: number;
  /** Writes `template.yaml` and what it names into an empty folder. @returns what is to be told of it, if anything */
  readonly make: (folder: string) => string | undefined;
}

const MIB = 1024 * 1024;
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** @param quick smaller where the whole takes minutes */
export function workloads(quick: boolean): readonly Workload[] {
  return [app(), modules(quick), large(quick), mono()];
}

function app(): Workload {
  return {
    ...{ name: 'W1', what: '20 small functions', artifacts: 20, changes: 'fn0/dir0/file0.js', full: true },
    space: 20e6,
    make: (folder) => {
      for (const index of range(20)) sources(path.join(folder, `fn${index}`), 50, 1024, 8192, SEED + index);
      template(
        folder,
        range(20).map((index) => `fn${index}`),
      );
      return undefined;
    },
  };
}

function modules(quick: boolean): Workload {
  return {
    ...{ name: 'W2', what: '10 functions with node_modules', artifacts: 10, changes: 'fn0/src/dir0/file0.js' },
    full: !quick,
    space: quick ? 300e6 : 2.5e9,
    make: (folder) => {
      const sets = dependencySets(path.join(folder, '.sets'), quick);
      for (const index of range(10)) {
        sources(path.join(folder, `fn${index}/src`), 20, 1024, 8192, SEED + index);
        sets.copyTo(path.join(folder, `fn${index}`), index % sets.count);
      }
      sets.remove();
      template(
        folder,
        range(10).map((index) => `fn${index}`),
      );
      return sets.told;
    },
  };
}

function large(quick: boolean): Workload {
  const [files, text] = quick ? [8, 16e6] : [64, 125e6];
  return {
    ...{ name: 'W3', what: 'large files', artifacts: 2, changes: 'text/log0.txt', full: !quick },
    space: files * 32 * MIB + 4 * text + 100e6,
    make: (folder) => {
      for (const index of range(files)) writeNoise(path.join(folder, `big/part${index}.bin`), index);
      for (const index of range(4)) writeLog(path.join(folder, `text/log${index}.txt`), text, SEED + index);
      template(folder, ['big', 'text']);
      return undefined;
    },
  };
}

function mono(): Workload {
  return {
    ...{ name: 'W4', what: '200 functions on one folder', artifacts: 1, changes: 'src/dir0/file0.js', full: true },
    space: 20e6,
    make: (folder) => {
      sources(path.join(folder, 'src'), 400, 1024, 16_384, SEED);
      template(
        folder,
        range(200).map(() => 'src'),
      );
      return undefined;
    },
  };
}

/** Sizes in bytes. */
function sources(folder: string, count: number, least: number, most: number, seed: number): void {
  const random = mulberry32(seed);
  for (const index of range(10)) mkdirSync(path.join(folder, `dir${index}`), { recursive: true });
  for (const index of range(count)) {
    const size = Math.floor(least + random() * (most - least));
    writeFileSync(path.join(folder, `dir${index % 10}/file${index}.js`), sourceText(random, size));
  }
}

/** 32 MiB that nothing compresses: AES in counter mode. */
function writeNoise(file: string, index: number): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const key = Buffer.alloc(16);
  key.writeUInt32BE(SEED);
  const counter = Buffer.alloc(16);
  counter.writeUInt32BE(index);
  writeFileSync(file, createCipheriv('aes-128-ctr', key, counter).update(Buffer.alloc(32 * MIB)));
}

const LEVELS = ['INFO', 'INFO', 'INFO', 'DEBUG', 'WARN', 'ERROR'];

/** Lines of a structured log, which deflate makes four times smaller. `size` in bytes. */
function writeLog(file: string, size: number, seed: number): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const random = mulberry32(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const hex = (): string =>
    below(2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const descriptor = openSync(file, 'w');
  let time = Date.UTC(2026, 0, 1);
  for (let left = size; left > 0;) {
    const lines = range(2000).map(() => {
      time += below(200);
      const when = `"timestamp":"${new Date(time).toISOString()}","level":"${LEVELS[below(LEVELS.length)] ?? ''}"`;
      const ids = `"requestId":"${hex()}-${hex()}-${hex()}-${hex()}","trace":"1-${hex()}-${hex()}"`;
      const what = `"message":"GET /orders/${below(100_000)}","status":${200 + below(3) * 100},"duration":${below(900)}`;
      return `{${when},${ids},${what}}\n`;
    });
    left -= writeSync(descriptor, Buffer.from(lines.join('')).subarray(0, left));
  }
  closeSync(descriptor);
}

function template(folder: string, codeUris: readonly string[]): void {
  const resources = codeUris.map(
    (code, index) =>
      `  Function${index}:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: ${code}\n      Handler: index.handler\n      Runtime: nodejs22.x\n      Role: !Sub arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/r\n`,
  );
  const text = `AWSTemplateFormatVersion: "2010-09-09"\nResources:\n${resources.join('')}`;
  writeFileSync(path.join(folder, 'template.yaml'), text);
}

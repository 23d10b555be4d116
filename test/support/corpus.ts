import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe } from '@jest/globals';
import { whySkipped } from './where.ts';

/**
 * Templates with the files that they name, and what `aws cloudformation package` made of each. They lie beside the project; their README says what every member
 * means.
 */
const SHARED = path.resolve(import.meta.dirname, '../../../shared');
const CORPUS = path.join(SHARED, 'corpus');
const TEMPLATES = path.join(SHARED, 'templates');

export interface CorpusCase {
  readonly name: string;
  /** Path of the template below the input folder, which is the working directory. */
  readonly template: string;
  readonly expect: 'match' | 'lenient' | 'limit';
  readonly exit_code: number;
  readonly symlinks: number;
  /** What aws-cli rewrote in it: how often each kind, and the resource types; and how the templates are written. */
  readonly kinds?: Readonly<Record<string, number>>;
  readonly types?: readonly string[];
  readonly format?: readonly string[];
  /** Places that aws-cli leaves alone and that may be packaged. */
  readonly extra_allowed?: number;
  readonly mkdirs?: readonly string[];
}

export interface ExpectedRewrite {
  readonly pointer: string;
  /** `null`: the property was missing or empty. */
  readonly value: string | null;
  readonly type: string;
  readonly form: 'uri' | 'https-url' | 'object';
  readonly fields?: readonly string[];
  readonly kind: 'zip-dir' | 'zip-dir-null' | 'zip-file' | 'zip-asis' | 'file' | 'template' | 'uri-to-object';
  /** Path → SHA-256. */
  readonly files: Readonly<Record<string, string>>;
  readonly executable?: readonly string[];
  readonly zip_entries?: Readonly<Record<string, string>>;
  readonly nested?: ExpectedTemplate & { readonly path: string };
  readonly quirk?: string;
}

interface AllowedRewrite {
  readonly pointer: string;
  readonly value: string;
  readonly type: string;
  readonly path: string;
  readonly kind: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface ExpectedTemplate {
  readonly rewrites: readonly ExpectedRewrite[];
  readonly extra_allowed?: readonly AllowedRewrite[];
  readonly output_template: string | null;
}

export interface Expected extends ExpectedTemplate {
  readonly exit_code: number;
  readonly expect: CorpusCase['expect'];
  readonly stderr: string;
  readonly notes: readonly string[];
}

/** For the end of a title. */
export const whyNoCorpus: string = whySkipped(existsSync(CORPUS), 'there is no shared corpus');
export const whyNoTemplates: string = whySkipped(existsSync(TEMPLATES), 'there are no shared templates');

/** Skipped, and counted as skipped, where the corpus is missing. */
export const describeWithCorpus: typeof describe | typeof describe.skip = existsSync(CORPUS) ? describe : describe.skip;
/** The same for the templates that name nothing local. */
export const describeWithTemplates: typeof describe | typeof describe.skip = existsSync(TEMPLATES)
  ? describe
  : describe.skip;

/** One at least, so that a table of tests is never empty where it is skipped. */
export function corpusCases(): readonly CorpusCase[] {
  const index = path.join(CORPUS, 'index.json');
  if (!existsSync(index)) {
    return [{ name: 'the corpus is missing', template: '', expect: 'match', exit_code: 0, symlinks: 0 }];
  }
  return (JSON.parse(readFileSync(index, 'utf8')) as { cases: CorpusCase[] }).cases;
}

export function expectedOf({ name }: CorpusCase): Expected {
  return JSON.parse(readFileSync(path.join(CORPUS, name, 'expected.json'), 'utf8')) as Expected;
}

/** The input as it lies in the corpus, to be read and not written; links in it may be missing. */
export function inputOf({ name }: CorpusCase): string {
  return path.join(CORPUS, name, 'input');
}

/** A copy of the input below `folder`, to be worked in: with its links and empty directories. */
export function copyInput(one: CorpusCase, folder: string): string {
  const copy = path.join(folder, 'input');
  cpSync(inputOf(one), copy, { recursive: true, verbatimSymlinks: true });
  for (const directory of one.mkdirs ?? []) mkdirSync(path.join(copy, directory), { recursive: true });
  if (one.symlinks > 0) restoreLinks(copy);
  leaveUnbuilt(copy);
  return copy;
}

/** aws-cli builds nothing, and what stands for sources in the corpus is no TypeScript: so functions that we would bundle are said to be built. */
function leaveUnbuilt(folder: string): void {
  for (const below of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.ya?ml$/.test(below)) continue;
    const file = path.join(folder, below);
    if (!lstatSync(file).isFile()) continue;
    const text = readFileSync(file, 'latin1');
    const built = text.replaceAll(/^( +)BuildMethod: esbuild\b.*$/gm, '$&\n$1SkipBuild: true');
    if (built !== text) writeFileSync(file, built, 'latin1');
  }
}

/** A checkout without symbolic links holds the target of each as the text of a file. */
function restoreLinks(folder: string): void {
  for (const below of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = path.join(folder, below);
    const stats = lstatSync(file);
    if (!stats.isFile() || stats.size === 0 || stats.size > 200) continue;
    const target = readFileSync(file, 'utf8');
    if (/[\n\0]/.test(target) || !existsSync(path.resolve(path.dirname(file), target))) continue;
    rmSync(file);
    symlinkSync(target, file);
  }
}

interface SingleTemplate {
  readonly name: string;
  readonly sha256: string;
  readonly flags: readonly string[];
  readonly aws_cli: 'unchanged' | 'fails';
}

export function singleTemplates(): readonly SingleTemplate[] {
  const index = path.join(TEMPLATES, 'index.json');
  if (!existsSync(index)) return [{ name: 'the templates are missing', sha256: '', flags: [], aws_cli: 'unchanged' }];
  return (JSON.parse(readFileSync(index, 'utf8')) as { templates: SingleTemplate[] }).templates;
}

export function singleTemplateFile({ name }: SingleTemplate): string {
  return path.join(TEMPLATES, name);
}

/** A data file beside the corpus; `undefined` where it is missing. */
export function sharedFile(name: string): string | undefined {
  const file = path.join(SHARED, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { at } from '../../support/json-pointer.ts';
import type { Outcome, TestProject } from '../../support/project.ts';

/** Unpacks as another program than ours would. */
const UNZIP = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])';

/** Finds a module as Lambda's runtime does, calls it, and tells what it answered. */
const CALL = `
const { existsSync } = await import('node:fs');
const { pathToFileURL } = await import('node:url');
const [, handler, event] = process.argv;
const [, module, name] = /^(.*\\/[^./]+|[^./]+)\\.(.+)$/.exec(handler);
const file = ['.js', '.mjs', '.cjs'].map((suffix) => process.cwd() + '/' + module + suffix).find(existsSync);
if (file === undefined) throw new Error('no module ' + module);
const loaded = await import(pathToFileURL(file));
const call = loaded[name] ?? loaded.default[name];
console.log(JSON.stringify({ answer: await call(JSON.parse(event)) }));
`;

/** What Lambda would have of a function: its files, its Handler, its environment. */
export class Deployed {
  readonly folder: string;
  readonly #properties: unknown;

  /** @param id of the function in the packaged template */
  constructor(project: TestProject, { data }: Pick<Outcome, 'data'>, id: string) {
    this.#properties = at(data, `/Resources/${id}/Properties`);
    const code = at(this.#properties, '/CodeUri') ?? at(this.#properties, '/Code');
    const key = at(code, '/Key') ?? at(code, '/S3Key');
    if (typeof key !== 'string') throw new Error(`'${id}' has no code: ${JSON.stringify(code)}`);
    this.folder = mkdtempSync(path.join(project.folder, '..', 'deployed-'));
    const blob = path.join(project.folder, '../domain', path.dirname(key));
    const [name = ''] = readdirSync(blob);
    const { status, stderr } = spawnSync('python3', ['-c', UNZIP, path.join(blob, name), this.folder], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  }

  get files(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(this.folder, path.join(entry.parentPath, entry.name)))
      .sort();
  }

  get handler(): string {
    return String(at(this.#properties, '/Handler'));
  }

  get nodeOptions(): unknown {
    return at(this.#properties, '/Environment/Variables/NODE_OPTIONS');
  }

  /** @returns the answer, or what was written to stderr */
  call(event: unknown = {}, handler: string = this.handler): unknown {
    const options = typeof this.nodeOptions === 'string' ? { NODE_OPTIONS: this.nodeOptions } : {};
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', CALL, handler, JSON.stringify(event)],
      { cwd: this.folder, encoding: 'utf8', env: { PATH: process.env['PATH'], ...options } },
    );
    return status === 0 ? (JSON.parse(stdout) as { readonly answer: unknown }).answer : stderr;
  }
}

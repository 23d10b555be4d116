import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../../packager/cli/program.ts';
import type { Terminal } from '../../packager/cli/terminal.ts';
import { readIndependently } from '../packager/template/independent.ts';
import { recordedTerminal } from './terminal.ts';
import { temporaryFolder } from './temporary.ts';

export type Files = Readonly<Record<string, string>>;

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The packaged template, as text and parsed by another reader than ours. */
  readonly text: string;
  readonly data: unknown;
}

/** A folder with a template and what it names, and a domain beside it, to package from as a person would. */
export class TestProject {
  readonly folder: string;
  /** What commands see of the environment. */
  env: Terminal['env'] = {};

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async of(files: Files): Promise<TestProject> {
    const project = new TestProject(path.join(await temporaryFolder(), 'shop'));
    mkdirSync(project.folder);
    project.write(files);
    return project;
  }

  /** A name that ends in `*` is made executable. */
  write(files: Files): void {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name.replace(/\*$/, ''));
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      if (name.endsWith('*')) chmodSync(file, 0o755);
    }
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  exists(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** `package` with a domain in `../domain`, and whatever else is given. */
  package(...flags: string[]): Promise<Outcome> {
    return this.run('package', '--domain', 'file:../domain', '--project-root', '.', ...flags);
  }

  async run(...argv: string[]): Promise<Outcome> {
    const terminal = recordedTerminal({ cwd: this.folder, env: this.env });
    const exitCode = await run(argv, terminal);
    const text = terminal.stdout.text;
    return { exitCode, stdout: text, stderr: terminal.stderr.text, text, data: readIndependently(text)?.data };
  }

  /** Everything below a folder of the domain, without the slots' numbers. */
  stored(below: string): string[] {
    const folder = path.join(this.folder, '../domain', below);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replace(/@\d+(?=\.|$)/, ''))
      .sort();
  }

  /** The content that stands under a key of the domain. */
  content(key: string): string {
    const file = path.join(this.folder, '../domain', key);
    const folder = path.dirname(file);
    const [found = ''] = readdirSync(folder);
    return readFileSync(path.join(folder, found), 'utf8');
  }
}

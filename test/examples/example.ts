import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../../packager/cli/program.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { temporaryFolder } from '../support/temporary.ts';
import type { Account } from './account.ts';

export const EXAMPLES: string = path.resolve(import.meta.dirname, '../../templates/examples');

/** What a command came to. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** As `references --json` tells it. */
export interface Use {
  readonly arn: string;
  readonly version: number;
  readonly digest: string;
  readonly key: string;
  readonly since: string;
  readonly stack?: string;
  readonly stackId?: string;
  readonly logicalId?: string;
  readonly account?: string;
  readonly region?: string;
  readonly consumer?: string;
}

/** A copy of an example, whose author has an account: everything goes through the command line. */
export class ExampleProject {
  readonly folder: string;
  readonly #account: Account;

  private constructor(folder: string, account: Account) {
    this.folder = folder;
    this.#account = account;
  }

  static async of(name: string, account: Account): Promise<ExampleProject> {
    const folder = path.join(await temporaryFolder(), name);
    cpSync(path.join(EXAMPLES, name), folder, { recursive: true });
    return new ExampleProject(folder, account);
  }

  read(file: string): string {
    return readFileSync(path.join(this.folder, file), 'utf8');
  }

  append(file: string, text: string): void {
    appendFileSync(path.join(this.folder, file), text);
  }

  /** Packages as the publisher may. @returns the packaged template, and what was said */
  async package(...flags: string[]): Promise<Ran & { readonly template: string }> {
    const ran = await this.run('package', '--output-template-file', 'packaged.yaml', ...flags);
    if (ran.exitCode !== 0) throw new Error(ran.stderr);
    return { ...ran, template: this.read('packaged.yaml') };
  }

  async run(...argv: string[]): Promise<Ran> {
    const { publisher, reader } = this.#account;
    const env = argv[0] === 'package' || argv[0] === 'publish' ? publisher : reader;
    const terminal = recordedTerminal({ cwd: this.folder, env });
    const exitCode = await run(argv, terminal);
    return { exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  /** `references … --json`: an artifact's ID, or `--stack` with a name. */
  async references(...asked: string[]): Promise<readonly Use[]> {
    const { exitCode, stdout, stderr } = await this.run('references', ...asked, '--json');
    if (exitCode !== 0 || stderr !== '') throw new Error(`${stderr}${stdout}`);
    return (JSON.parse(stdout) as { uses: readonly Use[] }).uses;
  }

  /** `ID:version` of what `references --unused` shows. */
  async unused(): Promise<readonly string[]> {
    const { stdout } = await this.run('references', '--unused', '--json');
    const { versions } = JSON.parse(stdout) as { versions: readonly { id: string; version: number }[] };
    return versions.map(({ id, version }) => `${id}:${String(version)}`);
  }
}

import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@jest/globals';
import type { TestAccount } from '../packager/bootstrap/account.ts';

/** A session at a terminal, as pages show it: what is typed behind `$ `, and below it what appears. */

/** What may be typed, and what comes of it. */
export interface Command {
  readonly matches: RegExp;
  /** What appears on the screen. */
  readonly carryOut: (words: Readonly<Record<string, string>>) => Promise<string>;
}

/** Each command of a session with what appears. */
export function stepsIn(session: string): readonly string[] {
  return session.split(/^\$ /m).slice(1);
}

/** What is typed in a step. */
export function commandOf(step: string): string {
  return step.split('\n')[0] ?? '';
}

/** @throws Error where none of the commands is meant */
export function carriedOut(line: string, commands: readonly Command[]): Promise<string> {
  for (const { matches, carryOut } of commands) {
    const match = matches.exec(line);
    if (match !== null) return carryOut(match.groups ?? {});
  }
  throw new Error(`the session has a command that this test does not know: ${line}`);
}

/** As much of a shell and of the AWS CLI as every session needs. @param where asked for each command */
export function usualCommands(
  where: () => { readonly account: TestAccount; readonly folder: string },
): readonly Command[] {
  return [
    {
      matches: /^echo '(?<text>[^']*)' >> (?<file>\S+)$/,
      carryOut: async ({ text = '', file = '' }) => {
        appendFileSync(path.join(where().folder, file), `${text}\n`);
        return '';
      },
    },
    {
      matches: /^aws cloudformation delete-stack --stack-name (?<name>\S+)$/,
      carryOut: async ({ name = '' }) => {
        expect((await where().account.engine.deleteStack(name)).status).toBe('DELETE_COMPLETE');
        return '';
      },
    },
  ];
}

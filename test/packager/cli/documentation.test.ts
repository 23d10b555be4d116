import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { COMMANDS } from '../../../packager/cli/commands.ts';
import { EXIT, EXIT_CODES } from '../../../packager/cli/exit-codes.ts';
import { PACKAGE } from '../../../packager/cli/options.ts';

const page = readFileSync('docs/command-line.md', 'utf8');

describe('docs/command-line.md', () => {
  test('names every command', () => {
    for (const { name } of COMMANDS) expect(page).toMatch(new RegExp(`^\\| \`${name}\\b`, 'm'));
  });

  test('has the exit status of every error', () => {
    for (const [code, status] of [...Object.entries(EXIT_CODES), ['INTERNAL', EXIT.defect] as const]) {
      const rows = page.split('\n').filter((line) => line.startsWith('|') && line.includes(`\`${code}\``));
      expect(rows).toEqual([expect.stringMatching(new RegExp(`^\\| ${status} \\|`))]);
    }
    for (const status of Object.values(EXIT)) expect(page).toMatch(new RegExp(`^\\| ${status} \\|`, 'm'));
  });

  test('names every option of other tools that means nothing here', () => {
    for (const { name } of COMMANDS.flatMap(({ foreign }) => foreign)) expect(page).toContain(`\`--${name}\``);
  });

  test('names every variable, and every option that a file can not have', () => {
    const options = Object.values(PACKAGE);
    for (const { environment } of options)
      if (environment !== undefined) expect(page).toContain(`| \`${environment}\` |`);
    const sentence = /^.* are for the command line\.$/m.exec(page)?.[0] ?? '';
    const never = options.filter(({ inFile }) => inFile === 'never').map(({ name }) => name.replaceAll('-', '_'));
    expect(sentence.match(/(?<=`)[a-z_]+(?=`)/g)?.toSorted()).toEqual(never.toSorted());
  });
});

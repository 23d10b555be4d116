import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { COMMANDS } from '../../../packager/cli/syntax/commands.ts';
import { EXIT, EXIT_CODES } from '../../../packager/cli/exit-codes.ts';
import { PACKAGE } from '../../../packager/cli/syntax/package-flags.ts';
import { run } from '../../../packager/cli/program.ts';
import { TestProject } from '../../support/project.ts';
import { recordedTerminal } from '../../support/terminal.ts';

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

describe('README.md', () => {
  const readme = readFileSync('README.md', 'utf8');

  test('shows what the commands print', async () => {
    const project = await TestProject.of({
      'functions/orders/index.mjs': 'export const handler = async () => "ok";\n',
      'template.yaml':
        'Resources: {Orders: {Type: AWS::Lambda::Function, Properties: {Code: functions/orders, Handler: index.handler}}}',
    });
    const session = /^```console\n(?<session>.*?)^```$/ms.exec(readme)?.groups?.['session'] ?? '';
    const commands = session.match(/(?<=^\$ cfn-artifacts ).*$/gm) ?? [];
    expect(commands.length).toBeGreaterThan(1);
    const printed: string[] = [];
    for (const command of commands) {
      const { stdout } = recordedTerminal();
      // As on a screen: both streams in the order in which they are written.
      const terminal = { ...recordedTerminal({ cwd: project.folder }), stdout, stderr: stdout };
      expect(await run(command.split(' '), terminal)).toBe(0);
      printed.push(`$ cfn-artifacts ${command}\n${stdout.text}`);
    }
    const sameDay = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\dZ/g, 'DATE');
    const shortened = printed.join('\n').replaceAll(/(?<=sha256:[0-9a-f]{6})[0-9a-f]+/g, '…');
    expect(sameDay(shortened)).toBe(sameDay(session));
  });

  test('names every command in its table', () => {
    const table = readme.slice(readme.indexOf('## Commands'), readme.indexOf('## For scripts'));
    for (const { name } of COMMANDS) {
      const [first = '', ...others] = name.split(' ');
      const rows = table.split('\n').filter((line) => line.startsWith('| ') && line.includes(`\`${first}`));
      expect([name, rows.some((row) => others.every((word) => row.includes(word)))]).toEqual([name, true]);
    }
  });

  test('names the Node that is needed', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
    expect(readme).toContain(`Node, ${engines.node.replace('>=', '')} or newer`);
  });
});

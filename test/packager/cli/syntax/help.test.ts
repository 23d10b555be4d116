import { describe, expect, test } from '@jest/globals';
import { COMMANDS, GROUPS } from '../../../../packager/cli/syntax/commands.ts';
import { call } from '../../../support/called.ts';

describe('help', () => {
  test('without arguments is short and names every command', async () => {
    const { code, stdout, stderr } = await call([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { name, summary } of COMMANDS) {
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`${name} ${summary}`);
    }
    expect(stdout).toContain('EXIT STATUS:\n  0    done\n');
    const shown = [...stdout.matchAll(/^ {2}cfn-artifacts (.*)$/gm)].map(([, rest]) => String(rest));
    expect(shown.slice(1).map((rest) => rest.split(' ')[0])).toEqual(COMMANDS.slice(0, 5).map(({ name }) => name));
    expect((await call(['--help'])).stdout).toBe(stdout);
    expect((await call(['help'])).stdout).toBe(stdout);
  });

  test.each(COMMANDS.map(({ name }) => name))(
    '%s --help leads with examples, names every option and ends with the exit status',
    async (name) => {
      const words = name.split(' ');
      const { code, stdout, options } = await call([...words, '--help']);
      expect({ code, options }).toEqual({ code: 0, options: {} });
      const command = COMMANDS.find((spec) => spec.name === name)!;
      const headings = [...stdout.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading);
      expect(headings[0]).toBe('Examples');
      expect(headings.at(-1)).toBe('EXIT STATUS');
      expect(headings).toEqual(expect.arrayContaining([...new Set(command.options.map(({ group }) => group))]));
      for (const { name: option } of [...command.options, ...command.foreign]) expect(stdout).toContain(`--${option}`);
      for (const { command: example } of command.examples) expect(stdout).toContain(`  ${example}\n`);
      expect((await call(['help', ...words])).stdout).toBe(stdout);
      expect((await call([...words, 'x', '-h'])).stdout).toBe(stdout);
    },
  );

  test('of a word that several commands begin with tells of those', async () => {
    const { code, stdout } = await call(['reference', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('cfn-artifacts reference COMMAND [OPTIONS]');
    expect(stdout.replaceAll('\n', ' ')).toContain(GROUPS['reference']);
    expect(stdout).toMatch(/^ {2}add {2,}record/m);
    expect(stdout).toMatch(/^ {2}remove {2,}remove/m);
    const groups = COMMANDS.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0]] : []));
    expect([...new Set(groups)]).toEqual(Object.keys(GROUPS));
    const alone = await call(['reference']);
    expect(alone).toMatchObject({ code: 2, options: {} });
    expect(alone.stderr).toBe(
      "error: 'reference' is not given its command: add, remove\n  See 'cfn-artifacts reference --help'.\n",
    );
    expect((await call(['reference', '--domain', 'file:d', 'add'])).stderr).toBe(alone.stderr);
    expect((await call(['reference', 'ad'])).stderr).toContain(
      "Did you mean 'add'? See 'cfn-artifacts reference --help'.",
    );
  });

  test('keeps to the width of the terminal', async () => {
    for (const columns of [60, 80, 100]) {
      const { stdout } = await call(['package', '--help'], { columns, env: { NO_COLOR: '1' } });
      const examples = new Set(
        COMMANDS.flatMap((command) => command.examples).flatMap(({ what, command }) => [`  # ${what}`, `  ${command}`]),
      );
      const tooLong = stdout.split('\n').filter((line) => line.length > columns && !examples.has(line));
      expect(tooLong).toEqual([]);
      expect(stdout.split('\n').some((line) => line.length > columns - 15)).toBe(true);
    }
  });

  test('is bold on a terminal, unless colours are not wanted', async () => {
    const bold = '\u001b[1mUsage:';
    expect((await call(['--help'], { columns: 80 })).stdout).toContain(bold);
    expect((await call(['--help'])).stdout).not.toContain('\u001b');
    expect((await call(['list', '--help', '--no-color'], { columns: 80 })).stdout).not.toContain('\u001b');
    expect((await call(['--help'], { columns: 80, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
    expect((await call(['--help'], { env: { FORCE_COLOR: '1' } })).stdout).toContain(bold);
  });

  test('--version', async () => {
    expect(await call(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { asTyped, GLOBAL_OPTIONS } from '../../../packager/aws-cli/caller.ts';
import { COMMANDS } from '../../../packager/cli/syntax/commands.ts';
import { runScript } from '../../support/child-script.ts';
import { knowEveryError } from '../../support/realm.ts';
import { whySkipped } from '../../support/where.ts';

knowEveryError();

const AWS = ['/usr/bin/python3', '/usr/local/bin/aws'];

const typed = (argv: readonly string[], ...words: string[]) =>
  asTyped(argv, '7', () => ({ words: [...AWS, ...words], isExact: true }));

describe('what aws was told', () => {
  test('counts wherever it stood', () => {
    const argv = ['package', '-t', 'my template.yaml', ''];
    expect(
      typed(argv, '--profile', 'prod', 'artifacts', 'package', '-t', 'my template.yaml', '', '--region=eu-west-1'),
    ).toEqual(['--profile=prod', '--region=eu-west-1', ...argv]);
    expect(typed(argv, 'artifacts', 'package', '--no-verify-ssl', '-t', '--debug', 'my template.yaml', '')).toEqual([
      '--no-verify-ssl',
      '--debug',
      ...argv,
    ]);
  });

  test('counts where aws cloudformation package was typed', () => {
    const argv = ['package', '--s3-bucket', 'b'];
    const words = ['cloudformation', 'package', '--endpoint-url', 'http://x', '--s3-bucket', 'b', '--output', 'text'];
    expect(typed(argv, ...words, '--no-cli-pager')).toEqual(['--endpoint-url=http://x', ...argv]);
  });

  test('is nothing where it was told nothing', () => {
    expect(typed(['list'], 'artifacts', 'list')).toEqual(['list']);
    expect(typed([], 'artifacts')).toEqual([]);
  });

  test('asks for the help of a command as everywhere in the AWS CLI', () => {
    expect(typed(['package', 'help'], 'cloudformation', 'package', 'help')).toEqual(['package', '--help']);
    expect(typed(['gc', 'plan', 'help'], 'artifacts', 'gc', 'plan', 'help')).toEqual(['gc', 'plan', '--help']);
    for (const argv of [['help'], ['bundle', 'help'], ['get', 'shop/api', '-o', 'help']]) {
      expect(typed(argv, 'artifacts', ...argv)).toEqual(argv);
    }
  });

  test('asks for JSON as one of our own options does', () => {
    expect(typed(['list'], 'artifacts', 'list', '--output', 'json')).toEqual(['--json', 'list']);
    expect(typed(['list'], 'artifacts', 'list', '--output', 'table')).toEqual(['list']);
  });

  test('is refused where it means something that is not done here', () => {
    expect(() => typed(['list'], 'artifacts', 'list', '--query', 'x')).toThrow("'--query' is not supported");
    expect(() => typed(['list'], '--no-sign-request', 'artifacts', 'list')).toThrow("'--no-sign-request' is not supp");
  });

  test.each([
    ['a profile by the beginning of its name', ['artifacts', 'list', '--prof', 'prod']],
    ['other words', ['artifacts', 'list', '--all']],
    ['another command', ['s3', 'list']],
    ['package, elsewhere', ['s3', 'package']],
    ['nothing', []],
  ])('and can not be known by %s, is no reason to go on', (_what, words) => {
    expect(() => typed(['list'], ...words)).toThrow("what 'aws' was told can't be known");
  });

  test('of a process that nobody knows is no reason to go on', () => {
    for (const process of ['0', 'x', '-1', '999999999']) {
      expect(() => asTyped(['list'], process)).toThrow("what 'aws' was told can't be known");
    }
  });

  test('in a row counts if its words are the same', () => {
    const row = (...words: string[]) => ({ words: [...AWS, ...words].join(' ').split(/ +/), isExact: false });
    const argv = ['package', '-t', 'my template.yaml', ''];
    const words = ['artifacts', ...argv, '--profile', 'prod'];
    expect(asTyped(argv, '7', () => row(...words))).toEqual(['--profile=prod', ...argv]);
    expect(() => asTyped(argv, '7', () => row(...words, '--profile', 'my prod'))).toThrow("can't be known");
  });
});

const hasPs = spawnSync('ps', ['-o', 'args=', '-p', String(process.pid)]).status === 0;

test(`a process tells its words${whySkipped(hasPs, 'ps, for where there is no /proc, is not installed')}`, async () => {
  const source = new URL('tells-words.ts', import.meta.url).pathname;
  const { stdout, stderr } = await runScript(source, ['artifacts', 'list', '', 'a b', '--profile', "it's"]);
  const words = ["--profile=it's", 'list', '', 'a b'];
  expect({ stderr, answers: JSON.parse(stdout) as unknown }).toEqual({
    stderr: '',
    answers: [words, hasPs ? words : null],
  });
});

test('no option of ours is the beginning of one of theirs, which the AWS CLI would take for it', () => {
  const ours = COMMANDS.flatMap(({ name: command, options }) =>
    options.flatMap(({ name, aliases = [] }) => [name, ...aliases].map((option) => ({ command, option }))),
  );
  const taken = ours.filter(({ option }) =>
    GLOBAL_OPTIONS.some((theirs) => theirs !== option && theirs.startsWith(option)),
  );
  expect(taken).toEqual([]);
});

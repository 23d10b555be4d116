import type { CompletedCommand, Expected } from './model.ts';

/**
 * The branches of `case $command in`, which bash and zsh write alike: each sets what is offered, and `expected` where something certain is.
 * @param offered lines that say what the words and options of a command are
 */
export function branches(
  commands: readonly CompletedCommand[],
  offered: (command: CompletedCommand) => readonly string[],
): string {
  return commands.map((command) => branch(command, offered(command))).join('\n');
}

function branch({ words, options, positional }: CompletedCommand, offered: readonly string[]): string {
  const valued = options.filter(({ expected }) => expected.kind !== 'nothing');
  const behind = valued.map(
    ({ flags, expected }) => `        ${flags.join(' | ')}) expected='${wordsOf(expected)}' ;;`,
  );
  const isKnown = positional.kind !== 'nothing' && positional.kind !== 'text';
  return [
    `    '${words}')`,
    ...offered.map((line) => `      ${line}`),
    ...(isKnown ? [`      [[ $cur == -* ]] || expected='${wordsOf(positional)}'`] : []),
    ...(behind.length === 0 ? [] : ['      case $prev in', ...behind, '      esac']),
    '      ;;',
  ].join('\n');
}

function wordsOf(expected: Expected): string {
  return expected.kind === 'choice' ? expected.choices.join(' ') : expected.kind;
}

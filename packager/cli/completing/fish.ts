import type { CompletedCommand, CompletedOption, Expected } from './model.ts';
import { completedCommands, valuedBefore, wordings } from './model.ts';

/** https://fishshell.com/docs/current/cmds/complete.html */
export function fishScript(): string {
  const commands = completedCommands();
  return `# cfn-artifacts completion fish
function __cfn_artifacts_is
    set -l words (commandline -opc)
    set -e words[1]
    set -l command ''
    set -l isvalue no
    for word in $words
        if test $isvalue = yes
            set isvalue no
            continue
        end
        switch $word
            case ${valuedBefore().join(' ')}
                set isvalue yes
                continue
        end
        switch "$command $word"
            case ${wordings(commands).join(' ')}
                set command (string trim -- "$command $word")
        end
    end
    test "$command" = "$argv[1]"
end

complete -c cfn-artifacts -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ words, members, options, positional }: CompletedCommand): readonly string[] {
  const start = `complete -c cfn-artifacts -n ${quoted(`__cfn_artifacts_is ${quoted(words)}`)}`;
  return [
    ...members.map(({ word, help }) => `${start} -a ${word} -d ${quoted(help)}`),
    ...options.map((option) => `${start} ${flagsOf(option)}${valueOf(option.expected)} -d ${quoted(option.help)}`),
    ...argumentsOf(positional).map((argument) => `${start} ${argument}`),
  ];
}

function flagsOf({ flags }: CompletedOption): string {
  return flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
}

function valueOf(expected: Expected): string {
  switch (expected.kind) {
    case 'nothing':
      return '';
    case 'text':
      return ' -x';
    case 'file':
      return ' -r -F';
    case 'folder':
      return ` -x -a ${quoted('(__fish_complete_directories)')}`;
    case 'choice':
      return ` -x -a ${quoted(expected.choices.join(' '))}`;
  }
}

function argumentsOf(expected: Expected): readonly string[] {
  if (expected.kind === 'file') return ['-F'];
  return expected.kind === 'choice' ? [`-a ${quoted(expected.choices.join(' '))}`] : [];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

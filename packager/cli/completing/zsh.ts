import { branches } from './branches.ts';
import type { CompletedCommand, CompletedOption } from './model.ts';
import { completedCommands, valuedBefore, wordings } from './model.ts';

/** To be evaluated behind `compinit`. https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
export function zshScript(): string {
  const commands = completedCommands();
  return `# cfn-artifacts completion zsh
_cfn_artifacts() {
  local command='' expected='' cur=\${words[CURRENT]} prev=\${words[CURRENT - 1]} i
  local -a members flags
  for ((i = 2; i < CURRENT; i++)); do
    case \${words[i]} in
      ${valuedBefore().join(' | ')})
        ((i++))
        continue
        ;;
    esac
    case "$command \${words[i]}" in
      ${wordings(commands).join(' | ')}) command="\${command:+$command }\${words[i]}" ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    compset -P '*='
    cur=''
  fi
  case $command in
${branches(commands, offered)}
  esac
  case $expected in
    file) _files ;;
    folder) _files -/ ;;
    text) ;;
    '')
      if [[ $cur == -* ]]; then
        _describe -o option flags
      elif ((\${#members})); then
        _describe command members
      fi
      ;;
    *) compadd -- \${=expected} ;;
  esac
}

compdef _cfn_artifacts cfn-artifacts
`;
}

function offered({ members, options }: CompletedCommand): readonly string[] {
  return [
    ...(members.length === 0 ? [] : [`members=(${described(members.map(({ word, help }) => [word, help]))})`]),
    `flags=(${described(options.flatMap(flagsOf))})`,
  ];
}

function flagsOf({ flags, help }: CompletedOption): readonly (readonly [string, string])[] {
  return flags.map((flag) => [flag, help]);
}

/** `word:what it means`, as _describe takes them. */
function described(all: readonly (readonly [string, string])[]): string {
  const items = all.map(([word, help]) => quoted(`${word.replaceAll(':', '\\:')}:${help}`));
  return `\n${items.map((item) => `        ${item}\n`).join('')}      `;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

import { branches } from './branches.ts';
import type { CompletedCommand } from './model.ts';
import { completedCommands, valuedBefore, wordings } from './model.ts';

/**
 * For bash 3.2, which macOS has, and later. It shows words without what they mean. Bash 3.2 has no compopt, and doesn't split words at '=', as later ones don't
 * where that is none of COMP_WORDBREAKS. https://tiswww.case.edu/php/chet/bash/CHANGES
 */
export function bashScript(): string {
  const commands = completedCommands();
  return `# cfn-artifacts completion bash
_cfn_artifacts_reply() {
  local line
  while IFS= read -r line; do COMPREPLY+=("$start$line"); done
}

_cfn_artifacts() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' words='' flags='' expected='' start='' i
  COMPREPLY=()
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' && COMP_CWORD -gt 1 ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    cur=\${cur#*=}
    [[ $COMP_WORDBREAKS == *=* ]] || start="$prev="
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${valuedBefore().join(' | ')})
        ((i++))
        if [[ \${COMP_WORDS[i]} == '=' ]]; then ((i++)); fi
        continue
        ;;
    esac
    case "$command \${COMP_WORDS[i]}" in
      ${wordings(commands).join(' | ')}) command="\${command:+$command }\${COMP_WORDS[i]}" ;;
    esac
  done
  case $command in
${branches(commands, offered)}
  esac
  case $expected in
    file)
      compopt -o filenames 2> /dev/null
      _cfn_artifacts_reply < <(compgen -f -- "$cur")
      ;;
    folder)
      compopt -o filenames 2> /dev/null
      _cfn_artifacts_reply < <(compgen -d -- "$cur")
      ;;
    text) ;;
    '')
      if [[ $cur == -* ]]; then words=$flags; fi
      _cfn_artifacts_reply < <(compgen -W "$words" -- "$cur")
      ;;
    *) _cfn_artifacts_reply < <(compgen -W "$expected" -- "$cur") ;;
  esac
}

if type compopt > /dev/null 2>&1; then
  complete -F _cfn_artifacts cfn-artifacts
else
  complete -o filenames -F _cfn_artifacts cfn-artifacts
fi
`;
}

function offered({ members, options }: CompletedCommand): readonly string[] {
  return [
    `words='${members.map(({ word }) => word).join(' ')}'`,
    `flags='${options.flatMap(({ flags }) => flags).join(' ')}'`,
  ];
}

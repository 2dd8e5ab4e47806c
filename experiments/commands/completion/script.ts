/**
 * Owns the scripts that complete `varve` in a shell. Those of zsh, fish and PowerShell come from
 * the library. Its script for bash needs the package bash-completion and does not complete
 * `--flag=value`, so this file has its own for bash. All use the same protocol (`answers.ts`).
 */
import { ShellCompDirective, script } from '@bomb.sh/tab'
import { EXIT } from '../../cli/explain.ts'
import { say } from '../../cli/run-command.ts'

const PROGRAM = 'varve'

export function printScript(shell: string): number {
  if (shell === 'bash') return say(BASH)
  script(shell, PROGRAM, PROGRAM)
  return EXIT.done
}

const { ShellCompDirectiveNoSpace, ShellCompDirectiveNoFileComp } = ShellCompDirective
const { ShellCompDirectiveFilterDirs } = ShellCompDirective

const BASH = `# bash completion for ${PROGRAM}
_${PROGRAM}_complete() {
  # Bash splits words at "="; the words as they were typed are in the line.
  local line=\${COMP_LINE:0:COMP_POINT} current=\${COMP_WORDS[COMP_CWORD]} prefix= directive reply
  local -a words replies
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  [[ $current == '=' ]] && current=
  # Only where "=" does not split words, the flag belongs to what is replaced.
  [[ $current == --*=* ]] && prefix=\${current%%=*}= && current=\${current#*=}
  mapfile -t replies < <(${PROGRAM} complete -- "\${words[@]:1}" 2> /dev/null)
  (( \${#replies[@]} > 0 )) || return
  directive=\${replies[-1]#:}
  unset 'replies[-1]'
  COMPREPLY=()
  for reply in "\${replies[@]}"; do COMPREPLY+=("$prefix\${reply%%$'\\t'*}"); done
  (( directive & ${ShellCompDirectiveNoSpace} )) && compopt -o nospace 2> /dev/null
  (( \${#COMPREPLY[@]} > 0 || directive & ${ShellCompDirectiveNoFileComp} )) && return
  compopt -o filenames 2> /dev/null
  local kind=-f
  (( directive & ${ShellCompDirectiveFilterDirs} )) && kind=-d
  mapfile -t COMPREPLY < <(compgen -P "$prefix" $kind -- "$current")
}
complete -F _${PROGRAM}_complete ${PROGRAM}`

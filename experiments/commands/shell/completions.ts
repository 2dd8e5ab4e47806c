/** Owns what Tab completes in the shell: commands, their options, and names of snapshots. */
import { COMMANDS } from './commands.ts'

/** The candidates for the last word of `line`, and that word, as readline takes them. */
export function completions(line: string, snapshots: readonly string[]): [string[], string] {
  const words = line.trimStart().split(/\s+/)
  const last = words.at(-1)!
  return [candidates(words, last, snapshots).filter((word) => word.startsWith(last)), last]
}

function candidates(
  words: readonly string[],
  last: string,
  snapshots: readonly string[],
): readonly string[] {
  const [name = ''] = words
  if (words.length === 1) return Array.from(COMMANDS.keys(), (word) => `${word} `)
  if (name === 'help') return [...COMMANDS.keys()]
  if (name === 'release') return snapshots
  if (last.startsWith('--at=')) return snapshots.map((snapshot) => `--at=${snapshot} `)
  const options = Object.entries(COMMANDS.get(name)?.options ?? {})
  if (!last.startsWith('-')) return []
  return options.map(([option, value]) => `--${option}${value === '' ? ' ' : '='}`)
}

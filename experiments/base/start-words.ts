/**
 * Owns the words with which a user starts the program: npm's in a checkout, npx's where the built
 * package is installed. Results, messages and help begin the commands that they name with them.
 */

const isBuilt = import.meta.filename.endsWith('.js')

/** The words before a verb. */
export const PROGRAM_WORDS: readonly string[] = isBuilt
  ? ['npx', 'varve']
  : ['npm', 'run', 'varve', '--']

/** The words before the arguments of `verb`, for which a checkout has a separate script. */
export function startWords(verb: string): readonly string[] {
  return isBuilt ? [...PROGRAM_WORDS, verb] : ['npm', 'run', verb, '--']
}

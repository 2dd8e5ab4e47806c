/**
 * Owns the words with which a user starts a verb of the program: npm's in a checkout, npx's where
 * the built package is installed. Commands that results and messages name begin with them.
 */

const isBuilt = import.meta.filename.endsWith('.js')

/** The words before the arguments of `verb`. */
export function startWords(verb: string): readonly string[] {
  return isBuilt ? ['npx', 'varve', verb] : ['npm', 'run', verb, '--']
}

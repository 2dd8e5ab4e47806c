/**
 * Owns the declaration of a verb. Declarations are small: the program loads all of them to list
 * them, so the code of a verb's work is imported in its `run`.
 */
import type { Arguments } from './arguments.ts'
import type { VerbName } from './flags.ts'
import type { NameSource } from './names.ts'

/** The arguments that are not flags. */
export interface Operands {
  /** The operands as the help shows them: '<results…>'. */
  readonly usage: string
  readonly least: number
  /** Unlimited if left out. */
  readonly most?: number
  /** The error if there are too few. */
  readonly missing: string
  /** Accepted names; left out: paths of files. */
  readonly names?: readonly string[] | NameSource
}

export interface Verb {
  readonly name: VerbName
  /** One sentence. */
  readonly summary: string
  /** Left out: it takes none. */
  readonly operands?: Operands
  /** Arguments after the verb's name. */
  readonly examples: readonly string[]
  /** Paragraphs of the help after the examples. */
  readonly notes?: readonly string[] | (() => Promise<readonly string[]>)
  /** Exit codes with a meaning other than done, failed and a mistake in the arguments. */
  readonly exits?: Partial<Record<'0' | '1' | '2' | '128 + n', string>>
  /** Whether it is left out of the list of commands. */
  readonly isHidden?: boolean
  /** Whether it shows its help if it gets no argument. */
  readonly helpsWhenBare?: boolean
  /** Returns the exit code. `hear` gives the signal that aborts at an interrupt. */
  run(given: Arguments, hear: () => AbortSignal): number | Promise<number>
}

/** Verbs under a common first word: 'trace stats', 'db verify'. */
export interface VerbGroup {
  readonly name: string
  readonly summary: string
  readonly verbs: readonly Verb[]
}

export type Verbs = readonly (Verb | VerbGroup)[]

/** The word that names a verb within its group. */
export function lastWord(name: string): string {
  return name.slice(name.lastIndexOf(' ') + 1)
}

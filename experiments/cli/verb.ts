/**
 * Owns what a verb of the program declares. A declaration is light: the program loads all of them
 * to list them, so what a verb works with is imported in its `run`.
 */
import type { Arguments } from './arguments.ts'
import type { VerbName } from './flags.ts'
import type { NameSource } from './names.ts'

/** What stands on the command line beside flags. */
export interface Operands {
  /** As the help shows them: '<results…>'. */
  readonly usage: string
  readonly least: number
  /** Infinite unless given. */
  readonly most?: number
  /** Says what to name where there are too few. */
  readonly missing: string
  /** Names that may stand there; files may unless given. */
  readonly names?: readonly string[] | NameSource
}

export interface Verb {
  readonly name: VerbName
  /** One sentence. */
  readonly summary: string
  /** Absent: it takes none. */
  readonly operands?: Operands
  /** Arguments behind the verb's name. */
  readonly examples: readonly string[]
  /** Paragraphs of the help after the examples. */
  readonly notes?: readonly string[] | (() => Promise<readonly string[]>)
  /** Exit codes whose meaning is more than done, failed and a mistake in the arguments. */
  readonly exits?: Partial<Record<'0' | '1' | '2' | '128 + n', string>>
  /** Not in the list of commands. */
  readonly isHidden?: boolean
  /** Without any argument it shows its help. */
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

/**
 * Owns what a command of the shell is, and the reading of its words. Invariant: every word and
 * every option is used or refused.
 */
import { parseCount } from '../../base/units.ts'
import { UsageError, unknownName } from '../../base/usage-error.ts'
import type { Session } from './session.ts'
import type { Line, Word } from './words.ts'

/** Lines of an answer, without line feeds. */
export type Answer = Iterable<string>

export interface ShellCommand {
  readonly name: string
  /**
   * Words after the name: '<key> <value>'. Those in brackets, which come last, may be left out.
   * Default: none.
   */
  readonly words?: string
  /** Options by name; the value is what the help shows, '' for a switch. */
  readonly options?: Readonly<Record<string, string>>
  /** One sentence. */
  readonly help: string
  run(session: Session, words: readonly Uint8Array[], options: Options): Answer | Promise<Answer>
}

/** The answer of a command that has nothing to say. */
export const OK: Answer = ['ok']

/** The options of a command that writes. */
export const SYNC = { sync: '' }

/** The options of a line. */
export class Options {
  readonly #given: ReadonlyMap<string, Word>

  constructor(given: ReadonlyMap<string, Word>) {
    this.#given = given
  }

  has(name: string): boolean {
    return this.#given.has(name)
  }

  bytes(name: string): Uint8Array | undefined {
    return this.#given.get(name)?.bytes
  }

  text(name: string): string | undefined {
    const bytes = this.bytes(name)
    return bytes === undefined ? undefined : textOf(bytes)
  }

  count(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const count = parseCount(text)
    if (count === undefined || count < 0) throw new UsageError(`--${name}: "${text}" is no count`)
    return count
  }
}

export const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** How the command is written. */
export function usageText({ name, words = '', options = {} }: ShellCommand): string {
  const shown = Object.entries(options).map(([option, value]) =>
    value === '' ? `[--${option}]` : `[--${option}=${value}]`,
  )
  return [name, words, ...shown].filter((part) => part !== '').join(' ')
}

/** Finds the command of a line and checks its words. Throws `UsageError`. */
export function commandOf(
  { words, options }: Line,
  commands: ReadonlyMap<string, ShellCommand>,
): { command: ShellCommand; operands: readonly Uint8Array[]; options: Options } {
  const [first, ...rest] = words
  const name = first === undefined ? '' : textOf(first.bytes)
  const command = commands.get(name)
  if (command === undefined) throw unknownName('command', name, [...commands.keys()])
  if (!isCountRight(rest.length, command)) {
    throw new UsageError(`write: ${usageText(command)}`)
  }
  const known = command.options ?? {}
  for (const [option, { bytes }] of options) {
    const value = known[option]
    if (value === undefined) {
      const all = Object.keys(known).map((other) => `--${other}`)
      if (all.length === 0) throw new UsageError(`${name} takes no options`)
      throw unknownName('option', `--${option}`, all)
    }
    if (value === '' && bytes.length > 0) throw new UsageError(`--${option} takes no value`)
    if (value !== '' && bytes.length === 0) {
      throw new UsageError(`--${option} needs a value: --${option}=${value}`)
    }
  }
  return { command, operands: rest.map(({ bytes }) => bytes), options: new Options(options) }
}

function isCountRight(count: number, { words = '' }: ShellCommand): boolean {
  const countOf = (text: string) => text.split(' ').filter((word) => word !== '').length
  const [needed] = words.split('[')
  return count >= countOf(needed!) && count <= countOf(words)
}

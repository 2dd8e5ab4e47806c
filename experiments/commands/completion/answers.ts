/**
 * Owns the candidates at the cursor: verbs, flags and values of flags, from the verbs' declarations
 * and the table of flags. Catalogues are loaded only if their names are needed.
 *
 * The answer follows cobra's protocol, which the shells' scripts read: one candidate a line, with
 * its meaning after a tab, then ':' and a number that says what the shell may add. For
 * `--flag=value` only the value is answered; the scripts put it after the flag.
 */
import { ShellCompDirective } from '@bomb.sh/tab'
import { EXIT } from '../../cli/explain.ts'
import { type FlagSpec, flagsOf } from '../../cli/flags.ts'
import { type NameSource, namesFrom } from '../../cli/names.ts'
import { say } from '../../cli/run-command.ts'
import { lastWord, type Verb, type Verbs } from '../../cli/verb.ts'

interface Answer {
  readonly candidates: readonly (readonly [text: string, meaning: string])[]
  /** The shell completes these paths if there is no candidate. */
  readonly paths?: 'files' | 'folders'
}

const NOTHING: Answer = { candidates: [] }

/** Prints the candidates for the last of `words`, which begin after the program's name. */
export async function printAnswers(verbs: Verbs, words: readonly string[]): Promise<number> {
  const { candidates, paths } = await answerTo(words, verbs)
  for (const [text, meaning] of candidates) say(`${text}\t${meaning}`)
  const isOpen = candidates.length > 0 && candidates.every(([text]) => text.endsWith('='))
  const directives = [
    ...(isOpen ? [ShellCompDirective.ShellCompDirectiveNoSpace] : []),
    ...(paths === undefined ? [ShellCompDirective.ShellCompDirectiveNoFileComp] : []),
    ...(paths === 'folders' ? [ShellCompDirective.ShellCompDirectiveFilterDirs] : []),
  ]
  say(`:${directives.reduce((sum, one) => sum + one, 0)}`)
  return EXIT.done
}

async function answerTo(words: readonly string[], program: Verbs): Promise<Answer> {
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  let verbs = program
  for (const [index, word] of before.entries()) {
    const verb = verbs.find(({ name }) => lastWord(name) === word)
    if (verb === undefined) return NOTHING
    if (!('verbs' in verb)) return answerOf(verb, before.slice(index + 1), last)
    verbs = verb.verbs
  }
  return beginning(
    last,
    verbs.map(({ name, summary }) => [lastWord(name), summary]),
  )
}

async function answerOf(verb: Verb, before: readonly string[], last: string): Promise<Answer> {
  const specs = flagsOf(verb.name)
  const inline = /^--([^=]+)=(.*)$/s.exec(last)
  if (inline !== null) return valueAnswer(specs.get(inline[1]!), inline[2]!)
  if (last.startsWith('-')) {
    const given = before.map((word) => word.split('=')[0])
    const left = [...specs].filter(
      ([name, { multiple }]) => multiple || !given.includes(`--${name}`),
    )
    return beginning(
      last,
      left.map(([name, spec]) => [`--${name}${needsValue(spec) ? '=' : ''}`, spec.help]),
    )
  }
  const flag = specs.get(/^--([^=]+)$/.exec(before.at(-1) ?? '')?.[1] ?? '')
  if (flag !== undefined && needsValue(flag)) return valueAnswer(flag, last)
  if (verb.operands === undefined) return NOTHING
  return { ...beginning(last, await namesOf(verb.operands.names ?? [])), paths: 'files' }
}

function needsValue({ value, valueOptional }: FlagSpec): boolean {
  return value !== null && !valueOptional
}

/** In a list, the names before the last comma stay. */
async function valueAnswer(flag: FlagSpec | undefined, text: string): Promise<Answer> {
  if (flag === undefined) return NOTHING
  const { kind, names } = flag
  if (kind === 'file') return { candidates: [], paths: 'files' }
  if (kind === 'folder') return { candidates: [], paths: 'folders' }
  const kept = kind === 'list' ? text.slice(0, text.lastIndexOf(',') + 1) : ''
  // No name begins like a path: it is a module, or the spec of a workload.
  if (/^[./~]/.test(text)) return { candidates: [], paths: 'files' }
  // The value of an assignment is not completed.
  if (kind === 'assignments' && text.includes('=')) return NOTHING
  const end = kind === 'assignments' ? '=' : ''
  const known = await namesOf(names ?? [])
  return beginning(
    text,
    known.map(([name, meaning]) => [`${kept}${name}${end}`, meaning]),
  )
}

async function namesOf(names: readonly string[] | NameSource) {
  if (typeof names === 'string') return namesFrom(names)
  return (names as readonly string[]).map((name) => [name, ''] as const)
}

function beginning(start: string, candidates: Answer['candidates']): Answer {
  return { candidates: candidates.filter(([text]) => text.startsWith(start)) }
}

/**
 * Owns the texts of `--help` for the program, a group of verbs and a verb. They are made from the
 * verbs' declarations and the table of flags, and laid out by commander.
 */
import { Command, Option } from 'commander'
import { PROGRAM_WORDS } from '../base/start-words.ts'
import { type FlagSpec, flagGroups, flagsOf } from './flags.ts'
import { columns, fitted, PAGE } from './text-lines.ts'
import { lastWord, type Verb, type VerbGroup, type Verbs } from './verb.ts'

/** What a user types before a verb. */
const PROGRAM = PROGRAM_WORDS.join(' ')

/** Flags of every verb. */
const EVERYWHERE = ['quiet', 'debug', 'help']

const EXITS = { 0: 'done', 1: 'a failure', 2: 'a mistake in the arguments' }

const SUMMARY = 'A storage engine with pluggable compaction, and what measures and shows its costs.'

/** Lists the verbs of the program, or of `group` with its examples, one line each. */
export function listHelp(verbs: Verbs, group: VerbGroup | null): string {
  const typed = group === null ? PROGRAM : `${PROGRAM} ${group.name}`
  const command = new Command(typed)
    .usage('<command> [options]')
    .description(group?.summary ?? SUMMARY)
  const groupLines = group === null ? [] : linesOf(group)
  return [
    ...laidOut(command, verbs),
    ...groupLines,
    `${typed} <command> --help lists the options of a command.`,
    ...(group === null ? [`${typed} --version prints the version and a digest of the code.`] : []),
  ].join('\n')
}

/** An example and the options of each verb. */
function linesOf({ verbs }: VerbGroup): readonly string[] {
  const examples = verbs.flatMap((verb) => verb.examples.map((one) => `  ${asTyped(verb, one)}`))
  const options = verbs.map(({ name }) => {
    const own = [...flagsOf(name).keys()].filter((flag) => !EVERYWHERE.includes(flag))
    return [lastWord(name), own.map((flag) => `--${flag}`).join(' ')] as const
  })
  const listed = options.filter(([, own]) => own !== '')
  const lines = listed.length === 0 ? [] : ['Options:', ...columns(listed), '']
  return ['Examples:', ...examples, '', ...lines]
}

/** Usage, sentence, flags in groups, examples, notes and exit codes. */
export async function verbHelp(verb: Verb): Promise<string> {
  const { name, summary, operands, examples, notes = [], exits } = verb
  const command = new Command(`${PROGRAM} ${name}`)
    .helpOption(false)
    .usage([...(operands === undefined ? [] : [operands.usage]), '[options]'].join(' '))
    .description(summary)
  for (const [heading, specs] of flagGroups(name)) {
    for (const [flag, spec] of specs) {
      command.addOption(new Option(`--${flag}`, descriptionOf(spec)).helpGroup(`${heading}:`))
    }
  }
  const terms = new Map([...flagGroups(name).values()].flatMap((specs) => [...specs]))
  command.configureHelp({
    optionTerm: (option) => termOf(option.name(), terms.get(option.name())!),
  })
  const codes = Object.entries({ ...EXITS, ...exits }).map(([code, what]) => `${code} ${what}`)
  const paragraphs = typeof notes === 'function' ? await notes() : notes
  return [
    ...laidOut(command, []),
    'Examples:',
    ...examples.map((example) => `  ${asTyped(verb, example)}`),
    '',
    ...paragraphs.flatMap((paragraph) => [fitted(paragraph, PAGE), '']),
    fitted(`Exit codes: ${codes.join(', ')}.`, PAGE),
  ].join('\n')
}

function asTyped({ name }: Verb, example: string): string {
  return `${PROGRAM} ${name} ${example}`.trimEnd()
}

function termOf(name: string, { value, valueOptional }: FlagSpec): string {
  if (value === null) return `--${name}`
  return valueOptional ? `--${name}[=${value}]` : `--${name}=${value}`
}

function descriptionOf({ help, default: preset, names, value }: FlagSpec): string {
  // Names that the placeholder already shows are not repeated.
  const listed =
    Array.isArray(names) && names.some((name) => !value!.includes(name) && !help.includes(name))
  const choices = listed ? `: ${names.join(', ')}` : ''
  return `${help}${choices}${preset === null ? '' : ` [${preset}]`}`
}

function laidOut(command: Command, verbs: Verbs): readonly string[] {
  command.helpOption(false).helpCommand(false)
  for (const verb of verbs) {
    const { name, summary } = verb
    if ('isHidden' in verb) continue
    command.addCommand(new Command(lastWord(name)).description(summary).helpOption(false))
  }
  const help = Object.assign(command.createHelp(), {
    helpWidth: PAGE.columns,
    subcommandTerm: (sub: Command) => sub.name(),
  })
  return help.formatHelp(command, help).split('\n')
}

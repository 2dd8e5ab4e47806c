/**
 * Owns the table of ratios in the README: it is made from the checked-in race, between two marks.
 * After a new race, `npm run bench:table` writes it again; a test compares the two.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRace } from '../../../results/parse-result.ts'
import { shellText } from '../../../results/shell-text.ts'
import { writeWhole } from '../../../results/write-result.ts'
import { markdownTable } from './tables.ts'

const TOP = join(import.meta.dirname, '../../..')
/** Relative to the top of the checkout. */
export const RACE_PATH = 'results/races/peers.race.json'
const README_PATH = join(TOP, 'README.md')
const BEGIN = '<!-- bench:table -->'
const END = '<!-- /bench:table -->'

/** The README with the table of the checked-in race. */
export function readmeText(): string {
  const readme = readFileSync(README_PATH, 'utf8')
  const [before, rest] = readme.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`README.md: no ${BEGIN} with its ${END}`)
  const race = parseRace(readFileSync(join(TOP, RACE_PATH), 'utf8'), RACE_PATH)
  const { entries, rounds } = race.config
  const failed = race.gates.filter(({ passed }) => !passed).map(({ name }) => `\`${name}\``)
  const gates =
    failed.length === 0 ? 'All gates passed.' : `Gates that failed: ${failed.join(', ')}.`
  const lines = [
    BEGIN,
    '',
    markdownTable(race),
    '',
    `${entries.toLocaleString('en')} entries, ${rounds} rounds. ${gates} Made by`,
    `\`${shellText(race.command)}\`.`,
    '',
    END,
  ]
  return `${before}${lines.join('\n')}${after}`
}

if (import.meta.main) writeWhole(README_PATH, readmeText())

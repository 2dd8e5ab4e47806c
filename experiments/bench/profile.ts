/**
 * Runs one micro-benchmark under V8's profilers and prints where its time went, by room and by
 * function, and which functions allocated: `npm run profile -- "awaited batches"`.
 *
 * With `--against=FOLDER`, the same benchmark of another checkout comes beside it: before and after
 * a change. `--out=NAME` writes the tables to NAME.md and the figures to NAME.json; `--ms=3000`
 * sets how long each profile lasts.
 */

import { writeFileSync } from 'node:fs'
import { checkOutFile } from '../base/check-out.ts'
import { readInteger } from '../cli/arguments.ts'
import { runCommand, say, sayWritten } from '../cli/run-command.ts'
import { readBenchArguments } from './bench-arguments.ts'
import type { BenchCase } from './bench-case.ts'
import { CHECKOUT, findCase, loadCases } from './load-cases.ts'
import { type Profiled, profileTables } from './profile-tables.ts'
import { profileCase } from './profiler.ts'

const MS_DEFAULT = 3000
const FLAGS = { against: 'FOLDER', ms: String(MS_DEFAULT), out: 'NAME' }

async function main(argv: readonly string[]): Promise<number> {
  const { operands, flags } = readBenchArguments('profile', argv, FLAGS)
  const out = flags.get('out')
  const files = out === undefined ? null : { tables: `${out}.md`, figures: `${out}.json` }
  if (files !== null) checkOutFile('out', files.tables)
  const ms = readInteger('ms', flags.get('ms') ?? String(MS_DEFAULT), [1, 600_000])
  const benchCase = findCase(await loadCases(), operands.join(' '))
  const against = flags.get('against')
  const before = against === undefined ? null : await beforeOf(benchCase, against, ms)
  const after = await profileCase(benchCase, CHECKOUT, ms)
  const { name, unit } = benchCase
  const profiled: Profiled = { benchmark: name, unit, node: process.version, before, after }
  const text = profileTables(profiled)
  if (files === null) return say(text)
  writeFileSync(files.tables, text)
  writeFileSync(files.figures, `${JSON.stringify(profiled, null, 1)}\n`)
  say(text)
  sayWritten(files.tables)
  return sayWritten(files.figures)
}

async function beforeOf({ name }: BenchCase, root: string, ms: number) {
  return profileCase(findCase(await loadCases(root), name), root, ms)
}

await runCommand('profile', main)

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CompactionSpec } from '../../engine/index.ts'
import { parseResult } from '../../results/parse-result.ts'
import type { RunResult } from '../../results/schema.ts'
import { levelAt, STRATEGIES, tablesIn, type Version } from '../../strategies/index.ts'
import { type EditEvent, momentBefore, parseVersionLog, versionsPath } from '../base/version-log.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { runSweep } from '../run/sweep.ts'
import { pickAt, tellMoment } from './counterfactual.ts'
import { tellRun } from './run-story.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-story-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

interface Recorded {
  readonly result: RunResult
  readonly events: readonly EditEvent[]
}

async function record(strategy: string): Promise<Recorded> {
  const size = ['--records=2000', '--operations=2000', '--set=memtableBytes=64KiB']
  const command = parseCommand([`--strategy=${strategy}`, '--storage=memory', ...size])
  if (command.kind !== 'run') throw new Error(command.kind)
  const { resultPaths } = await runSweep(await resolvePlans(command.request), {
    outFolder,
    versions: true,
    keep: false,
    force: false,
    signal: new AbortController().signal,
    terminalWritten: () => ({ bytes: 0, calls: 0 }),
    onProgress() {},
    onReuse() {},
  })
  const [path] = resultPaths
  const log = versionsPath(path!)
  return {
    result: parseResult(readFileSync(path!, 'utf8'), path!),
    events: parseVersionLog(readFileSync(log, 'utf8'), log),
  }
}

function idsTaken(version: Version, spec: CompactionSpec | null): readonly number[] {
  const tables = spec?.inputs.flatMap((slice) => tablesIn(version, slice)) ?? []
  return tables.map(({ id }) => id).sort((a, b) => a - b)
}

describe.each(['tiering', 'leveling-partial'])('the versions of a run under %s', (name) => {
  let run: Recorded
  beforeAll(async () => {
    run = await record(name)
  })

  test('end with the tree of the result', () => {
    const { version } = momentBefore(run.events, run.events.length + 1)
    for (const { level, runs, tables, bytes, entries } of run.result.deterministic.levels) {
      const { totals, runs: found } = levelAt(version, level)
      expect({ ...totals, runs: found.length }).toMatchObject({ runs, tables, bytes, entries })
    }
    expect(run.events.length).toBeGreaterThan(60)
  })

  test('know why each was picked, as the result does', () => {
    const { log } = run.result.deterministic.events
    expect(run.events.map(({ reason }) => reason ?? null)).toEqual(log.map(({ reason }) => reason))
  })

  test('show the strategy what it saw: it picks again what it picked', () => {
    const { params } = run.result.config.strategy
    const strategy = STRATEGIES.get(name)!.create(params)
    run.events.forEach(({ kind, edit }, index) => {
      const moment = momentBefore(run.events, index + 1)
      const spec = pickAt(run.result, moment, strategy)
      const taken = edit.removed.map(({ table }) => table.id).sort((a, b) => a - b)
      expect([spec?.kind ?? 'flush', idsTaken(moment.version, spec)]).toEqual([kind, taken])
    })
  })

  test('show what another strategy would pick, and what it would rewrite', () => {
    const at = run.events.findIndex(({ kind }) => kind === 'merge') + 1
    const leveling = STRATEGIES.get('leveling')!
    const params = leveling.parse({ T: 2 }) as { T: number }
    const rival = { strategy: leveling.create(params), params }
    const text = tellMoment(run.result, run.events, at, rival)
    expect(text).toContain(`the tree before #${at}\n  L0\n    R`)
    expect(text).toMatch(new RegExp(`${name} picked\n  merge L0 R.* -> L1 R`))
    expect(text).toMatch(
      /leveling \(T 2, .*\) picks\n {2}merge L0 R.*\n {2}because level saturation/,
    )
    expect(text).toMatch(/rewrites? .* (now|less now than .*)$/)
  })

  test('of another run are refused', () => {
    expect(() => tellMoment(run.result, run.events.slice(1), 1, null)).toThrow('different runs')
    const swapped = run.events.map((event) => ({ ...event, kind: 'move' as const }))
    expect(() => tellMoment(run.result, swapped, 1, null)).toThrow('event 1 is a flush')
  })
})

describe('the story of a run', () => {
  test('shows each event with its reason, and the sums of the result', async () => {
    const { result } = await record('tiering')
    const text = tellRun(result, null)
    const { counts, events } = result.deterministic
    expect(text).toContain(`${counts.flushes} flushes, ${counts.merges} merges`)
    const once = { ...counts, flushes: 1, merges: 1, moves: 0, drops: 1 }
    const short = { ...result, deterministic: { ...result.deterministic, counts: once } }
    expect(tellRun(short, null)).toContain('\n1 flush, 1 merge, 0 moves, 1 drop\n')
    expect(text.match(/^ {2}#\d+/gm)).toHaveLength(events.total)
    expect(text.match(/^ {8}because /gm)).toHaveLength(events.total - counts.flushes)
    expect(text).toMatch(
      /because level saturation: bytes ≥ \(T − ½\)·unit: [\d,]+ ≥ \(4 − ½\)·65,536/,
    )
    expect(text).toMatch(new RegExp(`^flush +${counts.flushes} +0 B `, 'm'))
    const shares = [...text.matchAll(/^(?:flush|level saturation|sorted runs) .* ([\d.]+) %$/gm)]
    const whole = shares.reduce((sum, match) => sum + Number(match[1]), 0)
    expect(whole).toBeCloseTo(100, 0)
  })

  test('of one level leaves out what does not touch it', async () => {
    const { result } = await record('tiering')
    const text = tellRun(result, 2)
    const touching = result.deterministic.events.log.filter(({ inputs, outputs }) =>
      [...inputs, ...outputs].some(({ level }) => level === 2),
    )
    expect(touching.length).toBeGreaterThan(0)
    expect(text.match(/^ {2}#\d+/gm)).toHaveLength(touching.length)
    expect(text).not.toMatch(/^flush /m)
  })
})

test.each([
  ['', 'not a log of versions'],
  ['varve versions 1\n#2 flush at 1\n', 'event 1 is missing or out of order'],
  ['varve versions 1\n#1 flush at 1\n? L0\n', 'not a line of an edit'],
  [
    'varve versions 1\n#1 merge at 1 because {"trigger":1}\n',
    'the reason of event 1 cannot be read',
  ],
])('%j is not a log of versions', (text, message) => {
  expect(() => parseVersionLog(text, 'x.versions.txt')).toThrow(message)
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyEdit, EMPTY_VERSION, type Version } from '../../engine/index.ts'
import { tablesOf } from '../../strategies/index.ts'
import { momentsOf } from './moments.ts'
import { Replay } from './replay.ts'
import { type RecordedFiles, recordRun } from './testing/record-run.ts'
import { timelineOf } from './timeline-data.ts'
import type { TimelineDocument, TimelineRun } from './timeline-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-timeline-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SIZE = ['--records=3000', '--operations=2000', '--value-bytes=100', '--storage=memory']
const record = (strategy: string) =>
  recordRun(folder, `--strategy=${strategy}`, ...SIZE, '--set=memtableBytes=4KiB')

/** Every version of the run, made from the engine's own edits. */
function versionsOf({ events }: RecordedFiles): readonly Version[] {
  const versions = [EMPTY_VERSION]
  for (const { edit } of events) versions.push(applyEdit(versions.at(-1)!, edit))
  return versions
}

/** Level by level: runs newest first, each with its tables in the order of their ids. */
function treeOf(version: Version) {
  return version.levels.map(({ runs }) =>
    runs.map((run) => ({
      run: run.id,
      tables: Array.from(tablesOf(run), ({ id }) => id).sort((a, b) => a - b),
    })),
  )
}

function replayedTree(replay: Replay) {
  const { id } = replay.run.tables
  const levels = replay.levels.map((runs) =>
    runs.map((run) => ({
      run,
      tables: id.filter((_, table) => replay.runOfTable[table] === run).sort((a, b) => a - b),
    })),
  )
  while (levels.at(-1)?.length === 0) levels.pop()
  return levels
}

describe.each(['leveling-partial', 'tiering', 'fluid'])('a replay of a run under %s', (name) => {
  let recorded: RecordedFiles
  let run: TimelineRun
  let versions: readonly Version[]
  beforeAll(async () => {
    recorded = await record(name)
    run = timelineOf([recorded]).runs[0]!
    versions = versionsOf(recorded)
  })

  test('shows the engine’s tree at any moment, coming from any other', () => {
    const replay = new Replay(run)
    expect(run.edits.length).toBeGreaterThan(130)
    const moments = fc.array(fc.nat(run.edits.length), { minLength: 20, maxLength: 40 })
    fc.assert(
      fc.property(moments, (path) => {
        for (const moment of path) {
          replay.seek(moment)
          expect(replayedTree(replay)).toEqual(treeOf(versions[moment]!))
        }
      }),
      { numRuns: 15 },
    )
  })

  test('keeps the tables that the last edit removed, at their former places', () => {
    const replay = new Replay(run)
    for (const [index, { removed }] of run.edits.entries()) {
      replay.seek(index + 1)
      const before = treeOf(versions[index]!)
      expect(replay.ghosts.map(({ table }) => table)).toEqual(removed)
      for (const { table, level, runIndex, runsInLevel } of replay.ghosts) {
        expect(before[level]).toHaveLength(runsInLevel)
        expect(before[level]![runIndex]!.tables).toContain(run.tables.id[table])
      }
    }
  })

  test('ends with the levels and the written bytes of the result', () => {
    const { history, bytesWritten } = new Replay(run)
    const { levels, amplification } = recorded.result.deterministic
    const last = run.edits.length * history.levels
    for (const { level, runs, tables, bytes } of levels) {
      expect([history.runs[last + level], history.tables[last + level]]).toEqual([runs, tables])
      expect(history.bytes[last + level]).toBe(bytes)
    }
    const { flush = 0, compaction = 0 } = amplification.drained.bytesWrittenByCause
    expect(bytesWritten.at(-1)).toBe(flush + compaction)
    expect(run.edits.at(-1)!.userBytes).toBe(amplification.drained.userBytes)
  })

  test('has the reason for every compaction', () => {
    for (const { kind, reason } of run.edits) expect(reason === null).toBe(kind === 'flush')
  })
})

describe('moments of two runs', () => {
  let timeline: TimelineDocument
  beforeAll(async () => {
    timeline = timelineOf([await record('tiering'), await record('leveling')])
  })

  test('hold every edit once, by user bytes, and keep the order within each run', () => {
    const moments = momentsOf(timeline.runs)
    const [a, b] = timeline.runs as [TimelineRun, TimelineRun]
    expect(moments.count).toBe(a.edits.length + b.edits.length + 1)
    expect(moments.editsDone.map((done) => done.at(-1))).toEqual([a.edits.length, b.edits.length])
    for (let moment = 1; moment < moments.count; moment++) {
      expect(moments.userBytes[moment]!).toBeGreaterThanOrEqual(moments.userBytes[moment - 1]!)
      for (const [run, done] of moments.editsDone.entries()) {
        const edits = timeline.runs[run]!.edits
        const [lastDone, nextDue] = [edits[done[moment]! - 1], edits[done[moment]!]]
        expect(lastDone?.userBytes ?? 0).toBeLessThanOrEqual(moments.userBytes[moment]!)
        expect(nextDue?.userBytes ?? Infinity).toBeGreaterThanOrEqual(moments.userBytes[moment]!)
      }
    }
  })

  test('put equal keys at equal places', () => {
    const { keys, runs } = timeline
    expect([...keys].sort()).toEqual(keys)
    expect(new Set(keys).size).toBe(keys.length)
    for (const { tables } of runs) {
      for (const [table, smallest] of tables.smallest.entries()) {
        expect(tables.largest[table]!).toBeGreaterThanOrEqual(smallest)
      }
    }
  })
})

test('versions of another run are refused', async () => {
  const [tiering, leveling] = [await record('tiering'), await record('leveling')]
  const mixed = { result: tiering.result, events: leveling.events }
  expect(() => timelineOf([mixed])).toThrow('the recorded versions are of another run')
})

test('a run that started from a loaded tree is refused: its edits do not make that tree', async () => {
  const { result, events } = await record('tiering')
  const aged = { ...result, config: { ...result.config, aged: { tree: 'abcdef0123456789' } } }
  expect(() => timelineOf([{ result: aged, events }])).toThrow(/--aged.*record it without/)
})

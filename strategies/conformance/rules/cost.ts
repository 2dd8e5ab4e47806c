/**
 * Owns the rules of what a strategy costs: time of its answers, bytes it rewrites, tables it makes
 * and the state it keeps. All are counted, except for the time of an answer; its bound is far above
 * every honest answer, and the fastest of several tries counts.
 */

import type { CompactionStrategy, TreeView } from '../../../engine/compaction/strategy.ts'
import { type History, MEMTABLE_ENTRIES, STEADY_LOAD, steadyLoad } from '../history.ts'
import { growLargeTree } from '../large-tree.ts'
import { MEMBERS, type Member, withinTime } from '../meter.ts'
import { once, type Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'
import { ENTRY_BYTES, MEMTABLE_BYTES } from '../tree.ts'
import { TooSlow, Violation } from '../violation.ts'
import { inlineWalk } from '../walk.ts'

/** Longest time of an answer on a tree of a few tables, where ours take 0.1 ms. */
const SMALL_TREE_MS = 25
/** Longest time of an answer on many tables, and one that need not be compared with fewer. */
const LARGE_TREE_MS_MAX = 1_000
const LARGE_TREE_MS = 50
const TABLES = 16_000
/** The tree to compare with has so many times fewer tables. */
const FEWER = 8
/** An answer in proportion to tables takes 8 times as long, one to their square 64 times. */
const GROWTH_MAX = 24
/** Wall time for such a tree. It takes about 0.1 s, and some answers of a slow strategy. */
const LARGE_TREE_CASE_MS = 12_000
/** A busy machine may interrupt an answer, but hardly each of so many. */
const TRIES = 4
/** The time of the processor does not count interruptions. */
const TRIES_OF_PROCESSOR = 2

/** Memtables written before the smallest tree on which a rule of this file looks. */
const FEW_MEMTABLES = 40

export const quick: Rule = {
  name: 'quick',
  sentence: `On a small tree every answer comes within ${SMALL_TREE_MS} ms.`,
  check: once((subject) => {
    const history: History = { inherited: null, steps: steadyLoad(FEW_MEMTABLES) }
    try {
      for (const { at, strategy, view, tree } of inlineWalk(subject, history)) {
        if (at !== 'pick') continue
        for (const member of MEMBERS) {
          const timed = () => subject.meter.latestMs
          const timing = { member, timed, enoughMs: SMALL_TREE_MS, tries: TRIES }
          const ms = fastest(subject, strategy, view, timing)
          if (ms <= SMALL_TREE_MS) continue
          const message = `${member} takes ${told(ms)} on ${tree.version.totals.tables} tables`
          throw new TooSlow(message, { version: tree.version })
        }
      }
    } catch (error) {
      // Other rules report an answer that is wrong.
      if (error instanceof TooSlow) throw error
    }
  }),
}

export const manyTables: Rule = {
  name: 'many-tables',
  sentence:
    `On ${TABLES} tables in ten levels picks are safe and every answer comes within ` +
    `${LARGE_TREE_MS_MAX / 1000} s; its time grows hardly faster than the number of tables.`,
  check: once((subject) => {
    const { member, ms } = slowestOn(TABLES, subject)
    if (ms <= LARGE_TREE_MS) return
    const few = slowestOn(TABLES / FEWER, subject)
    if (ms <= GROWTH_MAX * few.ms) return
    const growth = (ms / few.ms).toFixed(0)
    const message =
      `${member} takes ${told(ms)} on ${TABLES} tables and ${told(few.ms)} on ${TABLES / FEWER}: ` +
      `${growth} times as long for ${FEWER} times as many`
    throw new TooSlow(message)
  }, 3 * LARGE_TREE_CASE_MS),
}

/** The slowest answer on a tree of so many tables, and which member gave it. */
function slowestOn(tables: number, subject: Subject) {
  let found = { member: '', ms: 0 }
  let seen = -1
  const look = (strategy: CompactionStrategy, view: TreeView, flushes: number) => {
    // By default the other members also make a pick, so they are asked once for each flush.
    const members = seen === flushes ? (['pick'] as const) : MEMBERS
    seen = flushes
    for (const member of members) {
      const timed = () => subject.meter.latestCpuMs
      const timing = { member, timed, enoughMs: LARGE_TREE_MS, tries: TRIES_OF_PROCESSOR }
      const ms = fastest(subject, strategy, view, timing)
      if (ms > LARGE_TREE_MS_MAX) {
        throw new TooSlow(`${member} takes ${told(ms)} on ${tables} tables`)
      }
      if (ms > found.ms) found = { member, ms }
    }
  }
  withinTime(LARGE_TREE_CASE_MS, `on ${tables} tables`, () => growLargeTree(subject, tables, look))
  return found
}

interface Timing {
  readonly member: Member
  /** Time of the latest answer. */
  readonly timed: () => number
  readonly enoughMs: number
  readonly tries: number
}

/**
 * Time of one answer. If it exceeds `enoughMs`, other instances, which have nothing prepared, are
 * asked as well.
 */
function fastest(
  { create }: Subject,
  strategy: CompactionStrategy,
  view: TreeView,
  { member, timed, enoughMs, tries }: Timing,
): number {
  let ms = Number.POSITIVE_INFINITY
  for (let tried = 0; tried < tries && ms > enoughMs; tried++) {
    const asked = tried === 0 ? strategy : create()
    asked[member](view)
    ms = Math.min(ms, timed())
  }
  return ms
}

function told(ms: number): string {
  return `${ms < 10 ? ms.toPrecision(2) : Math.round(ms)} ms`
}

/** Whole trees that merges may rewrite for each memtable. Merging everything rewrites one. */
const REWRITES_MAX = 1.25
/** Picks for each memtable, for each table and level of the tree. */
const PICKS_MAX = 4
/** Tables for each memtable of data and each run. */
const TABLES_MAX = 4

/** Sums over the rests of a load. */
interface Work {
  memtables: number
  picks: number
  writtenBytes: number
  treeBytes: number
  tablesAndLevels: number
}

export const boundedWrites: Rule = {
  name: 'bounded-writes',
  sentence:
    `Over ${STEADY_LOAD} memtables it rewrites at most ${REWRITES_MAX} times the tree for each, ` +
    `in at most ${PICKS_MAX} picks for each table and level, and makes at most ${TABLES_MAX} ` +
    'tables for each memtable of data and each run.',
  check: once((subject) => {
    const work: Work = { memtables: 0, picks: 0, writtenBytes: 0, treeBytes: 0, tablesAndLevels: 0 }
    const history: History = { inherited: null, steps: steadyLoad(STEADY_LOAD) }
    for (const { at, tree, spec, picks } of inlineWalk(subject, history)) {
      const { version } = tree
      const { totals, levels } = version
      const scene = { version, spec }
      if (at === 'endless') throw new TooSlow(`${picks} picks without rest`, scene)
      if (at !== 'rest') continue
      work.memtables++
      work.picks += picks
      work.treeBytes += totals.rawBytes
      work.tablesAndLevels += totals.tables + levels.length
      work.writtenBytes = tree.writtenBytes - (tree.nextSeq - 1) * ENTRY_BYTES
      const runs = levels.reduce((sum, level) => sum + level.runs.length, 0)
      const tablesMax = TABLES_MAX * (totals.rawBytes / MEMTABLE_BYTES + runs)
      if (work.memtables < FEW_MEMTABLES) continue
      const found = excess(work) ?? (totals.tables > tablesMax ? manyTold(totals, runs) : null)
      if (found !== null) throw new Violation(found, scene)
    }
  }),
}

function excess({ memtables, picks, writtenBytes, treeBytes, tablesAndLevels }: Work) {
  const userBytes = memtables * MEMTABLE_ENTRIES * ENTRY_BYTES
  if (writtenBytes > REWRITES_MAX * treeBytes) {
    const perByte = (bytes: number) => (bytes / userBytes).toFixed(1)
    return (
      `writes too much: merges write ${perByte(writtenBytes)} bytes for each byte flushed over ` +
      `${memtables} memtables; the whole tree at each would be ${perByte(treeBytes)}`
    )
  }
  if (picks <= PICKS_MAX * tablesAndLevels) return null
  const perFlush = (count: number) => (count / memtables).toFixed(1)
  return (
    `too slow: ${perFlush(picks)} picks for each of ${memtables} memtables, on ` +
    `${perFlush(tablesAndLevels)} tables and levels`
  )
}

function manyTold({ tables, rawBytes }: { tables: number; rawBytes: number }, runs: number) {
  const memtables = (rawBytes / MEMTABLE_BYTES).toFixed(1)
  return `writes too much: ${tables} tables for ${memtables} memtables of data in ${runs} runs`
}

/** A state below this size may grow. */
const STATE_BYTES_MIN = 128
/** Bytes of state and reason for each table, run and level. */
const STATE_BYTES_MAX = 1024
/** Growth over the second half of the load, while the tree stays as it is. */
const STATE_GROWTH_MAX = 1.5

export const boundedState: Rule = {
  name: 'bounded-state',
  sentence:
    `Its state does not grow while the tree stays as large, over ${STEADY_LOAD} memtables, and ` +
    `state and reason are at most ${STATE_BYTES_MAX} bytes of JSON for each table and level.`,
  check: once((subject) => {
    const bytesAt: number[] = []
    const history: History = { inherited: null, steps: steadyLoad(STEADY_LOAD) }
    for (const { at, tree, spec } of inlineWalk(subject, history)) {
      const { version, state } = tree
      const scene = { version, spec }
      const bytes = JSON.stringify(state).length
      const parts = 4 + version.totals.tables + version.levels.length
      const reasonBytes = spec === null ? 0 : JSON.stringify(spec.reason).length
      if (bytes + reasonBytes > STATE_BYTES_MAX * parts) {
        const message = `its state is ${bytes} bytes of JSON, the reason ${reasonBytes}`
        throw new Violation(`${message}, on ${version.totals.tables} tables`, scene)
      }
      if (at !== 'rest') continue
      bytesAt.push(bytes)
    }
    const [half, end] = [bytesAt[STEADY_LOAD / 2 - 1], bytesAt[STEADY_LOAD - 1]]
    if (half === undefined || end === undefined) return
    if (end < STATE_BYTES_MIN || end < STATE_GROWTH_MAX * half) return
    const [early, late] = [
      `${half} bytes of JSON after ${STEADY_LOAD / 2}`,
      `${end} after ${STEADY_LOAD}`,
    ]
    throw new Violation(`its state grows without bound: ${early} memtables, ${late}`)
  }),
}

/** Watching a strategy changes nothing, and shows its picks, scores and jobs. */
import { expect, test } from 'vitest'
import { Ledger, ManualClock, MemoryStorage } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import type { TargetEvent } from '../base/target.ts'
import { VarveTarget } from './varve-target.ts'

function load(onJobStart?: () => void) {
  const ledger = new Ledger()
  const events: TargetEvent[] = []
  const target = new VarveTarget({
    storage: new MemoryStorage(ledger),
    ledger,
    folder: 'db',
    strategyParameters: null,
    seed: 1,
    onJobStart,
    strategy: STRATEGIES.get('tiering')!.create(STRATEGIES.get('tiering')!.parse({})),
    engineOptions: { memtableBytes: 4096 },
    clock: new ManualClock(0),
    onEvent: (event) => events.push(event),
  })
  const key = new Uint8Array(8)
  for (let i = 0; i < 1500; i++) {
    new DataView(key.buffer).setUint32(0, Math.imul(i, 2654435761))
    target.put(key, new Uint8Array(100))
  }
  const stats = target.stats()
  target.close()
  return { events, stats }
}

test('a merge has the scores and candidates of its pick; a flush has none', () => {
  const { events } = load()
  const merges = events.filter(({ kind }) => kind === 'merge')
  expect(merges.length).toBeGreaterThan(3)
  for (const { scores, candidates, inputs } of merges) {
    const [deepest] = inputs.slice(-1)
    expect(scores!.find(({ level }) => level === deepest!.level)!.score).toBeGreaterThanOrEqual(1)
    const taken = inputs.reduce((sum, { tables }) => sum + tables, 0)
    expect(candidates!.tables).toBeGreaterThanOrEqual(taken)
  }
  const [flush] = events
  expect(flush).toMatchObject({ kind: 'flush', scores: null, candidates: null })
})

test('every job begins before it ends, once', () => {
  let running = 0
  const { events } = load(() => running++)
  expect(running).toBe(events.length)
})

test('scores at rest are below 1, and are part of the statistics', () => {
  const { stats } = load()
  expect(stats.scores!.length).toBeGreaterThan(1)
  for (const { score } of stats.scores!) expect(score).toBeLessThan(1)
})

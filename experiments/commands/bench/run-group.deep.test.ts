/**
 * Runs every group on every store with a few entries. No figure is judged, because each is a time;
 * each group compares what it reads with what was written.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseEngineOptions } from '../../../engine/index.ts'
import type { RaceBenchmark, RacedEngine } from '../../../results/race-schema.ts'
import { LIBRARY_ENGINES } from '../../targets/peers/calls/catalog.ts'
import {
  GROUPS,
  type GroupTask,
  ON_LARGE,
  ON_LOADED,
  type RaceGroup,
  type TaskName,
} from './group.ts'
import { runGroup } from './run-group.ts'

let place = ''
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'varve-race-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const { blockCacheBytes } = parseEngineOptions({})
const SIZE = {
  entries: 200,
  memtableBytes: 64 * 1024,
  blockCacheBytes,
  largeCacheBytes: blockCacheBytes,
  recoveryBytes: 20_000,
}
const { signal } = new AbortController()

function taskOf(name: TaskName, engine: RacedEngine, folder: string): GroupTask {
  const isGroup = name !== 'load' && name !== 'load-large'
  const benchmarks: readonly RaceBenchmark[] = isGroup ? GROUPS[name] : []
  return {
    name,
    engine,
    compression: 'none',
    folder,
    size: SIZE,
    seed: 42,
    round: 0,
    benchmarks,
    quietMs: 20,
  }
}

const NO_SUCH_CALL: Readonly<Partial<Record<RacedEngine, readonly RaceBenchmark[]>>> = {
  'varve-threads': ['put-now'],
  leveldb: ['put-now'],
  rocksdb: ['full-merge'],
  lmdb: ['full-merge'],
  sqlite: ['full-merge'],
}

describe.each(LIBRARY_ENGINES)('%s', (engine) => {
  test('runs every group and reads what was written', async () => {
    const folder = (name: string) => {
      const path = join(place, engine, name)
      mkdirSync(path, { recursive: true })
      return path
    }
    mkdirSync(join(place, engine))
    await runGroup(taskOf('load', engine, folder('loaded')), signal)
    await runGroup(taskOf('load-large', engine, folder('large')), signal)
    const lacking = NO_SUCH_CALL[engine] ?? []
    for (const name of Object.keys(GROUPS) as RaceGroup[]) {
      // A crash would end this process.
      if (ON_LARGE.has(name)) continue
      const expected: readonly RaceBenchmark[] = GROUPS[name].filter(
        (one) => !lacking.includes(one),
      )
      if (expected.length === 0) continue
      const path = folder(name)
      if (ON_LOADED.has(name)) cpSync(folder('loaded'), path, { recursive: true })
      const { figures } = await runGroup(taskOf(name, engine, path), signal)
      expect(figures.map(({ benchmark }) => benchmark)).toEqual(expected)
      for (const { value } of figures) expect(value).toBeGreaterThan(0)
    }
  })
})

/** A store that answers wrongly is caught, whatever the kind of read. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CallDefinition, CallStore } from '../../targets/peers/calls/call-store.ts'
import { callsOf } from '../../targets/peers/calls/catalog.ts'
import { GROUPS, type GroupTask, type TaskName, WrongAnswer } from './group.ts'
import { runGroup } from './run-group.ts'

let place = ''
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'varve-wrong-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const { signal } = new AbortController()
const MiB = 1024 * 1024

function taskOf(name: TaskName, folder: string): GroupTask {
  return {
    name,
    engine: 'varve-inline',
    compression: 'none',
    folder,
    size: {
      entries: 200,
      memtableBytes: MiB,
      blockCacheBytes: MiB,
      largeCacheBytes: MiB,
      recoveryBytes: MiB,
    },
    seed: 1,
    round: 0,
    benchmarks: name === 'load' || name === 'load-large' ? [] : GROUPS[name],
  }
}

type Fault = (store: CallStore) => Partial<CallStore>

/** Each fault gives one wrong answer, after `calls` right ones. */
const FAULTS: readonly (readonly [what: string, group: TaskName, says: string, fault: Fault])[] = [
  [
    'a get gives the value of another key',
    'reads',
    'get-hit',
    (store) => ({
      get: nth(
        50,
        (...asked: Parameters<CallStore['get']>) => store.get(...asked),
        (..._: Parameters<CallStore['get']>) => new Uint8Array(100),
      ),
    }),
  ],
  [
    'a get finds a key that is absent',
    'cached',
    'get-miss-cached',
    (store) => ({ get: (key) => store.get(key) ?? new Uint8Array(100) }),
  ],
  [
    'one of many gets finds nothing',
    'reads',
    'get-many',
    (store) => ({
      getMany: async (keys) => (await store.getMany(keys)).with(3, undefined),
    }),
  ],
  [
    'a scan leaves one entry out',
    'reads',
    'scan: read 597',
    (store) => ({
      scan: (reverse, tally) => {
        store.scan(reverse, tally)
        tally.count--
      },
    }),
  ],
  [
    'a batch is lost',
    'fillseq',
    'fillseq: read 100',
    (store) => ({
      putBatch: nth(
        1,
        (...batch: Parameters<CallStore['putBatch']>) => store.putBatch(...batch),
        (..._: Parameters<CallStore['putBatch']>) => {},
      ),
    }),
  ],
]

/** `right`, but `wrong` for the call after so many. */
function nth<Arguments extends unknown[], Answer>(
  calls: number,
  right: (...given: Arguments) => Answer,
  wrong: (...given: Arguments) => Answer,
): (...given: Arguments) => Answer {
  let count = 0
  return (...given) => (count++ === calls ? wrong(...given) : right(...given))
}

test.each(FAULTS)('%s', async (what, group, says, fault) => {
  const folder = join(place, what)
  mkdirSync(folder)
  const right = await callsOf('varve-inline')
  await runGroup(taskOf('load', join(folder, 'loaded')), signal)
  if (group !== 'fillseq') cpSync(join(folder, 'loaded'), join(folder, 'run'), { recursive: true })
  const task = taskOf(group, join(folder, 'run'))
  const wrong: CallDefinition = {
    ...right,
    open: async (...given) => {
      const store = await right.open(...given)
      const faulty = fault(store) as Record<string | symbol, unknown>
      return new Proxy(store, {
        get: (_, name) => {
          const own = faulty[name]
          const member = own ?? Reflect.get(store, name)
          return typeof member === 'function' ? member.bind(store) : member
        },
      })
    },
  }
  const run = runGroup(task, signal, wrong)
  await expect(run).rejects.toThrow(WrongAnswer)
  await expect(run).rejects.toThrow(says)
})

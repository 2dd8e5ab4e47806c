import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ReadCounters, systemClock } from '../../engine/index.ts'
import { OPERATION_KIND, type OperationStream } from '../../workloads/index.ts'
import type { Target } from '../base/target.ts'
import { realPassage } from '../load/passage.ts'
import { AnswerOracle } from '../measure/answer-oracle.ts'
import { LiveSizes } from '../measure/live-sizes.ts'
import { ClientsDriver } from './clients-driver.ts'

const text = (value: string) => new TextEncoder().encode(value)

/** Operations in words: 'put 1', 'get 1'. The n-th put writes the value n. */
function streamOf(...steps: readonly string[]): OperationStream {
  let at = -1
  const value = () => text(`value ${at}`)
  return {
    expected: steps.length,
    fieldNames: [],
    next(operation) {
      const step = steps[++at]
      if (step === undefined) return false
      const [what, number] = step.split(' ')
      const key = text(`key ${number}`)
      operation.keyBuffer.set(key)
      operation.setKeyLength(key.length)
      operation.kind = what === 'put' ? OPERATION_KIND.insert : OPERATION_KIND.read
      operation.keyNumber = Number(number)
      operation.scanLength = 0
      operation.valueLength = what === 'put' ? value().length : 0
      return true
    },
    acknowledge() {},
    writeValue: () => 0,
    value,
  }
}

/** A store whose puts become visible, and are acknowledged, when the test says so. */
class LateStore implements Target {
  readonly getCounters = new ReadCounters()
  readonly scanCounters = new ReadCounters()
  readonly scannedBytes = 0
  readonly calls: string[] = []
  /** Puts that wait, the oldest first. */
  readonly waiting: { readonly commit: () => void; readonly fail: (cause: Error) => void }[] = []
  readonly #values = new Map<string, Uint8Array>()
  isForgetful = false

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    const name = new TextDecoder().decode(key)
    this.calls.push(`put ${name}`)
    const copy = value.slice()
    return new Promise((resolve, reject) => {
      const commit = () => {
        if (!this.isForgetful) this.#values.set(name, copy)
        resolve()
      }
      this.waiting.push({ commit, fail: reject })
    })
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const name = new TextDecoder().decode(key)
    this.calls.push(`get ${name}`)
    return this.#values.get(name)
  }

  delete(): void {}
  scan(): number {
    return 0
  }
  drain(): void {}
  close(): void {}
}

async function world(clients: number) {
  const store = new LateStore()
  const answers = new AnswerOracle({ expectedRecords: 10 })
  const driver = new ClientsDriver({
    target: store,
    timer: systemClock,
    passage: realPassage,
    takeWork: null,
    clients,
    readThreads: null,
    liveSizes: new LiveSizes(10),
    answers,
  })
  await driver.beginRun(null)
  driver.beginPhase()
  return { store, answers, driver }
}

/** Lets promises go on, and commits nothing. */
async function turn(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await nextTurn()
}

test('as many operations are under way as there are clients, in the order of the stream', async () => {
  const { store, driver } = await world(2)
  const step = driver.step(streamOf('put 1', 'put 2', 'put 3', 'get 4'), 10, null)
  await turn()
  expect(store.calls).toEqual(['put key 1', 'put key 2'])
  store.waiting[1]!.commit()
  await turn()
  expect(store.calls).toEqual(['put key 1', 'put key 2', 'put key 3'])
  expect(driver.done).toBe(1)
  store.waiting[0]!.commit()
  store.waiting[2]!.commit()
  expect(await step).toBe('ended')
  expect(store.calls.at(-1)).toBe('get key 4')
  expect(driver.done).toBe(4)
})

test('a step ends after its limit, while other operations are under way', async () => {
  const { store, driver } = await world(3)
  const stream = streamOf('put 1', 'put 2', 'put 3')
  const step = driver.step(stream, 1, null)
  await turn()
  store.waiting[0]!.commit()
  expect(await step).toBe('sliced')
  expect(driver.done).toBe(1)
  store.waiting[1]!.commit()
  store.waiting[2]!.commit()
  expect(await driver.step(stream, 10, null)).toBe('ended')
  expect(driver.done).toBe(3)
})

test('a read beside a write of its key is not judged; one after it is', async () => {
  const { store, driver, answers } = await world(2)
  const stream = streamOf('put 1', 'get 1', 'get 1')
  const step = driver.step(stream, 2, null)
  await turn()
  expect(answers.figures()).toMatchObject({ gets: 0, wrong: 0 })
  store.waiting[0]!.commit()
  await step
  await driver.step(stream, 10, null)
  expect(answers.figures().wrong).toBe(0)
})

test('a store that loses a write is found out', async () => {
  const { store, driver, answers } = await world(2)
  store.isForgetful = true
  const stream = streamOf('put 1', 'get 1')
  const first = driver.step(streamOf('put 1'), 10, null)
  await turn()
  store.waiting[0]!.commit()
  await first
  driver.beginPhase()
  const second = driver.step(stream, 10, null)
  await turn()
  store.waiting[1]!.commit()
  await second
  driver.beginPhase()
  await driver.step(streamOf('get 1'), 10, null)
  expect(answers.figures().wrong).toBeGreaterThan(0)
})

test('a write that fails ends the step with its error', async () => {
  const { store, driver } = await world(2)
  const step = driver.step(streamOf('put 1', 'put 2'), 10, null)
  const failed = expect(step).rejects.toThrow('disk full')
  await turn()
  store.waiting[1]!.fail(new Error('disk full'))
  await failed
})

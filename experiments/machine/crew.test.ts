import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isLsmError } from '../../engine/base/errors.ts'
import { Interrupted } from '../base/interrupted.ts'
import { explain } from '../cli/explain.ts'
import { Crew } from './crew.ts'
import type { TestOrder } from './testing/orders.child.ts'

const patient = { timeout: 60_000 }

let folder = ''
let crew: Crew
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-crew-'))
  crew = new Crew(join(import.meta.dirname, 'testing/orders.child.ts'), 2)
})
afterEach(async () => {
  await crew.close()
  rmSync(folder, { recursive: true })
})

const at = (name: string) => join(folder, name)

async function perform(orders: readonly TestOrder[], signal = new AbortController().signal) {
  const ended: number[] = []
  const began: number[] = []
  const performed = await crew.performAll(orders, signal, {
    onProgress: (index) => began.push(index),
    onEnded: (index) => ended.push(index),
  })
  return { outcomes: performed.map(({ outcome }) => outcome), began, ended }
}

/** The error of the orders, as the user sees it. */
async function failure(orders: readonly TestOrder[], signal?: AbortSignal) {
  const error: unknown = await perform(orders, signal).then(
    () => null,
    (thrown) => thrown,
  )
  return { error, ...explain(error) }
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('two orders are under way at once; outcomes and ends come in order', patient, async () => {
  const orders = [
    { file: at('a'), until: at('b'), answer: new Map([['first', -0]]) },
    { file: at('b'), until: at('a'), answer: Number.POSITIVE_INFINITY },
    { answer: 'third' },
  ]
  const { outcomes, began, ended } = await perform(orders)
  expect(outcomes).toEqual([new Map([['first', -0]]), Number.POSITIVE_INFINITY, 'third'])
  expect(began.toSorted()).toEqual([0, 1, 2])
  expect(ended).toEqual([0, 1, 2])
  expect(crew.peakRssBytes).toBeGreaterThan(2 * 20e6)
})

test('of several errors the first in order is thrown, and later orders end', patient, async () => {
  const orders: TestOrder[] = [
    { until: at('b'), error: 'usage' },
    { file: at('b'), error: 'damage' },
    { file: at('never') },
  ]
  expect(await failure(orders)).toMatchObject({ line: '--T: too large', code: 2 })
  expect(existsSync(at('never'))).toBe(false)
  const waiting: TestOrder[] = [
    { until: at('c'), error: 'damage' },
    { file: at('c'), until: at('d') },
  ]
  const { error, line, code } = await failure(waiting)
  expect({ line, code }).toEqual({ line: 'x.sst: damaged', code: 1 })
  expect(isLsmError(error, 'LSM_CORRUPTION')).toBe(true)
})

test('an order before the one that failed goes on to its end', patient, async () => {
  const orders: TestOrder[] = [
    { file: at('a'), until: at('b'), answer: 'whole' },
    { until: at('a'), error: 'disk full', file: at('b') },
  ]
  const ended: number[] = []
  const listener = { onProgress: () => {}, onEnded: (index: number) => ended.push(index) }
  const running = crew.performAll(orders, new AbortController().signal, listener)
  const error = await running.catch((thrown: unknown) => thrown)
  expect(explain(error)).toEqual({ line: 'disk full: x.sst: cannot be written', code: 1 })
  expect(ended).toEqual([0])
})

test('an interrupt ends every order, and no process is left', patient, async () => {
  const interrupt = new AbortController()
  const orders = ['a', 'b'].map((name) => ({ file: at(name), until: at('never') }))
  const failing = failure([...orders, { file: at('c') }], interrupt.signal)
  while (!orders.every(({ file }) => existsSync(file) && readFileSync(file, 'utf8') !== '')) {
    await new Promise(setImmediate)
  }
  const pids = orders.map(({ file }) => Number(readFileSync(file, 'utf8')))
  expect(pids.map(isRunning)).toEqual([true, true])
  interrupt.abort()
  expect((await failing).error).toBeInstanceOf(Interrupted)
  expect(existsSync(at('c'))).toBe(false)
  await crew.close()
  expect(pids.map(isRunning)).toEqual([false, false])
})

test('a process that is killed is an error, and another takes its place', patient, async () => {
  expect(await failure([{ error: 'lost' }])).toMatchObject({
    line: 'a process of this command ended early: SIGKILL',
    code: 1,
  })
  expect((await perform([{ answer: 1 }, { answer: 2 }, { answer: 3 }])).outcomes).toEqual([1, 2, 3])
})

/** The defaults of `Database.open`: a folder and a strategy are enough. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ExecutorFactory } from '../scheduling/executor-factory.ts'
import { bytes, never, text } from '../testing/fixtures.ts'
import { Database } from './database.ts'
import type { OpenOptions } from './open-options.ts'
import { parseEngineOptions } from './options.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-open-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a folder and a strategy open a database on disk', async () => {
  for (const expected of [undefined, 'v']) {
    using db = Database.open({ folder, strategy: never })
    const found = db.get(bytes('k'))
    expect(found && text(found)).toBe(expected)
    await db.put(bytes('k'), bytes('v'))
  }
  expect(existsSync(join(folder, 'CURRENT'))).toBe(true)
})

test('undefined counts as absent', () => {
  const absent = {
    storage: undefined,
    strategyParameters: undefined,
    options: undefined,
    clock: undefined,
    seed: undefined,
    valueLogPolicy: undefined,
    onEvent: undefined,
  }
  const open = { folder, strategy: never, ...absent } as unknown as OpenOptions
  using db = Database.open(open)
  expect(db.options).toEqual(parseEngineOptions({}))
})

test.each([undefined, {}, { start() {}, wait() {} }])(
  'what a factory makes is refused if it is no executor: %j',
  (made) => {
    const scheduling = (() => made) as unknown as ExecutorFactory
    const open = () => Database.open({ folder, strategy: never, scheduling })
    expect(open).toThrow(expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' }))
    // The lock was given back.
    Database.open({ folder, strategy: never }).close()
  },
)

test('an executor gets the limit on bandwidth, which needs a policy', () => {
  const limits: (number | null)[] = []
  const scheduling: ExecutorFactory = ({ limitBytesPerSecond }) => {
    limits.push(limitBytesPerSecond)
    return { start() {}, wait() {}, close() {} }
  }
  const options = { compactionBytesPerSecond: 5000 }
  const open = () => Database.open({ folder, strategy: never, scheduling, options })
  expect(open).toThrow('compactionBytesPerSecond needs a scheduling policy')
  const schedulingPolicy = {
    name: 'equal',
    mergesMax: () => 1,
    plan: () => ({ shares: [], bytesPerSecond: null }),
  }
  Database.open({ folder, strategy: never, scheduling, options, schedulingPolicy }).close()
  expect(limits).toEqual([5000])
})

test.each(
  Object.keys(parseEngineOptions({})).concat(
    'maxOpenFiles',
    'openTablesMax',
    'cacheTableMemory',
    'cachePolicy',
    'directReads',
    'slowOperationMs',
  ),
)('engine option %s that is undefined has its default', (name) => {
  expect(parseEngineOptions({ [name]: undefined })).toStrictEqual(parseEngineOptions({}))
})

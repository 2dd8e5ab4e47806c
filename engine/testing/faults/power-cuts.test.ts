import { describe, expect, test } from 'vitest'
import { EncryptionKey } from '../../storage/encryption/encryption-key.ts'
import type { Storage, WritableFile } from '../../storage/storage.ts'
import { everyNth, RESTLESS_LOG, restless } from '../fixtures.ts'
import { schedulesFrom } from '../interleavings.ts'
import {
  cutPowerEverywhere,
  historyOf,
  historyWithCollections,
  historyWithFullMerges,
  historyWithIngests,
  historyWithTransactions,
  type PowerCutPlan,
} from './power-cuts.ts'

const plan: PowerCutPlan = {
  history: historyOf(120, 7),
  strategy: () => everyNth(3),
  options: { memtableBytes: 4096, blockBytes: 512, manifestRollBytes: 0 },
  randomImages: 2,
  tears: false,
  seed: 7,
}

/** The value log is collected between the writes and at every flush. */
const logPlan: PowerCutPlan = {
  ...plan,
  history: historyWithCollections(11, 11),
  randomImages: 1,
  options: { ...plan.options, valueLog: RESTLESS_LOG },
  valueLogPolicy: restless,
}

/** The same folders, encrypted. */
const key = EncryptionKey.of(new Uint8Array(32).fill(9))

/** A storage whose syncs do nothing if `skips` returns true: a planted bug. */
function withoutSync(storage: Storage, skips: (path: string) => boolean): Storage {
  return Object.create(storage, {
    create: {
      value: (...args: Parameters<Storage['create']>): WritableFile => {
        const file = storage.create(...args)
        if (!skips(args[0])) return file
        return Object.create(file, {
          path: { get: () => file.path },
          bytes: { get: () => file.bytes },
          append: { value: file.append.bind(file) },
          sync: { value: () => {} },
          close: { value: file.close.bind(file) },
        })
      },
    },
    syncFolder: {
      value: (folder: string) => (skips(folder) ? undefined : storage.syncFolder(folder)),
    },
    ...Object.fromEntries(
      (
        [
          'resolve',
          'open',
          'appendTo',
          'readAll',
          'list',
          'size',
          'rename',
          'link',
          'truncate',
          'remove',
          'makeFolder',
          'lock',
        ] as const
      ).map((name) => [
        name,
        { value: (storage[name] as (...a: never[]) => unknown).bind(storage) },
      ]),
    ),
  })
}

describe('power lost before any storage call', { timeout: 120_000 }, () => {
  test('leaves a prefix of the batches with every synced one', () => {
    const { calls, images, manifestRolls } = cutPowerEverywhere(plan)
    expect(calls).toBeGreaterThan(300)
    expect(images).toBeGreaterThan(calls * 5)
    expect(manifestRolls).toBeGreaterThan(1)
  })

  test('does so with large values in a log that is collected all the time', () => {
    const { calls, images } = cutPowerEverywhere(logPlan)
    expect(calls).toBeGreaterThan(200)
    expect(images).toBe(calls * 5)
  })

  test.each([
    ['its files', { ...plan, history: historyOf(70, 3), tears: true }],
    ['its values in a log', { ...logPlan, history: historyWithCollections(7, 12) }],
  ])('does so where %s are encrypted', (_, open) => {
    const { calls } = cutPowerEverywhere({ ...open, key })
    expect(calls).toBeGreaterThan(100)
  })

  const [, first, second] = schedulesFrom(7, 2)
  test.each([
    [first!, { ...plan, history: historyOf(45, 9), randomImages: 1 }],
    [second!, { ...logPlan, history: historyWithCollections(6, 5) }],
  ])('does so with jobs that run as %s', (schedule, background) => {
    const { calls, images } = cutPowerEverywhere({ ...background, schedule })
    expect(calls).toBeGreaterThan(100)
    expect(images).toBe(calls * 5)
  })

  test.each(schedulesFrom(8, 1))('keeps all of a transaction or nothing, jobs %s', (schedule) => {
    const history = historyWithTransactions(45, 13)
    const cut = { ...plan, history, randomImages: 1, tears: true, schedule }
    const { calls, images } = cutPowerEverywhere(cut)
    expect(calls).toBeGreaterThan(100)
    expect(images).toBeGreaterThan(calls * 6)
  })

  test.each([
    ['inline', { ...plan, history: historyWithFullMerges(25, 31) }],
    [second!, { ...logPlan, history: historyWithFullMerges(11, 32), schedule: second! }],
  ])('does so in the middle of full merges, jobs %s', (_, merging) => {
    const { calls } = cutPowerEverywhere({ ...merging, randomImages: 1 })
    expect(calls).toBeGreaterThan(50)
  })

  test.each([
    ['inline', { ...plan, history: historyWithIngests(5, 21), tears: true }],
    [first!, { ...logPlan, history: historyWithIngests(4, 22), schedule: first! }],
  ])('keeps all tables of an ingest or none, jobs %s', (_, ingesting) => {
    const { calls } = cutPowerEverywhere({ ...ingesting, randomImages: 1 })
    expect(calls).toBeGreaterThan(50)
  })

  test.each([
    ['the log is not synced', (path: string) => path.endsWith('.log')],
    ['tables are not synced', (path: string) => path.endsWith('.sst')],
    ['the manifest is not synced', (path: string) => path.includes('MANIFEST')],
    ['CURRENT is not synced before its rename', (path: string) => path.endsWith('.dbtmp')],
    ['the folder is not synced', (path: string) => path === '/db'],
  ])('and is found to lose data where %s', (_, skips) => {
    const wrap = (storage: Storage) => withoutSync(storage, skips)
    expect(() => cutPowerEverywhere({ ...plan, wrap })).toThrow('power cut')
  })

  test('and is found to lose values where segments are not synced', () => {
    const wrap = (storage: Storage) => withoutSync(storage, (path) => path.endsWith('.blob'))
    expect(() => cutPowerEverywhere({ ...logPlan, wrap })).toThrow('power cut')
  })
})

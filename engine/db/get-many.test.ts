import { describe, expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { bytes, everyNth, openTest, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import { runCount } from '../version/version.ts'
import type { EngineOptionsInput } from './options.ts'

const coded = (code: string) => expect.objectContaining({ code })
const KEYS = 300
const keyOf = (number: number) => bytes(`k${`${number}`.padStart(4, '0')}`)

/** A tree of several levels with overwrites, deletions of keys and ranges, and large values. */
async function filled(options: EngineOptionsInput, seed: number, strategy = everyNth(3)) {
  const storage = new MemoryStorage(new Ledger())
  const valueLogPolicy = options.valueLog === undefined ? null : restless
  const { db } = openTest({ storage, strategy, options, valueLogPolicy })
  const random = createRandom(seed)
  for (let write = 0; write < 1500; write++) {
    const number = random.nextBelow(KEYS)
    const key = keyOf(number)
    if (write % 50 === 49) await db.deleteRange(key, keyOf(number + 1 + random.nextBelow(40)))
    else if (random.nextBelow(10) === 0) await db.delete(key)
    else await db.put(key, bytes(`${write} `.repeat(1 + random.nextBelow(20))))
  }
  return { db, storage }
}

const shown = (values: readonly (Uint8Array | undefined)[]) =>
  values.map((value) => (value === undefined ? '-' : text(value)))

describe('getMany', () => {
  for (const [name, options] of [
    ['a cache', {}],
    ['no cache', { blockCacheBytes: 0 }],
    ['few open files', { maxOpenFiles: 8, blockCacheBytes: 0 }],
    ['values in segments', { valueLog: RESTLESS_LOG }],
    ['values in segments and no cache', { valueLog: RESTLESS_LOG, blockCacheBytes: 0 }],
  ] as const) {
    test(`answers as get does, with ${name}`, async () => {
      for (let seed = 1; seed <= 3; seed++) {
        const { db } = await filled(options, seed)
        const random = createRandom(seed + 100)
        const snapshot = db.snapshot()
        for (let write = 0; write < 200; write++) {
          await db.put(keyOf(random.nextBelow(KEYS)), bytes('later'))
        }
        const keys = Array.from({ length: 600 }, () => keyOf(random.nextBelow(KEYS + 20)))
        for (const readOptions of [{}, { snapshot }]) {
          const answers = await db.getMany(keys, readOptions)
          const expected = keys.map((key) => db.get(key, readOptions))
          expect(shown(answers), `seed ${seed}`).toEqual(shown(expected))
        }
        db.close()
      }
    })
  }

  test('sees the moment of the call, whatever happens before its end', async () => {
    const { db } = await filled({ blockCacheBytes: 0, valueLog: RESTLESS_LOG }, 7)
    const keys = Array.from({ length: KEYS }, (_, number) => keyOf(number))
    const expected = shown(keys.map((key) => db.get(key)))
    const changed = keys.map((key) => Uint8Array.from(key))
    const answers = db.getMany(changed)
    for (const key of changed) key.fill(0)
    for (const key of keys) db.put(key, bytes('x'.repeat(500))).catch(() => {})
    db.flush()
    expect(shown(await answers)).toEqual(expected)
    db.close()
  })

  test('reads the blocks of a round at once, each once', async () => {
    const { db, storage } = await filled({ blockCacheBytes: 0 }, 3)
    db.flush()
    let underWay = 0
    let most = 0
    let reads = 0
    countReads(storage, (change) => {
      underWay += change
      most = Math.max(most, underWay)
      if (change > 0) reads++
    })
    db.close()
    const { db: reopened } = openTest({ storage, options: { blockCacheBytes: 0 } })
    const keys = Array.from({ length: 200 }, (_, number) => keyOf(number))
    await reopened.getMany(keys)
    expect(most).toBeGreaterThan(20)
    const { blocksFromStorage } = reopened.metrics().gets
    expect(blocksFromStorage).toBe(reads)
    expect(reads).toBeLessThan(200)

    reads = 0
    await reopened.getMany(Array.from({ length: 100 }, () => keyOf(7)))
    expect(reads).toBeLessThanOrEqual(runCount(reopened.version))
    reopened.close()
  })

  test('of no keys is nothing, and refuses what is no array of keys', async () => {
    const { db } = openTest()
    expect(await db.getMany([])).toEqual([])
    await expect(db.getMany('k' as never)).rejects.toThrow(coded('LSM_INVALID_ARGUMENT'))
    await expect(db.getMany([bytes('a'), 'b' as never])).rejects.toThrow(/keys\[1\]/)
    await expect(db.getMany([], { snapshots: 1 } as never)).rejects.toThrow(
      coded('LSM_INVALID_ARGUMENT'),
    )
    db.close()
    await expect(db.getMany([bytes('a')])).rejects.toThrow(coded('LSM_CLOSED'))
  })

  test('is refused if the database is closed before its end', async () => {
    // Without filters of its newest runs, each search goes through several tables.
    const unfiltered = { ...everyNth(3), flushFilter: () => ({ bitsPerKey: 0 }) }
    const { db, storage } = await filled({ blockCacheBytes: 0 }, 3, unfiltered)
    db.close()
    const { db: reopened } = openTest({ storage, options: { blockCacheBytes: 0 } })
    const answers = reopened.getMany([keyOf(7)])
    reopened.close()
    storage.open = () => {
      throw new Error('opened after the close')
    }
    await expect(answers).rejects.toThrow(coded('LSM_CLOSED'))
  })
})

/** Makes every file opened from now on report the beginning and end of its asynchronous reads. */
function countReads(storage: MemoryStorage, report: (change: 1 | -1) => void): void {
  const counted = (file: ReadableFile): ReadableFile => ({
    path: file.path,
    bytes: file.bytes,
    read: (target, length, offset, section) => file.read(target, length, offset, section),
    async readAsync(target, length, offset, section) {
      report(1)
      await new Promise((resolve) => setImmediate(resolve))
      await file.readAsync(target, length, offset, section)
      report(-1)
    },
    tagged: (tag) => counted(file.tagged(tag)),
    close: () => file.close(),
  })
  const open = storage.open.bind(storage)
  storage.open = (path, tag) => counted(open(path, tag))
}

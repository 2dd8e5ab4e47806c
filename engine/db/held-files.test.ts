/** What is held keeps the files it can reach, and none of those written after it. */
import { describe, expect, test } from 'vitest'
import { folderBytes } from '../storage/storage.ts'
import { bytes, openTest, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import { put } from '../testing/log-fixtures.ts'
import type { Database } from './database.ts'

const KEYS = 100
const keyOf = (index: number) => `key${String(index % KEYS).padStart(4, '0')}`
const first = (index: number) => `first ${index}`.padEnd(100, '.')

type Pairs = Iterable<[Uint8Array, Uint8Array]> | AsyncIterable<[Uint8Array, Uint8Array]>

/** Ways to hold a moment: each gives what it sees later, and lets go. */
const holders: Readonly<Record<string, (db: Database) => { see: () => Pairs; release(): void }>> = {
  cursor(db) {
    const cursor = db.cursor()
    function* walk(): Iterable<[Uint8Array, Uint8Array]> {
      for (cursor.seekToFirst(); cursor.valid; cursor.next()) yield [cursor.key(), cursor.value()]
    }
    return { see: walk, release: () => cursor.close() }
  },
  scan(db) {
    const scan = db.scan()
    return { see: () => scan, release: () => scan[Symbol.dispose]() }
  },
  scanAsync(db) {
    const scan = db.scanAsync()
    return { see: () => scan, release: () => {} }
  },
  snapshot(db) {
    const snapshot = db.snapshot()
    return { see: () => db.scan({ snapshot }), release: () => snapshot.release() }
  },
}

describe.each([
  ['in the tree', {}, {}],
  ['in the value log', { valueLog: RESTLESS_LOG }, { valueLogPolicy: restless }],
])('values %s', (_, options, parts) => {
  /** The folder's bytes after `rounds` of overwrites of all keys. */
  function overwritten(db: Database, rounds: number, size: () => number): readonly number[] {
    const sizes: number[] = []
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index < KEYS; index++) put(db, keyOf(index), `${round}`.padEnd(100, '.'))
      sizes.push(size())
    }
    return sizes
  }

  test.each(['cursor', 'scan', 'scanAsync', 'snapshot'])(
    'a %s keeps the files that it can reach',
    async (how) => {
      const most = (held: boolean) => {
        const { db, storage } = openTest({ options, ...parts })
        for (let index = 0; index < KEYS; index++) put(db, keyOf(index), first(index))
        const before = folderBytes(storage, '/db')
        const holder = held ? holders[how]!(db) : null
        const size = () => folderBytes(storage, '/db')
        return { db, size, before, holder, most: Math.max(...overwritten(db, 60, size)) }
      }
      const free = most(false)
      const { db, size, before, holder, most: withHeld } = most(true)
      // What it holds, and for a snapshot the versions of its moment once more while a merge copies
      // them.
      expect(withHeld - free.most).toBeLessThan(4 * before)
      let index = 0
      for await (const [key, value] of holder!.see()) {
        expect([text(key), text(value)]).toEqual([keyOf(index), first(index)])
        index++
      }
      expect(index).toBe(KEYS)
      holder!.release()
      overwritten(db, 10, size)
      db.flush()
      free.db.flush()
      expect(size()).toBeLessThan(1.5 * free.size())
      expect(text(db.get(bytes(keyOf(5)))!)).toBe('9'.padEnd(100, '.'))
      db.close()
      free.db.close()
    },
  )
})

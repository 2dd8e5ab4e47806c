/** A full merge under every strategy: answers stay, and the strategy goes on from its result. */

import { expect, test } from 'vitest'
import { MemoryStorage } from '../engine/index.ts'
import { STRATEGIES } from './index.ts'
import { open, WriteBatch } from './open.ts'

const key = (n: number) => Buffer.from(`key${String(n).padStart(4, '0')}`)

test.each([...STRATEGIES.keys()])('%s goes on after a full merge', (strategy) => {
  const storage = new MemoryStorage()
  using db = open('/db', { storage, strategy, options: { memtableBytes: 4096 } })
  const expected = new Map<string, string>()
  const batch = new WriteBatch()
  const write = (from: number, to: number, round: string) => {
    for (let n = from; n < to; n++) {
      batch.clear()
      const name = key((n * 7) % 600)
      if (n % 11 === 0) batch.delete(name)
      else batch.put(name, Buffer.from(round.repeat(60)))
      db.writeSync(batch)
      if (n % 11 === 0) expected.delete(`${name}`)
      else expected.set(`${name}`, round)
    }
  }
  const check = () => {
    const found = Array.from(db.scan(), ([name, value]) => [
      `${Buffer.from(name)}`,
      `${Buffer.from(value)}`[0],
    ])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
  }
  write(0, 800, 'a')
  db.compact()
  const { entries, tombstones } = db.version.totals
  expect({ entries, tombstones }).toEqual({ entries: expected.size, tombstones: 0 })
  check()
  write(800, 1600, 'b')
  check()
  db.compact()
  db.compact()
  check()
})

/** `getMany` and cursors of transactions: own writes, both directions, and what counts as read. */

import { describe, expect, test } from 'vitest'
import { bytes, everyNth, openTest, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import type { Cursor } from './cursor.ts'
import type { Database } from './database.ts'
import type { Transaction } from './transaction.ts'

const coded = (code: string) => expect.objectContaining({ code })
const put = (to: Transaction | Database, key: string, value = 'v') =>
  to.put(bytes(key), bytes(value))

async function filled(...keys: readonly string[]): Promise<Database> {
  const { db } = openTest()
  for (const key of keys) await put(db, key, 'old')
  return db
}

const at = (cursor: Cursor) =>
  cursor.valid ? `${text(cursor.key())}=${text(cursor.value())}` : null

describe('getMany of a transaction', () => {
  const many = async (from: Transaction, ...keys: readonly string[]) => {
    const values = await from.getMany(keys.map(bytes))
    return values.map((value) => (value === undefined ? null : text(value)))
  }

  test('answers for each key as get, with own writes and deletions', async () => {
    const { db } = openTest({ valueLogPolicy: restless, options: { valueLog: RESTLESS_LOG } })
    const long = 'long'.padEnd(200, '.')
    for (const key of ['a', 'b', 'c', 'd']) await put(db, key, key === 'd' ? long : 'old')
    db.flush()
    const transaction = db.transaction()
    put(transaction, 'a', 'mine')
    transaction.delete(bytes('b'))
    transaction.deleteRange(bytes('x'), bytes('z'))
    await put(db, 'c', 'new')
    await put(db, 'e', 'new')
    const keys = ['a', 'b', 'c', 'd', 'e', 'c', 'xx', 'a']
    const expected = ['mine', null, 'old', long, null, 'old', null, 'mine']
    expect(await many(transaction, ...keys)).toEqual(expected)
    expect(await many(transaction)).toEqual([])
    transaction.rollback()
  })

  test('answers for the moment of the call, and its keys may change afterwards', async () => {
    const db = await filled('a', 'b')
    const transaction = db.transaction()
    put(transaction, 'a', 'mine')
    const keys = [bytes('a'), bytes('b')]
    const values = transaction.getMany(keys)
    keys[0]!.fill(0)
    keys.pop()
    put(transaction, 'a', 'later')
    put(transaction, 'b', 'later')
    expect((await values).map((value) => text(value!))).toEqual(['mine', 'old'])
  })

  test('reads its keys for the check, also while it is under way', async () => {
    for (const [changed, conflicts] of [
      ['a', false],
      ['b', true],
      ['x', true],
      ['c', false],
    ] as const) {
      const db = await filled('a', 'b', 'c')
      const transaction = db.transaction()
      put(transaction, 'a', 'mine')
      put(transaction, 'mine')
      const values = transaction.getMany(['a', 'b', 'x'].map(bytes))
      transaction.delete(bytes('a'))
      const savepoint = transaction.savepoint()
      transaction.rollbackTo(savepoint)
      if (changed !== 'a') await put(db, changed)
      const committed = transaction.commit()
      if (conflicts) await expect(committed).rejects.toThrow(coded('LSM_CONFLICT'))
      else await committed
      expect((await values).map((value) => value && text(value))).toEqual([
        'mine',
        'old',
        undefined,
      ])
    }
  })

  test('is refused after the end', async () => {
    const db = await filled('a')
    const transaction = db.transaction()
    transaction.rollback()
    await expect(transaction.getMany([bytes('a')])).rejects.toThrow('transaction was rolled back')
  })
})

describe('a cursor of a transaction', () => {
  test('shows own writes over the snapshot, in both directions', async () => {
    const db = await filled('a', 'c', 'e', 'g')
    const transaction = db.transaction()
    put(transaction, 'b', 'mine')
    put(transaction, 'c', 'mine')
    transaction.deleteRange(bytes('e'), bytes('f'))
    await put(db, 'd', 'new')
    using cursor = transaction.cursor({ gt: bytes('a') })
    cursor.seekToFirst()
    const forward = [at(cursor)]
    for (cursor.next(); cursor.valid; cursor.next()) forward.push(at(cursor))
    expect(forward).toEqual(['b=mine', 'c=mine', 'g=old'])
    cursor.seekToLast()
    const backward = [at(cursor)]
    for (cursor.prev(); cursor.valid; cursor.prev()) backward.push(at(cursor))
    expect(backward).toEqual(forward.toReversed())
    cursor.seek(bytes('cc'))
    expect(at(cursor)).toBe('g=old')
    cursor.prev()
    expect(at(cursor)).toBe('c=mine')
    cursor.seekForPrev(bytes('bb'))
    expect(at(cursor)).toBe('b=mine')
    cursor.next()
    expect(at(cursor)).toBe('c=mine')
    put(transaction, 'bc', 'later')
    cursor.prev()
    expect(at(cursor)).toBe('b=mine')
  })

  const moves: readonly [string, (cursor: Cursor) => void, read: string, unread: string][] = [
    ['seek', (one) => one.seek(bytes('c')), 'ce', 'bf'],
    ['a seek that finds nothing', (one) => one.seek(bytes('o')), 'ops', 'nz'],
    ['seekForPrev', (one) => one.seekForPrev(bytes('h')), 'gh', 'fi'],
    ['seekToFirst', (one) => one.seekToFirst(), 'be', 'af'],
    ['seekToLast', (one) => one.seekToLast(), 'mp', 'lz'],
    ['next', (one) => [one.seek(bytes('d')), one.next()], 'dfg', 'ch'],
    ['prev', (one) => [one.seek(bytes('g')), one.prev()], 'efg', 'dh'],
    ['next at the end', (one) => [one.seekToLast(), one.next()], 'mp', 'lz'],
    ['prev at the start', (one) => [one.seekToFirst(), one.prev()], 'be', 'af'],
    ['two seeks', (one) => [one.seek(bytes('e')), one.seek(bytes('m'))], 'em', 'fl'],
  ]
  test.each(moves)('reads by %s exactly what it went over', async (_, move, read, unread) => {
    // The entries are e, g and m; the bounds are b, inclusive, and z, exclusive.
    for (const [keys, conflicts] of [
      [read, true],
      [unread, false],
    ] as const) {
      for (const key of keys) {
        for (const ends of ['by close', 'by the commit'] as const) {
          const db = await filled('e', 'g', 'm')
          const transaction = db.transaction()
          const cursor = transaction.cursor({ gte: bytes('b'), lt: bytes('z') })
          move(cursor)
          if (ends === 'by close') cursor.close()
          put(transaction, 'zz', 'mine')
          await put(db, key)
          const commit = () => transaction.commitSync()
          if (conflicts) expect(commit, key).toThrow(coded('LSM_CONFLICT'))
          else commit()
        }
      }
    }
  })

  test('of snapshot isolation reads nothing', async () => {
    const db = await filled('a', 'b')
    const transaction = db.transaction({ isolation: 'snapshot' })
    transaction.cursor().seekToFirst()
    put(transaction, 'mine')
    await put(db, 'a')
    await transaction.commit()
  })

  test('keeps values of the log, through flushes and collections', async () => {
    const { db } = openTest({
      strategy: everyNth(2),
      valueLogPolicy: restless,
      options: { valueLog: RESTLESS_LOG },
    })
    const long = (name: string) => name.padEnd(200, '.')
    await put(db, 'a', long('old'))
    await put(db, 'b', long('old'))
    const transaction = db.transaction()
    const cursor = transaction.cursor()
    await put(db, 'a', long('new'))
    db.flush()
    db.collectValueLog()
    cursor.seekToFirst()
    expect(at(cursor)).toBe(`a=${long('old')}`)
    transaction.rollback()
  })

  test('ends with the transaction, with a rollback to a savepoint, and with the database', async () => {
    const db = await filled('a')
    const transaction = db.transaction()
    const savepoint = transaction.savepoint()
    const cursor = transaction.cursor()
    cursor.seekToFirst()
    transaction.rollbackTo(savepoint)
    expect(cursor.valid).toBe(false)
    expect(() => cursor.seekToFirst()).toThrow('ended by a rollback to a savepoint')
    const second = transaction.cursor()
    second.seekToFirst()
    transaction.commitSync()
    for (const move of [
      () => second.seekToFirst(),
      () => second.seekToLast(),
      () => second.seek(bytes('a')),
      () => second.seekForPrev(bytes('a')),
      () => second.next(),
      () => second.prev(),
    ]) {
      expect(move).toThrow('the transaction was committed')
    }
    second.close()
    const last = db.transaction().cursor()
    db.close()
    expect(() => last.seekToFirst()).toThrow(coded('LSM_CLOSED'))
  })
})

test('a long transaction keeps one span for a scan in pages, and for a cursor that seeks', async () => {
  const { db } = openTest()
  const key = (n: number) => `key${String(n).padStart(5, '0')}`
  for (let n = 0; n < 500; n++) await put(db, key(n))
  const paged = db.transaction()
  let last = bytes('')
  for (let page = 0; page < 50; page++) {
    for (const [found] of paged.scan({ gt: last, limit: 10 })) last = found
    expect(paged.readSpans).toBe(1)
  }
  expect(text(last)).toBe(key(499))
  const seeking = db.transaction()
  using cursor = seeking.cursor()
  for (let n = 0; n < 500; n++) cursor.seek(bytes(key((n * 7) % 500)))
  cursor.seek(bytes(key(0)))
  expect(seeking.readSpans).toBe(500)
  cursor.seekToFirst()
  for (let n = 0; n < 100; n++) cursor.next()
  cursor.close()
  expect(seeking.readSpans).toBe(400)
})

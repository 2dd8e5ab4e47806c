/** Transactions: what they see, what makes them conflict, savepoints, and calls after their end. */

import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, everyNth, openTest, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { KeyBounds } from './call-options.ts'
import type { Database } from './database.ts'
import type { Savepoint, Transaction } from './transaction.ts'

const coded = (code: string) => expect.objectContaining({ code })
const put = (to: Transaction | Database, key: string, value = 'v') => {
  return to.put(bytes(key), bytes(value))
}
const get = (from: Transaction | Database, key: string) => {
  const value = from.get(bytes(key))
  return value === undefined ? undefined : text(value)
}
const scanned = (from: Transaction | Database, reverse = false) =>
  Array.from(from.scan({ reverse }), ([key, value]) => `${text(key)}=${text(value)}`).join(' ')

const erase = (from: Transaction | Database, first: string, end: string) => {
  return from.deleteRange(bytes(first), bytes(end))
}

async function filled(...keys: readonly string[]): Promise<Database> {
  const { db } = openTest()
  for (const key of keys) await put(db, key, 'old')
  return db
}

/** Begins a transaction, makes `first` in it, `meanwhile` in the database, then commits. */
async function outcome(
  db: Database,
  isolation: 'snapshot' | 'serializable',
  first: (transaction: Transaction) => void,
  meanwhile: () => unknown,
): Promise<'committed' | Readonly<Record<string, unknown>>> {
  const transaction = db.transaction({ isolation })
  first(transaction)
  await meanwhile()
  try {
    await transaction.commit()
    return 'committed'
  } catch (error) {
    if (!isLsmError(error, 'LSM_CONFLICT')) throw error
    return error.data
  }
}

describe('a transaction sees', () => {
  test('the database as it was at the begin, and its own writes', async () => {
    const db = await filled('a', 'b', 'c')
    const transaction = db.transaction()
    await put(db, 'b', 'new')
    await put(db, 'bb', 'new')
    put(transaction, 'a', 'mine')
    put(transaction, 'd', 'mine')
    transaction.delete(bytes('c'))
    expect(get(transaction, 'a')).toBe('mine')
    expect(get(transaction, 'b')).toBe('old')
    expect(get(transaction, 'c')).toBeUndefined()
    expect(transaction.has(bytes('c'))).toBe(false)
    expect(transaction.has(bytes('d'))).toBe(true)
    expect(transaction.has(bytes('bb'))).toBe(false)
    expect(scanned(transaction)).toBe('a=mine b=old d=mine')
    expect(scanned(transaction, true)).toBe('d=mine b=old a=mine')
    expect(scanned(db)).toBe('a=old b=new bb=new c=old')
    transaction.rollback()
    expect(scanned(db)).toBe('a=old b=new bb=new c=old')
  })

  test('bounds and limits in both directions', async () => {
    const db = await filled('a', 'c', 'e')
    const transaction = db.transaction()
    for (const key of ['b', 'd', 'f']) put(transaction, key, 'mine')
    const keys = (options: object) =>
      Array.from(transaction.scan(options), ([key]) => text(key)).join('')
    expect(keys({ gte: bytes('b'), lt: bytes('e') })).toBe('bcd')
    expect(keys({ gt: bytes('b'), lte: bytes('e'), reverse: true })).toBe('edc')
    expect(keys({ limit: 3 })).toBe('abc')
    expect(keys({ reverse: true, limit: 2 })).toBe('fe')
    expect(keys({ limit: 0 })).toBe('')
    expect(keys({ gte: bytes('c'), lt: bytes('c') })).toBe('')
  })

  test('in a scan the moment of its call, also while its own loop writes', async () => {
    const db = await filled('a', 'b', 'c')
    const transaction = db.transaction()
    put(transaction, 'd', 'mine')
    const seen: string[] = []
    for (const [key, value] of transaction.scan()) {
      seen.push(`${text(key)}=${text(value)}`)
      put(transaction, `${text(key)}+`, 'later')
      put(transaction, 'c', 'later')
      transaction.delete(bytes('d'))
    }
    expect(seen).toEqual(['a=old', 'b=old', 'c=old', 'd=mine'])
    expect(scanned(transaction)).toBe('a=old a+=later b=old b+=later c=later c+=later d+=later')
  })

  test('values of the log, through flushes and collections', async () => {
    const { db } = openTest({
      strategy: everyNth(2),
      valueLogPolicy: restless,
      options: { valueLog: RESTLESS_LOG },
    })
    const long = (name: string) => name.padEnd(200, '.')
    await put(db, 'a', long('old'))
    await put(db, 'b', long('old'))
    const transaction = db.transaction()
    await put(db, 'a', long('new'))
    db.flush()
    db.collectValueLog()
    expect(get(transaction, 'a')).toBe(long('old'))
    put(transaction, 'c', long('mine'))
    expect(scanned(transaction)).toBe(`a=${long('old')} b=${long('old')} c=${long('mine')}`)
    expect(scanned(transaction, true).split(' ').at(0)).toBe(`c=${long('mine')}`)
  })

  test('ranges that it has deleted, and what it has put into them since', async () => {
    const db = await filled('a', 'b', 'c', 'd', 'e')
    const transaction = db.transaction()
    put(transaction, 'bb')
    transaction.deleteRange(bytes('b'), bytes('d'))
    expect(scanned(transaction)).toBe('a=old d=old e=old')
    expect(scanned(transaction, true)).toBe('e=old d=old a=old')
    expect(get(transaction, 'b')).toBeUndefined()
    expect(transaction.has(bytes('bb'))).toBe(false)
    const savepoint = transaction.savepoint()
    put(transaction, 'c', 'mine')
    transaction.deleteRange(bytes('cc'), bytes('z'))
    expect(scanned(transaction)).toBe('a=old c=mine')
    transaction.rollbackTo(savepoint)
    put(transaction, 'bc', 'mine')
    expect(scanned(transaction)).toBe('a=old bc=mine d=old e=old')
    await transaction.commit()
    expect(scanned(db)).toBe('a=old bc=mine d=old e=old')
  })

  test('a thousand writes of its own, in order', async () => {
    const db = await filled()
    const transaction = db.transaction()
    const key = (n: number) => `key${String((n * 7919) % 1000).padStart(4, '0')}`
    for (let n = 0; n < 1000; n++) put(transaction, key(n), `${n}`)
    const keys = Array.from(transaction.scan(), ([k]) => text(k))
    expect(keys).toEqual(Array.from({ length: 1000 }, (_, n) => key(n)).sort())
    expect(Array.from(transaction.scan({ reverse: true }), ([k]) => text(k))).toEqual(
      keys.toReversed(),
    )
    for (let n = 0; n < 1000; n++) expect(get(transaction, key(n))).toBe(`${n}`)
    await transaction.commit()
    expect(Array.from(db.scan(), ([k]) => text(k))).toEqual(keys)
  })
})

describe('a commit', () => {
  test('writes each key once, together', async () => {
    const db = await filled('a', 'b')
    const { lastSeq } = db
    const transaction = db.transaction()
    for (let n = 0; n < 5; n++) put(transaction, 'c', `${n}`)
    transaction.delete(bytes('a'))
    const committed = transaction.commit({ sync: true })
    expect(scanned(db)).toBe('a=old b=old')
    await committed
    expect(scanned(db)).toBe('b=old c=4')
    expect(db.lastSeq).toBe(lastSeq + 2)
  })

  test.each(['snapshot', 'serializable'] as const)(
    'under %s conflicts with a later write of the same key',
    async (isolation) => {
      const db = await filled('a')
      const first = (transaction: Transaction) => put(transaction, 'a', 'mine')
      const snapshotSeq = db.lastSeq
      const newer = { access: 'write', key: bytes('a'), snapshotSeq, seq: snapshotSeq + 1 }
      expect(await outcome(db, isolation, first, () => put(db, 'a'))).toEqual(newer)
      expect(get(db, 'a')).toBe('v')
      const erased = await outcome(db, isolation, first, () => db.delete(bytes('a')))
      expect(erased).toMatchObject({ access: 'write', key: bytes('a') })
      expect(get(db, 'a')).toBeUndefined()
      expect(await outcome(db, isolation, first, () => put(db, 'b'))).toBe('committed')
      expect(
        await outcome(
          db,
          isolation,
          () => {},
          () => put(db, 'a'),
        ),
      ).toBe('committed')
    },
  )

  test.each<[string, (one: Transaction) => unknown, (db: Database) => unknown, boolean]>([
    ['its range with a key', (one) => erase(one, 'b', 'd'), (db) => put(db, 'c'), true],
    ['its range with a new key', (one) => erase(one, 'b', 'd'), (db) => put(db, 'bb'), true],
    ['its range with a range', (one) => erase(one, 'b', 'd'), (db) => erase(db, 'a', 'c'), true],
    ['its key with a range', (one) => put(one, 'b'), (db) => erase(db, 'a', 'c'), true],
    ['its range with its own end', (one) => erase(one, 'b', 'd'), (db) => put(db, 'd'), false],
    ['ranges that touch', (one) => erase(one, 'b', 'd'), (db) => erase(db, 'd', 'e'), false],
    ['a range before its key', (one) => put(one, 'b'), (db) => erase(db, 'a', 'b'), false],
  ])('compares %s', async (_, first, meanwhile, conflicts) => {
    for (const isolation of ['snapshot', 'serializable'] as const) {
      const db = await filled('a', 'b', 'c')
      const found = await outcome(db, isolation, first, () => meanwhile(db))
      if (conflicts) expect(found).toMatchObject({ access: 'write' })
      else expect(found).toBe('committed')
    }
  })

  test.each<[string, (transaction: Transaction) => unknown, string, KeyBounds | null]>([
    ['a value', (one) => one.get(bytes('a')), 'a', null],
    ['a missing value', (one) => one.get(bytes('x')), 'x', null],
    ['whether it has a value', (one) => one.has(bytes('x')), 'x', null],
    ['a phantom of a scan', (one) => scanned(one), 'x', {}],
    [
      'a phantom of an empty range',
      (one) => [...one.scan({ gte: bytes('u'), lt: bytes('z') })],
      'x',
      {},
    ],
    ['a phantom before the limit', (one) => [...one.scan({ limit: 2 })], 'aa', {}],
    ['a phantom above the limit', (one) => [...one.scan({ limit: 2, reverse: true })], 'x', {}],
    ['the last key before the limit', (one) => [...one.scan({ limit: 2 })], 'b', {}],
    ['a phantom beyond own writes', (one) => [put(one, 'w'), scanned(one)], 'x', {}],
  ])('under serializable alone conflicts with a later write of %s', async (_, read, key, span) => {
    const db = await filled('a', 'b', 'c')
    const first = (transaction: Transaction) => {
      read(transaction)
      put(transaction, 'mine')
    }
    expect(await outcome(db, 'snapshot', first, () => put(db, key))).toBe('committed')
    await db.delete(bytes('x'))
    const found = await outcome(db, 'serializable', first, () => put(db, key))
    expect(found).toMatchObject({ access: 'read', key: bytes(key), ...(span && { range: {} }) })
  })

  test.each<[string, (transaction: Transaction) => unknown, string]>([
    ['a scan never stepped', (one) => one.scan(), 'x'],
    ['beyond the limit', (one) => [...one.scan({ limit: 2 })], 'ba'],
    ['below the limit', (one) => [...one.scan({ limit: 2, reverse: true })], 'a'],
    ['outside the bounds', (one) => [...one.scan({ gt: bytes('a'), lt: bytes('c') })], 'c'],
    ['an own write', (one) => [put(one, 'mine'), one.get(bytes('mine'))], 'x'],
  ])('does not conflict with a later write of %s', async (_, read, key) => {
    const db = await filled('a', 'b', 'c')
    const first = (transaction: Transaction) => {
      read(transaction)
      put(transaction, 'mine')
    }
    expect(await outcome(db, 'serializable', first, () => put(db, key))).toBe('committed')
  })

  test('without writes never conflicts', async () => {
    const db = await filled('a')
    const first = (transaction: Transaction) => scanned(transaction)
    expect(await outcome(db, 'serializable', first, () => put(db, 'a'))).toBe('committed')
  })

  test('does not conflict with flushes, merges and moves of values', async () => {
    const { db } = openTest({
      strategy: everyNth(2),
      valueLogPolicy: restless,
      options: { valueLog: RESTLESS_LOG },
    })
    for (let n = 0; n < 30; n++) await put(db, `key${n}`, `${n}`.padEnd(200, '.'))
    const first = (transaction: Transaction) => {
      scanned(transaction)
      put(transaction, 'key1', 'mine')
    }
    const meanwhile = () => {
      db.flush()
      for (let n = 0; n < 10; n++) db.collectValueLog()
    }
    const { lastSeq } = db
    expect(await outcome(db, 'serializable', first, meanwhile)).toBe('committed')
    expect(db.lastSeq, 'values were moved').toBeGreaterThan(lastSeq + 1)
  })

  test.each([false, true, 'interval'] as const)(
    'in one group with others is checked against those before it (sync %s)',
    async (sync) => {
      const db = await filled('a')
      const transactions = Array.from({ length: 4 }, () => db.transaction())
      const [first, second, third, last] = transactions as [
        Transaction,
        Transaction,
        Transaction,
        Transaction,
      ]
      put(first, 'a', 'first')
      put(second, 'a', 'second')
      put(third, 'c', get(third, 'b'))
      put(last, 'd')
      const commits = transactions.slice(0, 2).map((one) => one.commit({ sync }))
      commits.push(put(db, 'b') as Promise<void>)
      commits.push(third.commit({ sync }), last.commit({ sync }))
      const ends = await Promise.allSettled(commits)
      expect(ends.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ])
      expect(scanned(db)).toBe('a=first b=v d=v')
    },
  )

  test('is checked against a write that was being synced at the begin', async () => {
    const db = await filled('a')
    const written = db.put(bytes('a'), bytes('new'), { sync: true })
    await Promise.resolve()
    const transaction = db.transaction()
    expect(get(transaction, 'a')).toBe('old')
    put(transaction, 'a', 'mine')
    await written
    await expect(transaction.commit()).rejects.toThrow(coded('LSM_CONFLICT'))
    expect(get(db, 'a')).toBe('new')
  })

  test('may block', async () => {
    const db = await filled('a')
    const [one, two] = [db.transaction(), db.transaction()]
    put(one, 'a', 'one')
    put(two, 'a', 'two')
    one.commitSync({ sync: true })
    expect(() => two.commitSync()).toThrow(coded('LSM_CONFLICT'))
    expect(get(db, 'a')).toBe('one')
    const reading = db.transaction()
    get(reading, 'a')
    reading.commitSync()
    expect([one, two, reading].map(({ isOpen }) => isOpen)).toEqual([false, false, false])
  })

  test('may not block inside an event listener, where a promised one is fine', async () => {
    const refused: unknown[] = []
    const promised: Promise<void>[] = []
    let db: Database | null = null
    const onEvent = () => {
      if (db === null) return
      const transaction = db.transaction()
      put(transaction, 'listener')
      try {
        transaction.commitSync()
      } catch (error) {
        refused.push(error)
      }
      promised.push(transaction.commit())
    }
    db = openTest({ onEvent }).db
    put(db, 'a', 'v')
    db.flush()
    expect(refused.length).toBeGreaterThan(0)
    for (const error of refused) expect(error).toEqual(coded('LSM_INVALID_ARGUMENT'))
    const ends = await Promise.allSettled(promised)
    expect(ends[0]!.status).toBe('fulfilled')
    expect(get(db, 'listener')).toBe('v')
  })

  test('that fails ends the transaction, and the database is read-only', async () => {
    const memory = new MemoryStorage(new Ledger())
    const storage = new FaultStorage(memory)
    const { db } = openTest({ storage: storage as never })
    const [first, second] = [db.transaction(), db.transaction()]
    put(first, 'a')
    put(second, 'b')
    storage.failWhen(({ operation, path }) => operation === 'sync' && path.endsWith('.log'), 'EIO')
    await expect(first.commit({ sync: true })).rejects.toThrow(coded('LSM_IO'))
    await expect(second.commit()).rejects.toThrow(coded('LSM_READ_ONLY'))
    expect(() => get(first, 'a')).toThrow('the transaction ended in a failure')
    await db.transaction().commit()
    db.close()
  })

  test('a transaction older than the kept commits conflicts', async () => {
    const db = await filled('a')
    const transaction = db.transaction()
    put(transaction, 'mine')
    const batch = new WriteBatch()
    for (let n = 0; n < 8192; n++) batch.put(bytes(`${n}`), bytes(''))
    for (let part = 0; part < 65; part++) db.writeSync(batch)
    await expect(transaction.commit()).rejects.toThrow('older than the commits kept')
    expect(db.metrics().transactions.conflicts).toEqual({ write: 0, read: 0, history: 1 })
  })
})

describe('a savepoint', () => {
  test('takes back later writes, and stays', async () => {
    const db = await filled('a', 'b')
    const transaction = db.transaction()
    put(transaction, 'a', '1')
    const savepoint = transaction.savepoint()
    for (let time = 0; time < 2; time++) {
      put(transaction, 'a', '2')
      put(transaction, 'c', '2')
      transaction.delete(bytes('b'))
      transaction.delete(bytes('a'))
      transaction.rollbackTo(savepoint)
      expect(scanned(transaction)).toBe('a=1 b=old')
    }
    put(transaction, 'd', '3')
    await transaction.commit()
    expect(scanned(db)).toBe('a=1 b=old d=3')
  })

  test('ends with an earlier one that is rolled back to or released', async () => {
    const db = await filled()
    const transaction = db.transaction()
    const savepoints: Savepoint[] = []
    for (const key of ['a', 'b', 'c', 'd']) {
      savepoints.push(transaction.savepoint())
      put(transaction, key)
    }
    const [first, second, third, fourth] = savepoints as [
      Savepoint,
      Savepoint,
      Savepoint,
      Savepoint,
    ]
    transaction.rollbackTo(third)
    expect(() => transaction.rollbackTo(fourth)).toThrow(coded('LSM_CLOSED'))
    transaction.release(second)
    expect(() => transaction.release(third)).toThrow(coded('LSM_CLOSED'))
    expect(scanned(transaction)).toBe('a=v b=v')
    transaction.rollbackTo(first)
    expect(scanned(transaction)).toBe('')
    transaction.release(first)
    put(transaction, 'e')
    await transaction.commit()
    expect(scanned(db)).toBe('e=v')
  })

  test('a rollback to it ends scans, and does not take reads back', async () => {
    const db = await filled('a', 'b')
    const transaction = db.transaction()
    const savepoint = transaction.savepoint()
    put(transaction, 'aa', 'dirty')
    const scan = transaction.scan()
    scan.next()
    transaction.rollbackTo(savepoint)
    expect(() => scan.next()).toThrow(coded('LSM_CLOSED'))
    put(transaction, 'mine')
    await put(db, 'a')
    await expect(transaction.commit()).rejects.toThrow(coded('LSM_CONFLICT'))
  })

  test('a write that was taken back conflicts with nothing', async () => {
    const db = await filled('a')
    const transaction = db.transaction()
    const savepoint = transaction.savepoint()
    put(transaction, 'a', 'mine')
    transaction.rollbackTo(savepoint)
    put(transaction, 'b', 'mine')
    await put(db, 'a')
    await transaction.commit()
    expect(scanned(db)).toBe('a=v b=mine')
  })

  test('of another transaction is refused', async () => {
    const db = await filled()
    const savepoint = db.transaction().savepoint()
    const transaction = db.transaction()
    expect(() => transaction.rollbackTo(savepoint)).toThrow(coded('LSM_INVALID_ARGUMENT'))
    expect(() => transaction.release(savepoint)).toThrow(coded('LSM_INVALID_ARGUMENT'))
  })
})

describe('after its end', () => {
  const ends: readonly [string, (transaction: Transaction) => unknown][] = [
    ['was committed', (one) => one.commit()],
    ['was committed', (one) => one.commitSync()],
    ['was rolled back', (one) => one.rollback()],
    ['was rolled back', (one) => one[Symbol.dispose]()],
    ['is being committed', (one) => void one.commit()],
  ]
  test.each(ends)('a transaction that %s refuses each call', async (end, finish) => {
    const db = await filled('a')
    const transaction = db.transaction()
    const savepoint = transaction.savepoint()
    const scan = transaction.scan()
    put(transaction, 'b')
    await finish(transaction)
    for (const call of [
      () => transaction.get(bytes('a')),
      () => transaction.has(bytes('a')),
      () => transaction.scan(),
      () => scan.next(),
      () => transaction.put(bytes('a'), bytes('v')),
      () => transaction.delete(bytes('a')),
      () => erase(transaction, 'a', 'b'),
      () => transaction.savepoint(),
      () => transaction.rollbackTo(savepoint),
      () => transaction.release(savepoint),
      () => transaction.commit(),
      () => transaction.commitSync(),
    ]) {
      const answer = Promise.resolve().then(call)
      await expect(answer).rejects.toThrow(coded('LSM_CLOSED'))
      if (end !== 'is being committed') await expect(answer).rejects.toThrow(`transaction ${end}`)
    }
    transaction.rollback()
    await put(db, 'c')
    expect(get(db, 'b')).toBe(end === 'was rolled back' ? undefined : 'v')
  })

  test('of the database each call is refused, and a rollback does nothing', async () => {
    const db = await filled('a')
    const transaction = db.transaction()
    const scan = transaction.scan()
    put(transaction, 'b')
    db.close()
    expect(() => get(transaction, 'a')).toThrow(coded('LSM_CLOSED'))
    expect(() => put(transaction, 'a')).toThrow(coded('LSM_CLOSED'))
    expect(() => scan.next()).toThrow(coded('LSM_CLOSED'))
    await expect(transaction.commit()).rejects.toThrow(coded('LSM_CLOSED'))
    expect(() => transaction.commitSync()).toThrow(coded('LSM_CLOSED'))
    expect(() => db.transaction()).toThrow(coded('LSM_CLOSED'))
    await expect(db.retry(() => 1)).rejects.toThrow(coded('LSM_CLOSED'))
    transaction.rollback()
  })

  test('nothing of it is kept: tables, versions, noted commits', async () => {
    const { db, storage } = openTest({ strategy: everyNth(2) })
    const fill = async () => {
      for (let n = 0; n < 300; n++) await put(db, `key${n % 50}`, `${n}`.padEnd(60, '.'))
    }
    await fill()
    const all = [db.transaction(), db.transaction(), db.transaction()] as const
    for (const transaction of all) {
      put(transaction, 'mine')
      transaction.scan().next()
    }
    await fill()
    all[0].rollback()
    await expect(all[1].commit()).rejects.toThrow(coded('LSM_CONFLICT'))
    expect(() => all[2].commitSync()).toThrow(coded('LSM_CONFLICT'))
    db.flush()
    const tables = storage.list('/db').filter((name) => name.endsWith('.sst'))
    expect(tables).toHaveLength(db.version.totals.tables)
    expect(db.version.totals.entries).toBeLessThanOrEqual(50 * db.version.totals.tables)
  })
})

describe('arguments', () => {
  test('the empty key is a key; long keys and values are refused and change nothing', async () => {
    const db = await filled()
    const transaction = db.transaction()
    put(transaction, '', 'empty')
    const long = new Uint8Array(65_536)
    expect(() => transaction.put(long, long)).toThrow(coded('LSM_INVALID_ARGUMENT'))
    expect(() => transaction.delete(long)).toThrow(coded('LSM_INVALID_ARGUMENT'))
    expect(() => transaction.deleteRange(bytes(''), long)).toThrow(coded('LSM_INVALID_ARGUMENT'))
    expect(transaction.has(long)).toBe(false)
    await transaction.commit()
    expect(scanned(db)).toBe('=empty')
  })

  test('keys and values may be changed after the call', async () => {
    const db = await filled('k')
    const transaction = db.transaction()
    const [key, value, bound] = [bytes('k'), bytes('v'), bytes('a')]
    get(transaction, 'k')
    transaction.get(bound)
    transaction.put(key, value)
    for (const array of [key, value, bound]) array.fill(0)
    transaction.get(bytes('k'))!.fill(0)
    expect(get(transaction, 'k')).toBe('v')
    await transaction.commit()
    expect(scanned(db)).toBe('k=v')
  })

  test('wrong options of a commit leave the transaction open', async () => {
    const db = await filled()
    const transaction = db.transaction()
    put(transaction, 'a')
    const wrong = { sync: 1 } as never
    await expect(transaction.commit(wrong)).rejects.toThrow(coded('LSM_INVALID_ARGUMENT'))
    expect(() => transaction.commitSync(wrong)).toThrow(coded('LSM_INVALID_ARGUMENT'))
    await transaction.commit()
    expect(get(db, 'a')).toBe('v')
  })
})

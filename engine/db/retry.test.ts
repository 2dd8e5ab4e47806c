import { expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { Ledger } from '../storage/ledger.ts'
import { bytes, openTest, text } from '../testing/fixtures.ts'
import type { Database } from './database.ts'
import type { Transaction } from './transaction.ts'

const KEY = bytes('counter')

function increment(transaction: Transaction): number {
  const next = Number(text(transaction.get(KEY) ?? bytes('0'))) + 1
  transaction.put(KEY, bytes(`${next}`))
  return next
}

test('increments that run at the same time are all counted', async () => {
  const { db } = openTest()
  const work = Array.from({ length: 20 }, () =>
    db.retry(
      async (transaction) => {
        await Promise.resolve()
        return increment(transaction)
      },
      { attemptsMax: 20, backoffMs: 0 },
    ),
  )
  expect((await Promise.all(work)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
  expect(text(db.get(KEY)!)).toBe('20')
})

/** Lets another write of the key happen in each attempt; returns how many attempts there were. */
async function disturbed(db: Database, attemptsMax?: number): Promise<number> {
  let attempts = 0
  const run = async (transaction: Transaction) => {
    attempts++
    increment(transaction)
    await db.put(KEY, bytes('0'))
  }
  const options = attemptsMax === undefined ? {} : { attemptsMax }
  await expect(db.retry(run, { ...options, backoffMs: 0 })).rejects.toThrow(
    expect.objectContaining({ code: 'LSM_CONFLICT' }),
  )
  return attempts
}

test('the number of attempts is bounded', async () => {
  const { db } = openTest()
  expect(await disturbed(db)).toBe(10)
  expect(await disturbed(db, 3)).toBe(3)
  expect(await disturbed(db, 1)).toBe(1)
})

test('waits grow, are drawn from the seed, and use the timers of the database', async () => {
  const waitsOf = async (seed: number) => {
    const waits: number[] = []
    const timers = {
      after(delayMs: number, due: () => void) {
        waits.push(delayMs)
        queueMicrotask(due)
        return () => {}
      },
    }
    const { db } = openTest({ timers, seed })
    const run = async (transaction: Transaction) => {
      increment(transaction)
      await db.put(KEY, bytes('0'))
    }
    const tried = db.retry(run, { attemptsMax: 12, backoffMs: 4 })
    await expect(tried).rejects.toThrow('run it again')
    return waits
  }
  const waits = await waitsOf(1)
  expect(waits).toHaveLength(11)
  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeLessThan(Math.min(1000, 4 * 2 ** index))
  }
  expect(Math.max(...waits)).toBeGreaterThan(64)
  expect(await waitsOf(1)).toEqual(waits)
  expect(await waitsOf(2)).not.toEqual(waits)
})

test('what the function throws rolls back, and is not tried again', async () => {
  const { db } = openTest()
  let attempts = 0
  const run = (transaction: Transaction) => {
    attempts++
    increment(transaction)
    throw new Error('no money')
  }
  await expect(db.retry(run)).rejects.toThrow('no money')
  expect(attempts).toBe(1)
  expect(db.has(KEY)).toBe(false)
})

test('the function may end its transaction itself', async () => {
  const { db } = openTest()
  await db.retry(async (transaction) => {
    increment(transaction)
    await transaction.commit()
  })
  await db.retry((transaction) => {
    increment(transaction)
    transaction.rollback()
  })
  expect(text(db.get(KEY)!)).toBe('1')
})

test('options reach the transaction and its commit', async () => {
  const { db, storage } = openTest()
  const isolation = await db.retry(
    (transaction) => {
      increment(transaction)
      return transaction.isolation
    },
    { isolation: 'snapshot', sync: true },
  )
  expect(isolation).toBe('snapshot')
  expect(await db.retry(({ isolation }) => isolation)).toBe('serializable')
  const image = storage.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())
  const { db: again } = openTest({ storage: image })
  expect(text(again.get(KEY)!)).toBe('1')
  const skew = db.retry(() => Promise.reject(new Error('LSM_CONFLICT')))
  await expect(skew).rejects.toSatisfy((error) => !isLsmError(error))
})

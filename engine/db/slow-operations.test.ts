import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { newDiskFolder } from '../testing/disk-folder.ts'
import { bytes, everyNth, openTest, RESTLESS_LOG, restless } from '../testing/fixtures.ts'
import { large, put } from '../testing/log-fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { EventMessage } from './channels.ts'
import { Database } from './database.ts'
import type { DatabaseEvent, SlowOperationEvent } from './events.ts'

/** Each look at the clock takes a while: so each call takes at least 1 ms. */
class TickingClock extends ManualClock {
  #ns = 0
  tickNs = 1e6

  override elapsedNs(): number {
    this.#ns += this.tickNs
    return this.#ns
  }
}

function watched(slowOperationMs: number | undefined) {
  const clock = new TickingClock(5000)
  const events: SlowOperationEvent[] = []
  const { db } = openTest({
    clock,
    strategy: everyNth(3),
    options: { ...(slowOperationMs === undefined ? {} : { slowOperationMs }) },
    onEvent: (event) => {
      if (event.kind === 'slow-operation') events.push(event)
    },
  })
  return { db, clock, events, operations: () => events.splice(0).map((event) => event.operation) }
}

const batchOf = (key: string) => {
  const batch = new WriteBatch()
  batch.put(bytes(key), bytes('value'))
  return batch
}

describe('slow operations', () => {
  test('are reported once for each call, with its name', async () => {
    const { db, operations } = watched(1)
    await db.put(bytes('a'), bytes('1'))
    await db.delete(bytes('b'))
    await db.deleteRange(bytes('x'), bytes('y'))
    await db.write(batchOf('c'))
    db.writeSync(batchOf('d'))
    db.flush()
    db.compact()
    db.get(bytes('a'))
    db.has(bytes('a'))
    await db.getMany([bytes('a'), bytes('b')])
    for (const _ of db.scan());
    for (const _ of db.scan()) break
    const open = db.scan()
    open.next()
    for (let time = 0; time < 2; time++) open[Symbol.dispose]()
    db.collectValueLog()
    expect(operations()).toEqual([
      ...[
        'put',
        'delete',
        'deleteRange',
        'write',
        'writeSync',
        'flush',
        'compact',
        'get',
        'has',
        'getMany',
      ],
      ...['scan', 'scan', 'scan', 'collectValueLog'],
    ])
    db.close()
  })

  test('of transactions are reported once too: reads and commits', async () => {
    const { db, operations } = watched(1)
    const transaction = db.transaction()
    transaction.put(bytes('a'), bytes('1'))
    transaction.get(bytes('b'))
    transaction.has(bytes('b'))
    await transaction.getMany([bytes('a'), bytes('b')])
    for (const _ of transaction.scan());
    await transaction.commit()
    db.transaction().commitSync()
    await db.retry((one) => one.get(bytes('a')))
    db.transaction().rollback()
    const ended = db.transaction()
    ended.rollback()
    expect(() => ended.commitSync()).toThrow('the transaction was rolled back')
    expect(operations()).toEqual(
      ['get', 'has', 'getMany', 'scan', 'commit', 'commitSync', 'get', 'commit', 'commitSync'].map(
        (name) => `transaction.${name}`,
      ),
    )
    db.close()
  })

  test('are those that reach the threshold', () => {
    const { db, clock, events, operations } = watched(3)
    db.get(bytes('a'))
    expect(operations()).toEqual([])
    clock.tickNs = 3e6
    db.get(bytes('a'))
    expect(events).toMatchObject([{ atMs: 5000, operation: 'get', tookMs: 3 }])
    db.close()
  })

  test('are not watched without a threshold: the methods are those of the class', () => {
    const { db, operations } = watched(undefined)
    for (const name of ['get', 'put', 'scan', 'write', 'flush'] as const) {
      expect(Object.hasOwn(db, name)).toBe(false)
      expect(db[name]).toBe(Database.prototype[name])
    }
    db.get(bytes('a'))
    expect(operations()).toEqual([])
    db.close()
  })

  test('say which runs and blocks were touched, and whether from the cache', () => {
    const { db, events } = watched(0)
    put(db, 'a', '1')
    put(db, 'z', '1')
    db.flush()
    put(db, 'b', '2')
    put(db, 'y', '2')
    db.flush()
    events.length = 0
    const { bytesFromStorage } = db.getCounters
    db.get(bytes('a'))
    db.get(bytes('a'))
    const first = { runsProbed: 1, blocksFromCache: 0, blocksFromStorage: 1, jobs: 0, stallMs: 0 }
    expect(events).toMatchObject([first, { ...first, blocksFromCache: 1, blocksFromStorage: 0 }])
    expect(events[0]!.bytesFromStorage).toBe(db.getCounters.bytesFromStorage - bytesFromStorage)
    expect(events[1]!.bytesFromStorage).toBe(0)
    events.length = 0
    put(db, 'c', '3')
    db.flush()
    expect(events.map(({ operation, jobs }) => [operation, jobs])).toEqual([
      ['writeSync', 0],
      ['flush', 2],
    ])
    db.close()
  })

  test('that fail are reported too, and throw as before', async () => {
    const { db, operations } = watched(1)
    expect(() => db.get('text' as never)).toThrow(/key/)
    await expect(db.put('text' as never, bytes('x'))).rejects.toThrow(/key/)
    expect(operations()).toEqual(['get', 'put'])
    db.close()
    expect(() => db.get(bytes('a'))).toThrow(/closed/)
  })

  test('say how long writers were held', async () => {
    const events: SlowOperationEvent[] = []
    const db = Database.open({
      folder: newDiskFolder(),
      strategy: { ...everyNth(3), stallLimits: () => ({ slowdownRuns: 1, stopRuns: 2 }) },
      scheduling: 'threads',
      options: { memtableBytes: 4096, slowOperationMs: 0 },
      onEvent: (event) => {
        if (event.kind === 'slow-operation') events.push(event)
      },
    })
    const value = bytes('.'.repeat(500))
    for (let index = 0; !events.some(({ stallMs }) => stallMs > 0); index++) {
      await db.put(bytes(`key${index}`), value)
      if (index % 100 === 99) await setTimeout(1)
    }
    db.close()
    expect(events.some(({ operation, stallMs }) => operation === 'put' && stallMs > 0)).toBe(true)
  })
})

describe('channels', () => {
  test('publish every event with the folder, while somebody subscribes', () => {
    const seen: DatabaseEvent[] = []
    const hear = (message: unknown) => {
      const { folder, event } = message as EventMessage
      expect(folder).toBe('/db')
      seen.push(event)
    }
    const told: DatabaseEvent[] = []
    const names = ['flush', 'merge', 'collect', 'slow-operation'].map((name) => `varve:${name}`)
    const { db } = openTest({
      strategy: everyNth(2),
      valueLogPolicy: restless,
      options: { slowOperationMs: 0, valueLog: RESTLESS_LOG },
      onEvent: (event) => told.push(event),
    })
    const write = () => {
      for (let index = 0; index < 20; index++) put(db, `key${index}`, large(`${index}`))
      db.flush()
    }
    write()
    expect(seen).toEqual([])
    told.length = 0
    for (const name of names) subscribe(name, hear)
    write()
    for (const name of names) unsubscribe(name, hear)
    expect(seen).toEqual(told)
    expect(new Set(seen.map(({ kind }) => kind)).size).toBe(names.length)
    write()
    expect(seen.length).toBeLessThan(told.length)
    db.close()
  })

  test('a subscriber that throws does not harm the database', async () => {
    const fail = () => {
      throw new Error('subscriber')
    }
    const thrown: string[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => thrown.push(error.message))
    subscribe('varve:flush', fail)
    const { db } = openTest()
    put(db, 'a', '1')
    db.flush()
    unsubscribe('varve:flush', fail)
    await setTimeout(1)
    for (const listener of before) process.on('uncaughtException', listener)
    expect(thrown).toEqual(['subscriber'])
    put(db, 'b', '2')
    expect(Array.from(db.scan())).toHaveLength(2)
    db.close()
  })
})

/** What follows the close of a database, of a reader, and the end of a reader's thread. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { bytes, never } from '../../testing/fixtures.ts'
import { openReader } from './reader.ts'
import { CLOSED, KEYS, pairsOf, Readable, turns } from './testing/readable.ts'

test('after the close of the database every read is refused with a code', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(2 * KEYS)
  const reader = openReader(db.readerChannel())
  const late = db.readerChannel()
  using snapshot = reader.snapshot()
  const cursor = reader.cursor()
  cursor.seekToFirst()
  const pairs = reader.scan()
  pairs.next()
  db.close()
  const key = bytes('key1')
  expect(() => reader.get(key)).toThrow(CLOSED)
  expect(() => reader.get(key, { snapshot })).toThrow(CLOSED)
  expect(() => reader.has(key)).toThrow(CLOSED)
  expect(() => reader.scan()).toThrow(CLOSED)
  expect(() => reader.cursor()).toThrow(CLOSED)
  expect(() => reader.snapshot()).toThrow(CLOSED)
  expect(() => reader.lastSeq).toThrow(CLOSED)
  await expect(reader.getMany([key])).rejects.toThrow(CLOSED)
  expect(() => openReader(late)).toThrow(CLOSED)
  expect(() => db.readerChannel()).toThrow(CLOSED)
  expect(() => cursor.next()).toThrow(CLOSED)
  expect(() => cursor.seekToFirst()).toThrow(CLOSED)
  expect(() => pairs.next()).toThrow(CLOSED)
  reader.close()
  reader.close()
})

test('a cursor opens no table after the close of the database', async () => {
  const world = new Readable({ strategy: never })
  const { db } = world
  await world.write(4 * KEYS)
  db.flush()
  const reader = openReader(db.readerChannel())
  const cursor = reader.cursor()
  db.close()
  expect(() => cursor.seekToFirst()).toThrow(CLOSED)
  await turns()
  expect(() => reader.get(bytes('key1'))).toThrow(CLOSED)
})

test('a closed reader lets go of everything; the database goes on', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(2 * KEYS)
  const reader = openReader(db.readerChannel())
  const cursor = reader.cursor()
  await world.write(2 * KEYS)
  db.flush()
  reader.close()
  expect(() => cursor.seekToFirst()).toThrow(CLOSED)
  expect(() => reader.get(bytes('key1'))).toThrow(CLOSED)
  await turns()
  expect(world.tables().length).toBe(world.tablesOfVersion())
  await world.write(10)
  expect(pairsOf(db.scan())).toEqual(world.oracle)
})

test('a thread that dies lets go of what it held', async () => {
  const world = new Readable()
  const { db } = world
  await world.write(2 * KEYS)
  db.flush()
  const channel = db.readerChannel()
  const worker = new Worker(new URL('./testing/holding.worker.ts', import.meta.url), {
    workerData: channel,
    transferList: [channel.port],
  })
  await once(worker, 'message')
  const reached = world.tables()
  await world.write(2 * KEYS)
  db.flush()
  await turns()
  expect(world.tables()).toEqual(expect.arrayContaining(reached))
  await worker.terminate()
  await turns()
  expect(world.tables().length).toBe(world.tablesOfVersion())
})

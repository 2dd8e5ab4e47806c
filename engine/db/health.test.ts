import { expect, onTestFinished, test, vi } from 'vitest'
import { bytes, openTest, text } from '../testing/fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'

test('an error of a listener is an uncaught exception and stops nothing', () => {
  const uncaught: (() => void)[] = []
  vi.stubGlobal('queueMicrotask', (task: () => void) => uncaught.push(task))
  onTestFinished(() => {
    vi.unstubAllGlobals()
  })
  const { db } = openTest({
    onEvent: ({ kind }) => {
      throw new Error(`of the listener to a ${kind}`)
    },
  })
  const batch = new WriteBatch()
  batch.put(bytes('a'), bytes('1'))
  db.writeSync(batch)
  db.flush()
  db.writeSync(batch)
  expect(text(db.get(bytes('a'))!)).toBe('1')
  db.close()
  expect(uncaught.length).toBeGreaterThan(0)
  expect(uncaught[0]).toThrow('of the listener to a flush')
})

import { expect, test } from 'vitest'
import { IdleBuffers } from './idle-buffers.ts'

test('a returned buffer is reused, and two users never share one', () => {
  let created = 0
  const idle = new IdleBuffers(() => ({ number: created++ }), 1)
  const first = idle.take()
  const second = idle.take()
  expect(second).not.toBe(first)
  idle.give(first)
  idle.give(second)
  expect(idle.take()).toBe(first)
  expect(idle.take()).not.toBe(second)
  expect(created).toBe(3)
})

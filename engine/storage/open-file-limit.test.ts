import { expect, test } from 'vitest'
import { parseLimit } from './open-file-limit.ts'

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             127235               127235               processes
Max open files            256                  4096                 files
Max locked memory         8388608              8388608              bytes
`

test("the soft limit of open files is read from the system's text", () => {
  expect(parseLimit(LIMITS)).toBe(256)
  expect(parseLimit(LIMITS.replace('256 ', 'unlimited '))).toBe(Number.POSITIVE_INFINITY)
  expect(parseLimit('')).toBeUndefined()
})

/** Owns the expectation of the fuzz for each value: read as written, or refused in one line. */
import { expect } from 'vitest'
import { UsageError } from '../../base/usage-error.ts'
import { isNumber, numberWritten } from './written.ts'

/** The result of `work`, or null if it was refused as a user's mistake, in one line. */
export function unlessRefused<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    expect(error.message).not.toMatch(/\n *at /)
    expect(error.message).not.toBe('')
    return null
  }
}

/** Expects `read` to be the number that `text` shows. */
export function expectWritten(read: number, text: string, unit: 'count' | 'bytes' | 'real'): void {
  const written = numberWritten(text, unit)
  expect({ text, read, ok: written !== null && isNumber(read, written) }).toMatchObject({
    ok: true,
  })
}

/**
 * Owns what the properties of the fuzz demand of one reading: as written, or refused in one line.
 */
import { expect } from 'vitest'
import { UsageError } from '../../base/usage-error.ts'
import { isNumber, numberWritten } from './written.ts'

/** The result of `work`, or null where it was refused as a user's mistake, in one line. */
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

/** `read` is the number that `text` says. */
export function expectWritten(read: number, text: string, unit: 'count' | 'bytes' | 'real'): void {
  const written = numberWritten(text, unit)
  expect({ text, read, ok: written !== null && isNumber(read, written) }).toMatchObject({
    ok: true,
  })
}

/**
 * Owns the comparison with a golden file: a checked-in file that a command writes. A failure shows
 * where the difference starts, and the command that renews the file.
 */

import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'

/**
 * Number of characters of a line that a failure shows, because a picture may be a single line of a
 * megabyte.
 */
const SHOWN = 160
/** Number of characters shown before the first difference. */
const CONTEXT = 40

/**
 * `renew` is the command that writes the file at `path`; both are relative to the top of the
 * checkout.
 */
export function expectGolden(path: string, actual: string, renew: string): void {
  const golden = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (actual === golden) return
  const line = commonLines(golden, actual)
  const was = golden.split('\n')[line] ?? ''
  const is = actual.split('\n')[line] ?? ''
  const column = commonLength(was, is)
  const shown = (text: string) => text.slice(Math.max(0, column - CONTEXT)).slice(0, SHOWN)
  expect.fail(
    `${path}: line ${line + 1}, column ${column + 1} differs from what the code writes\n` +
      `  in the file: ${shown(was)}\n  from code:   ${shown(is)}\n` +
      `If the change is wanted: ${renew}; then look at the difference and commit it.`,
  )
}

function commonLines(a: string, b: string): number {
  const others = b.split('\n')
  const lines = a.split('\n')
  const first = lines.findIndex((line, index) => line !== others[index])
  return first === -1 ? lines.length : first
}

function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

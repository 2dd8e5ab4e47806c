import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSystem, unexplainedBytes } from './operating-system.ts'

test('wakeups of eight bytes are explained, anything else is not', () => {
  const before = { bytes: 100, calls: 10 }
  const after = { bytes: 100 + 5000 + 3 * 8, calls: 10 + 4 + 3 }
  expect(unexplainedBytes(before, after, { bytes: 5000, calls: 4 })).toBe(0)
  expect(unexplainedBytes(before, after, { bytes: 4999, calls: 4 })).toBe(1)
})

test.runIf(process.platform === 'linux')('the system counts what is written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-io-'))
  const before = readSystem()!.written
  writeFileSync(join(folder, 'x'), new Uint8Array(12_345))
  const after = readSystem()!.written
  rmSync(folder, { recursive: true })
  expect(after.bytes - before.bytes).toBeGreaterThanOrEqual(12_345)
  expect(after.calls - before.calls).toBeGreaterThanOrEqual(1)
})

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

interface Told {
  readonly held: Readonly<Record<string, number>>
  readonly operations: number
  readonly exported: number
}

const SLACK_BYTES = 2 * 1024 * 1024

/** More keys than the statistics count exactly, so that their tables have full size. */
const SMALL = 150_000
const LARGE = 3 * SMALL

async function stream(requests: number): Promise<Told> {
  const script = join(import.meta.dirname, 'streaming.child.ts')
  const args = ['--expose-gc', script, String(requests)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as Told
}

test('a trace three times as long needs no more memory, in any step', async () => {
  const small = await stream(SMALL)
  const large = await stream(LARGE)
  expect([small.operations, large.operations]).toEqual([SMALL, LARGE])
  expect(large.exported / small.exported).toBeGreaterThan(2.9)
  for (const [step, bytes] of Object.entries(large.held)) {
    expect(bytes - small.held[step]!, step).toBeLessThan(SLACK_BYTES)
  }
})

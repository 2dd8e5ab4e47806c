import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const script = `
  import { peakRssBytes } from ${JSON.stringify(join(import.meta.dirname, 'peak-rss.ts'))}
  const before = peakRssBytes()
  new Uint8Array(200e6).fill(1)
  console.log(JSON.stringify({ before, after: peakRssBytes() }))`

test('a peak is the program’s own, not that of the larger one which started it', async () => {
  const ballast = new Uint8Array(500e6).fill(1)
  const flags = ['--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, flags)
  const { before, after } = JSON.parse(stdout) as { before: number; after: number }
  expect(before).toBeGreaterThan(20e6)
  expect(after - before).toBeGreaterThan(150e6)
  if (process.platform === 'linux') expect(after).toBeLessThan(ballast.length)
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { measureMemory } from './memory.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-memory-deep-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

test('three million records stay within the budgets, and memory does not grow with them', async () => {
  const { signal } = new AbortController()
  const context = {
    scale: 'full',
    seed: 42,
    outFolder,
    signal,
    jobs: 1,
    plansOf: suitePlans,
    onProgress: () => {},
  } as const
  const { claims } = await measureMemory(context, 3_000_000)
  // The peak with threads is judged at ten million records only.
  expect(claims).toHaveLength(5)
  expect(claims.filter(({ held }) => !held)).toEqual([])
})

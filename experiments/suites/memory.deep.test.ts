import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { memory } from './memory.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-memory-deep-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

test('five million records stay within the budgets, and memory does not grow with them', async () => {
  const { signal } = new AbortController()
  const context = {
    scale: 'full',
    seed: 42,
    outFolder,
    signal,
    plansOf: suitePlans,
    onProgress: () => {},
  } as const
  const { claims } = await memory.run(context)
  expect(claims).toHaveLength(3)
  expect(claims.filter(({ held }) => !held)).toEqual([])
})

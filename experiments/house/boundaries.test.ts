import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findViolations } from './boundaries.ts'

const rooms = ['engine', 'strategies', 'workloads', 'experiments', 'results', 'notebooks']
const sources = rooms
  .flatMap((room) => globSync(`${room}/**/*.ts`))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))

describe('the house', () => {
  test('has no import against the one way', () => {
    expect(sources.length).toBeGreaterThan(50)
    expect(findViolations(sources)).toEqual([])
  })

  test.each([
    ['engine/base/x.ts', "import { a } from '../db/database.ts'", 'engine/db/database.ts'],
    ['engine/wal/x.ts', "export * from '../version/run.ts'", 'engine/version/run.ts'],
    ['strategies/x.ts', "import('../engine/db/database.ts')", 'engine/db/database.ts'],
    ['strategies/spooky.ts', "from './fifo.ts'", 'strategies/fifo.ts'],
    ['strategies/primitives/x.ts', "from '../fragmented/x.ts'", 'strategies/fragmented/x.ts'],
    ['strategies/universal/x.ts', "from '../fragmented/x.ts'", 'strategies/fragmented/x.ts'],
    ['strategies/composed/x.ts', "from '../fragmented/x.ts'", 'strategies/fragmented/x.ts'],
    ['workloads/x.ts', "import '../strategies/index.ts'", 'strategies/index.ts'],
    ['engine/db/x.ts', "import fs from 'node:fs'", 'node:fs'],
    ['strategies/x.ts', 'const now = Date.now()', 'Date.now'],
    ['experiments/x.ts', 'mkdirSync(at, { recursive: true })', 'mkdir, recursive'],
    ['elsewhere/x.ts', '', ''],
  ])('a planted violation in %s is seen', (path, text, imported) => {
    expect(findViolations([{ path, text }])).toMatchObject([{ path, imported }])
  })

  test.each([
    ['engine/db/x.ts', "import { a } from '../table/table-reader.ts'"],
    ['strategies/x.ts', "import type { a } from '../engine/compaction/strategy.ts'"],
    ['strategies/composed/x.ts', "from '../partial-levels/x.ts'"],
    ['workloads/traces/x.ts', "import fs from 'node:fs'"],
  ])('what %s may import passes', (path, text) => {
    expect(findViolations([{ path, text }])).toEqual([])
  })
})

import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findViolations, MAY_IMPORT } from './boundaries.ts'

const rooms = ['engine', 'strategies', 'workloads', 'experiments', 'results', 'notebooks']
const sources = rooms
  .flatMap((room) => globSync(`${room}/**/*.ts`))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))

describe('the house', () => {
  test('has no import against the rules', () => {
    expect(sources.length).toBeGreaterThan(50)
    expect(findViolations(sources)).toEqual([])
  })

  test('has rows only for paths that exist', () => {
    const paths = Object.entries(MAY_IMPORT).flat(2)
    expect(paths.filter((path) => !existsSync(path))).toEqual([])
  })

  test('has each room of experiments in its README, which names only existing files', () => {
    const readme = readFileSync('experiments/README.md', 'utf8')
    const rows = [...readme.matchAll(/^\| `([\w.]+?)\/?` \|/gm)].map(
      (row) => `experiments/${row[1]}`,
    )
    const rooms = Object.keys(MAY_IMPORT).filter((room) => room.startsWith('experiments/'))
    expect(rows.toSorted()).toEqual(rooms.toSorted())
    const paths = [...readme.matchAll(/`([\w/-]+\.(?:ts|md))`/g)].map((match) => match[1]!)
    const missing = paths.filter((path) => !existsSync(path) && !existsSync(`experiments/${path}`))
    expect(missing).toEqual([])
  })

  test('has no row of experiments that names a room of a later row', () => {
    const rows = Object.keys(MAY_IMPORT).filter((room) => room.startsWith('experiments/'))
    for (const [index, room] of rows.entries()) {
      const named = MAY_IMPORT[room]!.filter((path) => path.startsWith('experiments/'))
      expect(rows.slice(0, index + 1), room).toEqual(expect.arrayContaining(named))
    }
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
    ['engine/db/x.ts', "import './offline/verify.ts'", 'engine/db/offline/verify.ts'],
    ['engine/db/values/x.ts', "import type { a } from '../tree.ts'", 'engine/db/tree.ts'],
    ['engine/db/x.ts', "import '../testing/fixtures.ts'", 'engine/testing/fixtures.ts'],
    ['experiments/run/x.ts', "import '../../engine/testing/model.ts'", 'engine/testing/model.ts'],
    ['engine/db/x.ts', "import fs from 'node:fs'", 'node:fs'],
    ['strategies/x.ts', 'const now = Date.now()', 'Date.now'],
    ['experiments/base/x.ts', 'mkdirSync(at, { recursive: true })', 'mkdir, recursive'],
    ['experiments/base/x.ts', "from '../run/runner.ts'", 'experiments/run/runner.ts'],
    ['experiments/load/x.ts', "import type { A } from '../cli/a.ts'", 'experiments/cli/a.ts'],
    ['experiments/run/x.ts', "await import('../charts/a.ts')", 'experiments/charts/a.ts'],
    ['experiments/charts/kinds/x.ts', "from '../../report/a.ts'", 'experiments/report/a.ts'],
    ['experiments/cli/x.ts', "from '../main.ts'", 'experiments/main.ts'],
    ['notebooks/x.ts', "from '../experiments/run/a.ts'", 'experiments/run/a.ts'],
    ['experiments/base/x.ts', "type A = import('./y.ts').B", 'a type, in line'],
    ['experiments/flat.ts', '', ''],
    ['elsewhere/x.ts', '', ''],
  ])('a planted violation in %s is found', (path, text, imported) => {
    expect(findViolations([{ path, text }])).toMatchObject([{ path, imported }])
  })

  test.each([
    ['engine/db/x.ts', "import { a } from '../table/table-reader.ts'"],
    ['engine/db/x.ts', "import './values/value-log.ts'"],
    ['engine/db/values/x.ts', "import type { a } from '../cursor.ts'"],
    ['engine/db/offline/x.ts', "import '../recovery.ts'; import './export.ts'"],
    ['engine/index.ts', "export * from './db/offline/verify.ts'"],
    ['engine/db/x.test.ts', "import '../testing/fixtures.ts'"],
    ['strategies/conformance/x.ts', "import '../../engine/testing/oracles/model.ts'"],
    ['strategies/x.ts', "import type { a } from '../engine/compaction/strategy.ts'"],
    ['strategies/composed/x.ts', "from '../partial-levels/x.ts'"],
    ['workloads/traces/x.ts', "import fs from 'node:fs'"],
  ])('allowed imports of %s pass', (path, text) => {
    expect(findViolations([{ path, text }])).toEqual([])
  })
})

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  hasRocksdbTools,
  SOUND,
  temporaryFolder,
  verifyTableFile,
} from '../../engine/testing/rocksdb/rocksdb-tools.ts'

describe.skipIf(!hasRocksdbTools('sst_dump'))('sst_dump', () => {
  test('accepts every table a run leaves behind', { timeout: 120_000 }, () => {
    const out = temporaryFolder('witness')
    const flags = ['--strategy=leveling-partial', '--records=4000', '--operations=2000', '--keep']
    const run = spawnSync(process.execPath, [
      'experiments/main.ts',
      'exp',
      ...flags,
      `--out=${out}`,
    ])
    expect(run.status, String(run.stderr)).toBe(0)
    const tables = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.sst'),
    )
    expect(tables.length).toBeGreaterThan(2)
    for (const table of tables) expect(verifyTableFile(join(out, table)), table).toEqual(SOUND)
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasRocksdbTools } from '../../engine/testing/rocksdb/rocksdb-tools.ts'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { peers } from './peers.ts'

test.skipIf(!hasRocksdbTools('db_bench'))(
  'at smoke scale every store gets one trace, and all claims hold',
  { timeout: 120_000 },
  async () => {
    const outFolder = mkdtempSync(join(tmpdir(), 'varve-suite-peers-'))
    try {
      const { runs, claims } = await peers.run({
        scale: 'smoke',
        seed: 42,
        outFolder,
        signal: new AbortController().signal,
        plansOf: suitePlans,
        onProgress: () => {},
      })
      expect(runs).toHaveLength(10)
      expect(new Set(runs.map(({ figures }) => figures.traceHash)).size).toBe(1)
      expect(claims.filter(({ held }) => !held)).toEqual([])
    } finally {
      rmSync(outFolder, { recursive: true })
    }
  },
)

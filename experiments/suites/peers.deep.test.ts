import { expect, test } from 'vitest'
import { hasRocksdbTools } from '../../engine/testing/rocksdb/rocksdb-tools.ts'
import { peers } from './peers.ts'
import { atSmokeScale } from './testing/at-smoke-scale.ts'

test.skipIf(!hasRocksdbTools('db_bench'))(
  'at smoke scale every store gets one trace, and all claims hold',
  { timeout: 120_000 },
  async () => {
    const { result, failed } = await atSmokeScale(peers)
    expect(result.runs).toHaveLength(10)
    expect(new Set(result.runs.map(({ figures }) => figures.traceHash)).size).toBe(1)
    expect(failed).toEqual([])
  },
)

// RocksDB as a witness of whole folders under every registered strategy, by default and at the
// smallest and a larger size ratio, over all compressions.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../../strategies/catalog.ts'
import { deriveSeed } from '../base/random.ts'
import { verifyDatabase } from '../db/verify.ts'
import { runCount } from '../version/version.ts'
import { checkFiles, checkOpens, exported, live, opensAsItIs } from './rocksdb-cases.ts'
import { hasRocksdbTools, temporaryFolder } from './rocksdb-tools.ts'

const SEED = 20_261_121
const folder = temporaryFolder('folders-deep')

const cases = [...STRATEGIES.values()].flatMap((module) =>
  [{}, { T: 2, ...('K' in module.params.shape && { K: 1 }) }, { T: 8 }]
    .filter((params) => Object.keys(params).every((name) => name in module.params.shape))
    .map(
      (params, index) =>
        [module.name, JSON.stringify(params), module.create(params), index] as const,
    ),
)
const compressions = ['lz4', 'none', 'zstd'] as const

describe.skipIf(!hasRocksdbTools('sst_dump', 'ldb'))('RocksDB opens a folder', () => {
  test.each(cases)('of %s %s', (name, params, strategy, index) => {
    const lived = live({
      folder: join(folder, `${name}-${index}`),
      strategy,
      writes: 3000,
      keys: 2000,
      seed: deriveSeed(SEED, name, index),
      options: { memtableBytes: 4096, blockBytes: 1024, compression: compressions[index]! },
    })
    const tables = checkFiles(lived)
    const asItIs = opensAsItIs(lived.version)
    if (name === 'leveling') expect(asItIs).toBe(lived.version.levels.length <= 7)
    if (name === 'tiering') expect(asItIs).toBe(false)
    if (asItIs) checkOpens(lived.folder, lived.oracle)
    const to = exported(lived)
    checkOpens(to, lived.oracle)
    expect(verifyDatabase(lived.storage, to).faults).toEqual([])
    console.log(
      `${name} ${params}: ${tables} tables in ${runCount(lived.version)} runs, ` +
        `${lived.oracle.size} keys${asItIs ? ', also as it is' : ''}, seed ${SEED}`,
    )
  })
})

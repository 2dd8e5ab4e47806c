// RocksDB as a witness of whole folders under every registered strategy, over all compressions; two
// of them, one run a level and several, also at the smallest and a larger size ratio.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../../../strategies/catalog.ts'
import { deriveSeed } from '../../base/random.ts'
import { verifyDatabase } from '../../db/offline/verify.ts'
import { runCount } from '../../version/version.ts'
import { RESTLESS_LOG, restless } from '../fixtures.ts'
import { checkFiles, checkOpens, exported, live, namesIn, opensAsItIs } from './rocksdb-cases.ts'
import { hasRocksdbTools, temporaryFolder } from './rocksdb-tools.ts'

const SEED = 20_261_121
const folder = temporaryFolder('folders-deep')

const ratios = (name: string) =>
  ['leveling', 'tiering'].includes(name) ? [{}, { T: 2 }, { T: 8 }] : [{}]

const cases = [...STRATEGIES.values()]
  .filter((module) => !module.drops)
  .flatMap((module) => ratios(module.name).map((params) => ({ module, params })))
  .map(
    ({ module, params }, index) =>
      [module.name, JSON.stringify(params), module.create(params), index] as const,
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
      options: { memtableBytes: 4096, blockBytes: 1024, compression: compressions[index % 3]! },
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

describe.skipIf(!hasRocksdbTools('sst_dump', 'ldb'))('RocksDB honours range deletions', () => {
  test.each(cases)('of %s %s', (name, params, strategy, index) => {
    const lived = live({
      folder: join(folder, `ranges-${name}-${index}`),
      strategy,
      writes: 2000,
      keys: 1500,
      seed: deriveSeed(SEED, `ranges ${name}`, index),
      deletesRanges: true,
      options: { memtableBytes: 4096, blockBytes: 1024, compression: compressions[index % 3]! },
    })
    checkFiles(lived)
    expect(verifyDatabase(lived.storage, lived.folder).faults).toEqual([])
    const { rangeDeletions } = lived.version.totals
    console.log(`${name} ${params}: ${rangeDeletions} range deletions left, seed ${SEED}`)
    if (opensAsItIs(lived.version)) checkOpens(lived.folder, lived.oracle)
    checkOpens(exported(lived), lived.oracle)
  })
})

describe.skipIf(!hasRocksdbTools('sst_dump', 'ldb'))('RocksDB follows pointers', () => {
  const valueLog = { ...RESTLESS_LOG, segmentBytes: 4096 }

  test.each(compressions)('into a log that was collected all along (%s)', (compression) => {
    const lived = live({
      folder: join(folder, `log-${compression}`),
      writes: 900,
      seed: 6,
      strategy: STRATEGIES.get('leveling')!.create({}),
      options: { memtableBytes: 4096, valueLog: { ...valueLog, compression } },
      valueLogPolicy: restless,
    })
    const { segments, faults } = verifyDatabase(lived.storage, lived.folder)
    expect(segments).toBeGreaterThan(3)
    expect(faults).toEqual([])
    expect(opensAsItIs(lived.version)).toBe(true)
    checkOpens(lived.folder, lived.oracle)
  })

  test('of an export, stubs of spent segments among them', () => {
    const lived = live({
      folder: join(folder, 'log-export'),
      writes: 900,
      seed: 7,
      strategy: STRATEGIES.get('tiering')!.create({}),
      options: { memtableBytes: 4096, valueLog },
      valueLogPolicy: restless,
    })
    const blobs = namesIn(lived.folder, '.blob').map((name) => join(lived.folder, name))
    expect(blobs.some((path) => lived.storage.size(path) === 62)).toBe(true)
    checkOpens(exported(lived), lived.oracle)
  })
})

/**
 * Owns strategies that pick what another one picks, with random soft cuts in every output. Equal
 * views give equal soft cuts, so the engine and a simulator get the same ones.
 */

import { compareBytes } from '../../../engine/base/compare.ts'
import { createRandom, deriveSeed, type Random } from '../../../engine/base/random.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  SoftCuts,
  TreeView,
} from '../../../engine/compaction/strategy.ts'
import { tablesOf } from '../../../engine/version/run.ts'
import { runsNewestFirst } from '../../../engine/version/version.ts'

export function withRandomSoftCuts(strategy: CompactionStrategy, seed: number): CompactionStrategy {
  return {
    ...strategy,
    pick: (view) => {
      const spec = strategy.pick(view)
      if (spec?.kind !== 'merge') return spec
      const random = createRandom(deriveSeed(seed, viewText(view)))
      const outputs = spec.outputs.map((output) => {
        const softCuts = random.nextBelow(8) === 0 ? null : randomSoftCuts(view, random)
        return { ...output, softCuts }
      })
      return { ...spec, outputs } satisfies CompactionSpec
    },
  }
}

/** Some of the keys at which a table begins or ends, and directly after; sizes of a few entries. */
function randomSoftCuts(view: TreeView, random: Random): SoftCuts {
  const { version, memtableBytes } = view
  const keys = runsNewestFirst(version)
    .flatMap(({ run }) => [...tablesOf(run)])
    .flatMap(({ smallest, largest }) => [smallest, largest, Uint8Array.of(...largest, 0)])
    .filter(() => random.nextBelow(3) > 0)
    .sort(compareBytes)
  const bytesBelow = (bound: number) => 1 + random.nextBelow(bound)
  const overlapBytes = keys.map(() => random.nextBelow(2) * bytesBelow(memtableBytes))
  const endsFrom = Array.from({ length: bytesBelow(5) }, () => bytesBelow(memtableBytes))
  return {
    keys,
    overlapBytes,
    endsFrom: endsFrom.sort((a, b) => a - b),
    overlapBytesMax: random.nextBelow(2) === 0 ? null : bytesBelow(4 * memtableBytes),
    skippedBytesMin: random.nextBelow(2) === 0 ? null : bytesBelow(memtableBytes),
  }
}

function viewText({ version }: TreeView): string {
  const { tables, bytes, entries } = version.totals
  return `${tables} ${bytes} ${entries}`
}

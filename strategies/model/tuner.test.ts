import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { leveling, tiering } from './fluid-point.ts'
import { bestDesigns, MEMTABLE_BYTES_MIN, type TuningQuestion, tune } from './tuner.ts'
import {
  type ByOperation,
  costsOf,
  divergence,
  meanCost,
  OPERATION_KINDS,
  reweighted,
  type TuningEnvironment,
  treeOf,
  worstCase,
} from './workload-cost.ts'

/** Ten million entries of 1 KiB in four to a block, 64 MiB of memory. */
const environment: TuningEnvironment = {
  entries: 10_000_000,
  entryBytes: 1024,
  memoryBytes: 64 * 2 ** 20,
  blockBytes: 4096,
  longScanEntries: 10_000,
  writeToRead: 1,
  sequentialSpeedup: 1,
  filters: 'uniform',
  life: 'steady',
}

/** Shares of zero-result reads, reads, short scans, long scans and writes. */
function mix(...weights: readonly number[]): ByOperation {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const shares = OPERATION_KINDS.map((kind, index) => [kind, weights[index]! / total])
  return Object.fromEntries(shares) as ByOperation
}

const weights = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), {
  minLength: 5,
  maxLength: 5,
})
const costs = fc
  .array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 5, maxLength: 5 })
  .map((values) => {
    const pairs = OPERATION_KINDS.map((kind, index) => [
      kind,
      Math.round(values[index]! * 1e6) / 1e6,
    ])
    return Object.fromEntries(pairs) as ByOperation
  })
const rhos = fc.double({ min: 0.001, max: 4, noNaN: true })

describe('the worst case near a mix', () => {
  test('is itself within the divergence, and as dear as it says', () => {
    fc.assert(
      fc.property(weights, costs, rhos, (given, ios, rho) => {
        const expected = mix(...given)
        const { cost, workload } = worstCase(expected, ios, rho)
        expect(divergence(workload, expected)).toBeLessThanOrEqual(rho * (1 + 1e-6) + 1e-9)
        expect(cost).toBeCloseTo(meanCost(workload, ios), 9)
        expect(cost).toBeGreaterThanOrEqual(meanCost(expected, ios) - 1e-9)
        expect(cost).toBeLessThanOrEqual(Math.max(...Object.values(ios)) + 1e-9)
      }),
    )
  })

  test('is not beaten by any other mix within the divergence', () => {
    fc.assert(
      fc.property(weights, weights, costs, rhos, (given, other, ios, rho) => {
        const expected = mix(...given)
        const { cost } = worstCase(expected, ios, rho)
        // Move the other mix towards the expected one until it is within ρ.
        let share = 1
        const pulled = () =>
          mix(
            ...OPERATION_KINDS.map((kind, i) => {
              const target = other[i]! / other.reduce((sum, weight) => sum + weight, 0)
              return (1 - share) * expected[kind] + share * target
            }),
          )
        while (divergence(pulled(), expected) > rho) share *= 0.9
        expect(meanCost(pulled(), ios)).toBeLessThanOrEqual(cost * (1 + 1e-6) + 1e-9)
      }),
    )
  })

  test('agrees with a search over mixes of two kinds', () => {
    const expected = mix(3, 0, 0, 0, 1)
    const ios = { zeroReads: 1, reads: 0, shortScans: 0, longScans: 0, writes: 5 }
    let best = 0
    for (let share = 0; share <= 1; share += 1e-5) {
      const candidate = mix(1 - share, 0, 0, 0, share)
      if (divergence(candidate, expected) <= 0.3) best = Math.max(best, meanCost(candidate, ios))
    }
    expect(worstCase(expected, ios, 0.3).cost).toBeCloseTo(best, 3)
  })

  test('is its dual: no λ gives a bound below it, and one gives it', () => {
    fc.assert(
      fc.property(weights, costs, rhos, (given, ios, rho) => {
        const expected = mix(...given)
        const { cost } = worstCase(expected, ios, rho)
        const highest = Math.max(...Object.values(ios))
        let least = Infinity
        for (let exponent = -30; exponent < 30; exponent += 0.05) {
          const lambda = Math.exp(exponent)
          const total = OPERATION_KINDS.reduce(
            (sum, kind) => sum + expected[kind] * Math.exp((ios[kind] - highest) / lambda),
            0,
          )
          least = Math.min(least, highest + lambda * (rho + Math.log(total)))
        }
        expect(least).toBeGreaterThan(cost - 1e-6 * highest - 1e-9)
        expect(least).toBeLessThan(cost + 0.01 * highest + 1e-9)
      }),
      { numRuns: 40 },
    )
  })

  test('at ρ = 0 is the mix; beyond reach of the dearest kind, that kind alone; zero shares stay', () => {
    const expected = mix(1, 1, 1, 0, 1)
    const ios = { zeroReads: 1, reads: 2, shortScans: 3, longScans: 1000, writes: 9 }
    expect(worstCase(expected, ios, 0)).toEqual({ cost: 3.75, workload: expected })
    expect(worstCase(expected, ios, Math.log(4)).cost).toBeCloseTo(9, 9)
    expect(worstCase(expected, ios, 10).cost).toBeCloseTo(9, 9)
    expect(worstCase(expected, ios, 10).workload.longScans).toBe(0)
    expect(worstCase(expected, ios, 0.1).cost).toBeLessThan(9)
  })
})

const ask = (workload: ByOperation, rho: number, more: Partial<TuningQuestion> = {}) =>
  tune({ workload, environment, rho, spaceMax: Infinity, ...more })

describe('tuning', () => {
  test('writes alone choose tiering, short scans alone leveling, and zero-result reads filters', () => {
    const best = (...given: readonly number[]) => ask(mix(...given), 0).nominal[0]!
    expect(best(0, 0, 0, 0, 1).strategy).toBe('tiering')
    expect(best(0, 0, 0, 0, 1).bitsPerEntry).toBe(0)
    // One level is left: a sorted array.
    const scans = best(0, 0, 1, 0, 0)
    expect(scans.strategy).toBe('leveling')
    expect(scans.levels).toBe(1)
    expect(best(1, 0, 0, 0, 0.01).bitsPerEntry).toBeGreaterThan(10)
  })

  test('a split that fits, costs that follow from it, the best first, the same every time', () => {
    const workload = mix(1, 1, 1, 0, 1)
    const answer = ask(workload, 0.5)
    expect(ask(workload, 0.5)).toEqual(answer)
    for (const list of [answer.nominal, answer.robust]) {
      expect(new Set(list.map(({ strategy }) => strategy)).size).toBe(4)
      for (const rated of list) {
        const stored = environment.entries * rated.spaceMean
        const filterBytes = (rated.bitsPerEntry * stored) / 8
        expect(rated.memtableBytes + filterBytes).toBeLessThanOrEqual(environment.memoryBytes + 1)
        expect(rated.memtableBytes).toBeGreaterThanOrEqual(MEMTABLE_BYTES_MIN)
        expect(rated.cost).toBe(meanCost(workload, costsOf(rated, environment).ios))
        const parameters = { T: rated.point.T, bitsPerKey: rated.bitsPerEntry }
        const module = STRATEGIES.get(rated.strategy)!
        expect(() =>
          module.parse(rated.strategy === 'fluid' ? { ...parameters, ...rated.point } : parameters),
        ).not.toThrow()
      }
    }
    const nominal = answer.nominal.map(({ cost }) => cost)
    expect(nominal).toEqual(nominal.toSorted((a, b) => a - b))
  }, 60_000)

  test('no named design on a grid is better than the one found', () => {
    const workload = mix(2, 1, 1, 0, 4)
    const found = ask(workload, 0).nominal[0]!.cost
    for (const policy of [leveling, tiering]) {
      for (let T = 2; T < 60; T++) {
        for (let bits = 0; bits <= 20; bits += 0.5) {
          const memtableBytes = environment.memoryBytes - (bits * environment.entries) / 8
          const tree = treeOf(policy(T), memtableBytes, environment)
          const bitsPerEntry = bits / tree.spaceMean
          const tuning = { point: policy(T), memtableBytes, bitsPerEntry }
          expect(found).toBeLessThanOrEqual(meanCost(workload, costsOf(tuning, environment).ios))
        }
      }
    }
  })

  test('robust: its worst case is never above the nominal one’s, and equal at ρ = 0', () => {
    const workloads = [mix(1, 1, 1, 0, 97), mix(97, 1, 1, 0, 1)]
    for (const workload of workloads) {
      for (const rho of [0, 0.5]) {
        const { nominal, robust } = ask(workload, rho)
        const [bestNominal, bestRobust] = [nominal[0]!, robust[0]!]
        expect(bestRobust.worst.cost).toBeLessThanOrEqual(bestNominal.worst.cost + 1e-9)
        expect(bestNominal.cost).toBeLessThanOrEqual(bestRobust.cost)
        if (rho === 0) {
          expect(bestRobust.worst.cost).toBe(bestNominal.worst.cost)
          expect(bestRobust.cost).toBe(bestNominal.cost)
        }
      }
    }
    // From this mix's safest grid point the descent ends at a worse design than the nominal best.
    const { nominal: costs, robust: worsts } = ask(mix(55, 83, 10, 0, 63), 0.01)
    for (const { strategy, worst } of costs) {
      const safest = worsts.find((rated) => rated.strategy === strategy)!
      expect(safest.worst.cost).toBeLessThanOrEqual(worst.cost + 1e-9)
    }
    // The mix is nearly all writes; unexpected reads cost tiering much.
    const { nominal, robust } = ask(workloads[0]!, 0.5)
    expect(robust[0]!.worst.cost).toBeLessThan(0.7 * nominal[0]!.worst.cost)
  }, 120_000)

  test('proposes no design above the space allowed, and the same ones if all are below', () => {
    const workload = mix(1, 1, 0, 0, 18)
    const free = ask(workload, 0)
    expect(Math.max(...free.nominal.map(({ spaceMost }) => spaceMost))).toBeGreaterThan(5)
    for (const spaceMax of [1.2, 1.5, 2]) {
      const { nominal, robust } = ask(workload, 0.5, { spaceMax })
      expect(nominal.length).toBeGreaterThan(1)
      for (const rated of [...nominal, ...robust]) {
        expect(rated.spaceMost).toBeLessThanOrEqual(spaceMax)
        expect(rated.spacePeak).toBeGreaterThan(rated.spaceMost)
      }
      expect(nominal[0]!.cost).toBeGreaterThanOrEqual(free.nominal[0]!.cost)
    }
    expect(ask(workload, 0, { spaceMax: 1e9 })).toEqual(free)
  })

  test('the best designs begin with the choice, are different trees, and get dearer', () => {
    for (const rho of [0, 0.5]) {
      const question = { workload: mix(2, 1, 1, 0, 4), environment, rho, spaceMax: 3 }
      const { nominal, robust } = tune(question)
      const best = bestDesigns(question, 6)
      expect(best[0]).toEqual((rho > 0 ? robust : nominal)[0])
      expect(best).toHaveLength(6)
      const costs = best.map(({ cost, worst }) => (rho > 0 ? worst.cost : cost))
      expect(new Set(costs).size).toBe(6)
      expect(costs).toEqual(costs.toSorted((a, b) => a - b))
    }
  })

  test('mixes keep their sum', () => {
    const doubled = reweighted(mix(1, 1, 1, 1, 1), (kind) => (kind === 'writes' ? 6 : 1))
    expect(doubled.writes).toBeCloseTo(0.6, 12)
  })
})

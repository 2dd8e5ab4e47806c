import { describe, expect, test } from 'vitest'
import { WORKLOADS } from '../../workloads/index.ts'
import { achievedCompression } from './value-compression.ts'

const context = { records: 1000, operations: 1000, seed: 42, repeat: 0 }
const achieved = (name: string, params = {}) =>
  achievedCompression(WORKLOADS.get(name)!.create(params, context))

describe('what values compress to', () => {
  test('is near what they aim at', () => {
    for (const target of [0.2, 0.5, 0.8]) {
      expect(achieved('mix', { compression_ratio: target })).toBeCloseTo(target, 1)
    }
  })

  test('YCSB’s printable bytes hardly compress', () => {
    expect(achieved('ycsb-a')).toBeGreaterThan(0.9)
  })

  test('is that of the first writes, wherever they stand', () => {
    expect(achieved('fillseq')).toBeCloseTo(0.5, 1)
    expect(achieved('fill100K', { writes: 3 })).toBeCloseTo(0.5, 2)
  })

  test('is nothing where nothing is written', () => {
    const { phases } = WORKLOADS.get('readrandom')!.create({}, context)
    expect(achievedCompression({ load: phases[0]!.stream, phases: [] })).toBeNull()
  })

  test('of a few small values is that of the one block they make', () => {
    expect(achieved('fillseq', { writes: 3 })).toBeGreaterThan(0.4)
  })
})

/**
 * Compares with YCSB's own output if it is available: VARVE_YCSB_DATA names a folder with `gen/`
 * (sequences, hashes, raw random numbers) and `seeded/` (whole traces). Without it, the digests in
 * the other tests represent the same files.
 */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Exponential } from '../distributions/exponential.ts'
import { Operation } from '../operation.ts'
import {
  REFERENCE_SEQUENCES,
  REFERENCE_TRACES,
  referenceWorkload,
  startSequence,
} from '../testing/reference.ts'
import { KeyNames } from '../ycsb/key-names.ts'
import { ycsbText } from './ycsb-text.ts'

const folder = process.env.VARVE_YCSB_DATA ?? ''

function linesOf(name: string): string[] {
  const bytes = readFileSync(join(folder, name))
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  return text.trimEnd().split('\n').slice(1)
}

const title =
  folder === ''
    ? "YCSB's own output: not compared, since VARVE_YCSB_DATA names no folder"
    : `YCSB's own output in ${folder}`

describe.skipIf(folder === '')(title, () => {
  test.each(REFERENCE_SEQUENCES)('$name: every value', ({ name, make }) => {
    const generator = startSequence(make)
    const expected = linesOf(`gen/seq-${name}-1000.txt.gz`).map(Number)
    expect(expected.map(() => generator.next())).toEqual(expected)
  })

  test('exponential: every value, up to its last digits', () => {
    const generator = startSequence((random) => new Exponential(random, 95, 1000 * 0.8571428571))
    for (const line of linesOf('gen/seq-exponential-1000.txt.gz')) {
      const value = generator.next()
      expect(Math.abs(value - Number(line))).toBeLessThanOrEqual(1e-12 * value)
    }
  })

  test('keys of numbers', () => {
    const names = new KeyNames(false, 1)
    const operation = new Operation()
    for (const line of linesOf('gen/fnvhash64.txt')) {
      const [number, , key] = line.split(' ')
      if (!Number.isSafeInteger(Number(number)) || Number(number) < 0) continue
      names.assign(operation, Number(number))
      expect(new TextDecoder().decode(operation.key)).toBe(key)
    }
  })

  const core = REFERENCE_TRACES.filter(({ params }) => Object.keys(params).length === 0)
    .map((trace) => ({ ...trace, file: `seeded/wl-${trace.workload.at(-1)}.txt.gz` }))
    .filter(({ file }) => existsSync(join(folder, file)))

  test.each(core)('$workload: the whole trace equals $file', ({ file, ...trace }) => {
    const ours = Buffer.concat([...ycsbText(referenceWorkload(trace))])
    expect(ours.equals(gunzipSync(readFileSync(join(folder, file))))).toBe(true)
  })
})

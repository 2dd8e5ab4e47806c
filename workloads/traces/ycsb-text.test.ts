import { describe, expect, test } from 'vitest'
import { equalBytes } from '../../engine/base/compare.ts'
import { WORKLOADS } from '../catalog.ts'
import {
  REFERENCE_TRACES,
  type ReferenceTrace,
  referenceWorkload,
  sha256Of,
} from '../testing/reference.ts'
import { ycsbText } from './ycsb-text.ts'

const textOf = (chunks: Iterable<Uint8Array>) =>
  [...chunks].map((chunk) => new TextDecoder().decode(chunk)).join('')

describe('the text of a workload', () => {
  test.each(REFERENCE_TRACES.map((trace) => ({ ...trace, shown: JSON.stringify(trace.params) })))(
    '$workload $shown is YCSB’s, byte for byte',
    (trace: ReferenceTrace) => {
      expect(sha256Of(ycsbText(referenceWorkload(trace)))).toBe(trace.sha256)
    },
  )

  test('shows each kind of operation as BasicDB does', () => {
    const text = textOf(
      ycsbText(
        referenceWorkload({
          workload: 'ycsb-f',
          params: { fieldcount: 2, fieldlength: 5, readallfields: false, scanproportion: 0.5 },
          records: 1,
          operations: 6,
        }),
      ),
    )
    const lines = text.split('\n')
    const start = lines.indexOf('# LOAD')
    expect(lines.slice(start)).toMatchInlineSnapshot(`
      [
        "# LOAD",
        "INSERT usertable user6284781860667377211 [ field1=$E)!_ field0=4*l.C ]",
        "# RUN",
        "READ usertable user6284781860667377211 [ field0 ]",
        "UPDATE usertable user6284781860667377211 [ field0=>^m&I ]",
        "READ usertable user6284781860667377211 [ field0 ]",
        "READ usertable user6284781860667377211 [ field1 ]",
        "UPDATE usertable user6284781860667377211 [ field0=1D?4L ]",
        "READ usertable user6284781860667377211 [ field0 ]",
        "UPDATE usertable user6284781860667377211 [ field0=0D50R ]",
        "SCAN usertable user6284781860667377211 139 [ field1 ]",
        "SCAN usertable user6284781860667377211 372 [ field1 ]",
        "",
      ]
    `)
  })

  test("of one phase has no marks; the run's operations are the same either way", () => {
    const trace = { workload: 'ycsb-a', params: {}, records: 10, operations: 10 }
    const all = textOf(ycsbText(referenceWorkload(trace)))
    const load = textOf(ycsbText(referenceWorkload(trace), 'load'))
    const run = textOf(ycsbText(referenceWorkload(trace), 'run'))
    const properties = all.slice(0, all.indexOf('# LOAD'))
    const [loaded, ran] = all.slice(properties.length + '# LOAD\n'.length).split('# RUN\n')
    expect(load).toBe(properties + loaded)
    expect(run).toBe(properties + ran)
  })

  test('comes in chunks that later calls do not change', () => {
    const trace = { workload: 'ycsb-a', params: {}, records: 200, operations: 100 }
    const copies: Uint8Array[] = []
    const chunks: Uint8Array[] = []
    for (const chunk of ycsbText(referenceWorkload(trace))) {
      chunks.push(chunk)
      copies.push(chunk.slice())
    }
    expect(chunks.length).toBeGreaterThan(4)
    expect(chunks.findIndex((chunk, i) => !equalBytes(chunk, copies[i]!))).toBe(-1)
  })

  test('shows bare values as one field', () => {
    const workload = WORKLOADS.get('ycsb-load')!.create(
      {},
      { records: 1, operations: 0, seed: 42, repeat: 0, reference: true, valueBytes: 8 },
    )
    const lines = textOf(ycsbText(workload)).trimEnd().split('\n')
    expect(lines.at(-1)).toMatch(/^INSERT usertable user6284781860667377211 \[ field0=.{8} \]$/)
  })
})

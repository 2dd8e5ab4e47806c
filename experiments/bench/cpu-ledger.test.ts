import type { Profiler } from 'node:inspector'
import { expect, test } from 'vitest'
import { allocationLedger, cpuLedger } from './cpu-ledger.ts'

/** The samples of the first test, without the inspector's and those of idling, last 63 µs. */
const RUN = { root: '/house', operations: 10, cpuNs: 6300 }
const at = { scriptId: '1', lineNumber: 1, columnNumber: 1 }
const frame = (functionName: string, url = '') => ({ functionName, url, ...at })

/** A node's samples are given by its id in `samples`. */
const nodes: Profiler.ProfileNode[] = [
  { id: 1, callFrame: frame('(root)'), children: [2, 5, 6, 7, 8] },
  { id: 2, callFrame: frame('put', 'file:///house/engine/db/x.ts'), children: [3, 4] },
  { id: 3, callFrame: frame('copy') },
  { id: 4, callFrame: frame('crc', 'file:///house/node_modules/@a/b/index.js') },
  { id: 5, callFrame: frame('(garbage collector)') },
  { id: 6, callFrame: frame('writeSync', 'node:fs') },
  { id: 7, callFrame: frame('post', 'node:inspector') },
  { id: 8, callFrame: frame('(idle)') },
]

test('time goes to folders, dependencies, the collector and node, and adds up', () => {
  const samples = [2, 2, 3, 4, 5, 6, 7, 8]
  const timeDeltas = [1, 2, 4, 8, 16, 32, 64, 128]
  const { rooms, functions } = cpuLedger(
    { nodes, samples, timeDeltas, startTime: 0, endTime: 255 },
    RUN,
  )
  expect(rooms).toEqual([
    { name: 'node: fs', place: '', perOperation: 320 },
    { name: 'garbage collector', place: '', perOperation: 160 },
    { name: 'node_modules/@a/b', place: '', perOperation: 80 },
    { name: 'native code', place: '', perOperation: 40 },
    { name: 'engine/db', place: '', perOperation: 30 },
  ])
  expect(functions.map(({ name, place }) => `${name} ${place}`)).toEqual([
    'writeSync node:fs',
    'crc node_modules/@a/b/index.js',
    'copy in put engine/db/x.ts',
    'put engine/db/x.ts',
  ])
})

test('allocation by native functions belongs to their callers', () => {
  const leaf = (functionName: string, url: string, selfSize: number) => ({
    callFrame: frame(functionName, url),
    selfSize,
    id: selfSize,
    children: [],
  })
  const put = leaf('put', 'file:///house/engine/db/x.ts', 100)
  const head = {
    ...leaf('(root)', '', 0),
    children: [{ ...put, children: [leaf('subarray', '', 50)] }, put],
  }
  expect(allocationLedger({ head }, RUN)).toEqual([
    { name: 'put', place: 'engine/db/x.ts', perOperation: 20 },
    { name: 'subarray in put', place: 'engine/db/x.ts', perOperation: 5 },
  ])
})

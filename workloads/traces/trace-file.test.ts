import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { crc32c, maskCrc } from '../../engine/base/crc32c.ts'
import { isLsmError, LsmError } from '../../engine/base/errors.ts'
import { WORKLOADS } from '../catalog.ts'
import { OPERATION_KIND, Operation, type Workload } from '../operation.ts'
import { FRAME_HEAD_BYTES, PRELUDE_BYTES, TAIL_BYTES, type TraceHeader } from './native-format.ts'
import { pumpWorkload } from './operation-sink.ts'
import { arbitraryOperation, type PlainPhase, plainPhases, pourInto } from './testing/operations.ts'
import { openTrace, traceWorkload } from './trace-reader.ts'
import { TraceWriter, type TraceWriterOptions } from './trace-writer.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-trace-file-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'trace')

const header = (keyNumbers: 'dense' | 'hashed'): TraceHeader => ({
  workload: 'test',
  params: { T: 4 },
  keyNumbers,
})

function write(
  phases: readonly PlainPhase[],
  keyNumbers: 'dense' | 'hashed' = 'dense',
  options: TraceWriterOptions = {},
) {
  const writer = new TraceWriter(path, header(keyNumbers), options)
  pourInto(writer, phases)
  return writer.finish()
}

const phasesOf = (keyNumbers: 'dense' | 'hashed') =>
  fc.array(
    fc.nat(3).chain((fields) =>
      fc.record({
        name: fc.constantFrom('load', 'run', 'later'),
        fieldNames: fc.constant(['alpha', 'ß', 'c'].slice(0, fields)),
        operations: fc.array(arbitraryOperation(keyNumbers, fields), {
          maxLength: 60,
          size: 'max',
        }),
      }),
    ),
    { minLength: 1, maxLength: 4 },
  )

describe('a trace', () => {
  test.each(['dense', 'hashed'] as const)(
    'of any operations (%s keys) is read back equal',
    (keys) => {
      fc.assert(
        fc.property(
          phasesOf(keys),
          fc.constantFrom('zstd' as const, 'none' as const),
          fc.integer({ min: 1, max: 4000 }),
          (phases, compression, frameBytes) => {
            const footer = write(phases, keys, { compression, frameBytes })
            const trace = openTrace(path)
            expect(trace.header).toEqual(header(keys))
            expect(trace.footer).toEqual(footer)
            expect(footer.phases.map((phase) => phase.operations)).toEqual(
              phases.map((phase) => phase.operations.length),
            )
            const read = plainPhases(traceWorkload(trace))
            const named = phases.map((phase, i) => (i === 0 ? { ...phase, name: 'load' } : phase))
            expect(read).toEqual(named)
          },
        ),
        { numRuns: 40 },
      )
    },
  )

  test('reports its operations by kind, and its largest key and value', () => {
    const kinds = Object.values(OPERATION_KIND)
    fc.assert(
      fc.property(phasesOf('dense'), (phases) => {
        const all = phases.flatMap((phase) => phase.operations)
        expect(write(phases)).toMatchObject({
          operationsByKind: kinds.map((kind) => all.filter((one) => one.kind === kind).length),
          fieldUpdates: all.filter((one) => one.fieldIndex >= 0).length,
          keyBytesMax: Math.max(0, ...all.map(({ key }) => key.length)),
          valueBytesMax: Math.max(0, ...all.map(({ value }) => value.length)),
        })
      }),
      { numRuns: 20 },
    )
  })

  test('has equal digests for equal operations, and different ones otherwise', () => {
    const [a, b] = [1, 2].map((keyNumber) => ({
      kind: OPERATION_KIND.delete,
      keyNumber,
      key: new Uint8Array([1]),
      value: new Uint8Array(),
      scanLength: 0,
      fieldIndex: -1,
      readFieldIndex: -1,
      arrivalNs: -1,
    }))
    const digest = (one: typeof a) =>
      write([{ name: 'load', fieldNames: [], operations: [one!] }]).digest
    expect(digest(a)).toBe(digest(a))
    expect(digest(a)).not.toBe(digest(b))
  })
})

describe('a recorded workload', () => {
  const size = { records: 300, operations: 700, seed: 7, repeat: 0 }
  const create = (name: string, params = {}, more = {}) =>
    WORKLOADS.get(name)!.create(params, { ...size, ...more })
  const record = (workload: Workload) => {
    const writer = new TraceWriter(path, header('dense'))
    pumpWorkload(workload, writer, new Operation())
    writer.finish()
    return openTrace(path)
  }

  test.each([
    ['ycsb-a', {}, {}],
    ['ycsb-e', {}, {}],
    ['ycsb-f', { readallfields: false }, {}],
    ['ycsb-d', { fieldlengthdistribution: 'uniform', fieldlength: 30 }, {}],
    ['ycsb-a', { writeallfields: true, fieldlengthdistribution: 'zipfian' }, {}],
    ['ycsb-b', {}, { valueBytes: 77 }],
    ['ycsb-load', {}, { valueBytes: 0 }],
  ])('%s %j %j is read back equal, with values stored as seeds', (name, params, more) => {
    const trace = record(create(name, params, more))
    expect(plainPhases(traceWorkload(trace))).toEqual(plainPhases(create(name, params, more)))
    const operations = size.records + (name === 'ycsb-load' ? 0 : size.operations)
    expect(trace.fileBytes / operations).toBeLessThan(60)
  })

  test('fills several slots whose values are read later, across frame boundaries', () => {
    const operations = plainPhases(create('ycsb-load'))[0]!.operations.map((one) => ({
      ...one,
      value: Uint8Array.from(one.value, (byte) => byte ^ 1),
    }))
    write([{ name: 'load', fieldNames: [], operations }], 'dense', { frameBytes: 4000 })
    const { load } = traceWorkload(openTrace(path))
    const slots = operations.map(() => new Operation())
    for (const slot of slots) expect(load.next(slot)).toBe(true)
    for (const [i, slot] of slots.entries()) expect(load.value(slot)).toEqual(operations[i]!.value)
  })
})

test('a trace whose name is taken leaves no file', () => {
  const parent = mkdtempSync(join(tmpdir(), 'varve-unnamed-'))
  const taken = join(parent, 'a folder')
  mkdirSync(taken)
  const writer = new TraceWriter(taken, header('dense'))
  expect(() => writer.finish()).toThrow()
  expect(readdirSync(parent)).toEqual(['a folder'])
  rmSync(parent, { recursive: true })
})

describe('a damaged trace', () => {
  const sample = (): Uint8Array => {
    const workload = WORKLOADS.get('ycsb-a')!.create(
      { fieldcount: 2, fieldlength: 5 },
      { records: 20, operations: 40, seed: 1, repeat: 0 },
    )
    const writer = new TraceWriter(path, header('dense'), { frameBytes: 500 })
    pumpWorkload(workload, writer, new Operation())
    writer.finish()
    return new Uint8Array(readFileSync(path))
  }
  const readAll = () => plainPhases(traceWorkload(openTrace(path)))
  /** Reads only small values, because a large one may be correct by its seed. */
  const walk = ({ load, phases }: Workload) => {
    const slot = new Operation()
    for (const stream of [load, ...phases.map((phase) => phase.stream)]) {
      while (stream.next(slot)) if (slot.valueLength < 1e5) stream.value(slot)
    }
  }
  const failure = (): LsmError => {
    try {
      readAll()
    } catch (error) {
      if (error instanceof LsmError) return error
      throw error
    }
    throw new Error('the damaged trace was read without an error')
  }

  test('is refused for every flipped byte, with file and offset', () => {
    const whole = sample()
    const step = 5
    for (let at = 0; at < whole.length; at += step) {
      const damaged = whole.slice()
      damaged[at]! ^= 0x10
      writeFileSync(path, damaged)
      const error = failure()
      expect(error.message.split('\n')).toHaveLength(1)
      if (at < 12) expect(error.code).toBe('LSM_INVALID_ARGUMENT')
      else {
        expect(error.code, error.message).toBe('LSM_CORRUPTION')
        expect(error.message).toMatch(new RegExp(`^${path} at offset \\d+: `))
        expect(error.data.offset).toBeLessThanOrEqual(at)
      }
    }
  })

  test('that ends early reports the offset and the number of complete operations', () => {
    const whole = sample()
    const { footer } = openTrace(path)
    const total = footer.phases.reduce((sum, phase) => sum + phase.operations, 0)
    for (let length = 12; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length))
      const error = failure()
      expect(isLsmError(error, 'LSM_CORRUPTION')).toBe(true)
    }
    writeFileSync(path, whole.subarray(0, whole.length - 1))
    expect(failure().message).toContain(`${total} whole operations lie before`)
    writeFileSync(path, whole.subarray(0, footer.phases[1]!.offset + 5))
    expect(failure().message).toMatch(
      /20 whole operations lie before; the file ends inside a frame/,
    )
    expect(failure().data.offset).toBe(footer.phases[1]!.offset)
  })

  test('with matching checksums gives operations or a one-line error', () => {
    const whole = sample()
    const { footer } = openTrace(path)
    const headOf = (offset: number) => new DataView(whole.buffer, offset, FRAME_HEAD_BYTES)
    const frames: number[] = []
    for (let at = PRELUDE_BYTES; at < whole.length - TAIL_BYTES; ) {
      frames.push(at)
      at += FRAME_HEAD_BYTES + headOf(at).getUint32(12, true)
    }
    expect(frames.length).toBeGreaterThan(footer.phases.length + 1)
    const damage = fc.record({
      frame: fc.nat(frames.length - 1),
      at: fc.nat(FRAME_HEAD_BYTES + 200),
      byte: fc.nat(255),
    })
    fc.assert(
      fc.property(damage, ({ frame, at, byte }) => {
        const damaged = whole.slice()
        const offset = frames[frame]!
        const stored = headOf(offset).getUint32(12, true)
        const end = offset + FRAME_HEAD_BYTES + stored
        if (at >= 16 && at < FRAME_HEAD_BYTES) return
        damaged[Math.min(offset + at, end - 1)] = byte
        const head = crc32c(damaged, offset, offset + 16)
        const crc = maskCrc(crc32c(damaged, offset + FRAME_HEAD_BYTES, end, head))
        new DataView(damaged.buffer).setUint32(offset + 16, crc, true)
        writeFileSync(path, damaged)
        try {
          walk(traceWorkload(openTrace(path)))
        } catch (error) {
          expect(isLsmError(error), String((error as Error).stack)).toBe(true)
          expect((error as Error).message).not.toContain('\n')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('that claims a frame larger than the file does not allocate that much memory', () => {
    const whole = sample()
    const bytes = new DataView(whole.buffer)
    for (const offset of [8, 12]) bytes.setUint32(PRELUDE_BYTES + offset, 2 ** 30, true)
    writeFileSync(path, whole)
    const before = process.memoryUsage().arrayBuffers
    expect(failure().message).toContain(`the file ends inside a frame`)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26)
  })

  test('of another version or format is refused as such', () => {
    const newer = sample()
    newer[8] = 9
    writeFileSync(path, newer)
    expect(failure().message).toContain('version 9')
    writeFileSync(path, 'READ usertable user1 [ <all fields>]\n')
    expect(failure().message).toContain('not a trace')
  })
})

test('an aborted writer leaves no file', () => {
  rmSync(path, { force: true })
  const writer = new TraceWriter(path, header('dense'))
  writer.beginPhase('load', [])
  writer.abort()
  writer.abort()
  expect(readdirSync(folder)).toEqual([])
})

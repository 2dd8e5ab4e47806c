import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../base/coding.ts'
import { isLsmError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { NO_SEGMENTS } from '../version/segment-meta.ts'
import { parseVersion } from '../version/text.ts'
import { EMPTY_EDIT, type VersionEdit } from '../version/version-edit.ts'
import { snapshotOf } from './manifest-state.ts'
import { randomTable } from './testing/histories.ts'
import {
  COMPARATOR_NAME,
  decodeVersionEdit,
  encodeVersionEdit,
  type StoredEdit,
} from './version-edit-codec.ts'

const number = fc.maxSafeNat()
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined })

const placements = fc.array(
  fc.tuple(fc.nat(70), fc.nat(), fc.integer()).map(([level, run, seed]) => ({
    level,
    run,
    table: randomTable(createRandom(seed), run + 1, seed & 0xff),
  })),
  { maxLength: 4 },
)

const sealedSegments = fc.array(
  fc.record({ segment: number, records: number, recordBytes: number }),
  { minLength: 1, maxLength: 3 },
)
const segmentNumbers = fc.array(number, { minLength: 1, maxLength: 3 })

/** An edit without changes to segments has no `segments` field. */
const segments = fc
  .record({
    opened: optional(segmentNumbers),
    sealed: optional(sealedSegments),
    spent: optional(segmentNumbers),
    removed: optional(sealedSegments),
  })
  .map((parts) => (Object.values(parts).some((part) => part !== undefined) ? parts : undefined))

const edits: fc.Arbitrary<VersionEdit> = fc
  .record({
    logNumber: optional(number),
    nextFileNumber: optional(number),
    nextRunId: optional(number),
    lastSeq: optional(number),
    strategy: optional(fc.record({ name: fc.string({ unit: 'grapheme' }), state: fc.jsonValue() })),
    segments: optional(segments),
    newRuns: fc.array(fc.record({ level: fc.nat(70), run: fc.nat(), after: fc.option(fc.nat()) }), {
      maxLength: 4,
    }),
    removed: placements,
    added: placements,
  })
  .map((edit) => JSON.parse(JSON.stringify(edit), reviveBytes) as VersionEdit)

/** Drops absent fields, as `exactOptionalPropertyTypes` demands, and keeps byte arrays. */
function reviveBytes(key: string, value: unknown): unknown {
  const isKey = key === 'smallest' || key === 'largest'
  return isKey ? Uint8Array.from(Object.values(value as Record<string, number>)) : value
}

function stored(edit: VersionEdit): StoredEdit {
  const removed = edit.removed.map(({ level, table }) => ({ level, id: table.id }))
  return { ...edit, removed }
}

function corrupted(bytes: Uint8Array): string {
  try {
    decodeVersionEdit(bytes, 'MANIFEST-000004')
  } catch (error) {
    if (isLsmError(error, 'LSM_CORRUPTION')) return error.message
    throw error
  }
  throw new Error('accepted a damaged edit')
}

describe('version edits', () => {
  test('decode to what was encoded; removed tables keep only level and id', () => {
    fc.assert(
      fc.property(edits, fc.boolean(), (edit, first) => {
        const read = decodeVersionEdit(encodeVersionEdit(edit, first), 'MANIFEST-000004')
        const { comparator, ...rest } = read
        expect(rest).toEqual(stored(edit))
        expect(comparator).toBe(first ? COMPARATOR_NAME : undefined)
      }),
    )
  })

  test('have the bytes of the format', () => {
    const version = parseVersion('L1\n R3: 12[a,f] bytes=100 entries=5 keys=6 values=7 seq=2-9')
    const edit = { ...snapshotOf(stateOf(version)), lastSeq: 300 }
    const removed = [{ level: 2, run: 1, table: version.levels[1]!.runs[0]!.chunks[0]!.tables[0]! }]
    expect([...encodeVersionEdit({ ...edit, removed })]).toEqual([
      ...[2, 11, 3, 20, 4, 0xac, 2],
      ...[0x80, 0x60, 10, 1, 0x74, 7, ...new TextEncoder().encode('{"a":1}')],
      ...[0x81, 0x60, 1, 4],
      ...[0x82, 0x60, 3, 1, 3, 0],
      ...[6, 2, 12],
      ...[103, 1, 12, 100, 9, 0x61, 17, 9, 0, 0, 0, 0, 0, 0, 9, 0x66, 0, 2, 0, 0, 0, 0, 0, 0, 2, 9],
      ...[0x80, 1, 1, 3],
      ...[0x81, 1, 4, 5, 0, 6, 7],
      ...[0x82, 1, 2, 0, 0],
      1,
    ])
  })

  test('skip unknown ignorable fields', () => {
    const extra = new ByteWriter().varint(16_383).text('from the future').copy()
    const known = encodeVersionEdit({ ...EMPTY_EDIT, lastSeq: 5 })
    const read = decodeVersionEdit(Uint8Array.from([...extra, ...known]), 'MANIFEST-000004')
    expect(read).toEqual({ ...EMPTY_EDIT, lastSeq: 5 })
    expect(decodeVersionEdit(withTableTag(191), 'MANIFEST-000004').added.length).toBe(1)
  })

  test('refuse other unknown fields and name the tag', () => {
    const extra = new ByteWriter().varint(200).text('from the future').copy()
    expect(corrupted(extra)).toBe('MANIFEST-000004: unknown version-edit tag 200 at byte 2')
    expect(corrupted(withTableTag(192))).toContain('unknown tag 192 of table 5')
  })

  test('refuse a table without its run', () => {
    const bytes = encodeVersionEdit(oneTable)
    const run = bytes.findIndex((byte, at) => byte === 0x80 && bytes[at + 1] === 1)
    bytes[run] = 0xbf
    expect(corrupted(bytes)).toContain('table 5 lacks its run, counts or times')
  })
})

describe('damage', () => {
  test('a cut is detected unless it falls between fields', () => {
    const bytes = encodeVersionEdit(oneTable)
    const table = bytes.indexOf(103)
    for (let cut = table + 1; cut < bytes.length; cut++) corrupted(bytes.slice(0, cut))
  })

  test('random bytes give LSM_CORRUPTION or an edit, never another error', () => {
    fc.assert(
      fc.property(edits, fc.nat(), fc.nat(255), (edit, at, byte) => {
        const bytes = encodeVersionEdit(edit)
        bytes[at % bytes.length] = byte
        try {
          decodeVersionEdit(bytes, 'MANIFEST-000004')
        } catch (error) {
          if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
        }
      }),
    )
  })
})

const oneTable: VersionEdit = {
  ...EMPTY_EDIT,
  lastSeq: 7,
  added: [{ level: 1, run: 2, table: randomTable(createRandom(1), 5, 3) }],
}

/** An edit of one table with one additional tag in it. */
function withTableTag(tag: number): Uint8Array {
  const bytes = encodeVersionEdit(oneTable)
  const field = new ByteWriter().varint(tag).text('?').copy()
  return Uint8Array.from([...bytes.subarray(0, -1), ...field, 1])
}

function stateOf(version: ReturnType<typeof parseVersion>) {
  const strategy = { name: 't', state: { a: 1 } }
  const numbers = { logNumber: 11, nextFileNumber: 20, nextRunId: 4, lastSeq: 9 }
  return { version, ...numbers, strategy, segments: NO_SEGMENTS }
}

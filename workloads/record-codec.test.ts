import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRecord, encodeRecord, type Field, mergeField } from './record-codec.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const fields = fc.uniqueArray(
  fc.record({ name: fc.uint8Array({ maxLength: 6 }), value: fc.uint8Array({ maxLength: 300 }) }),
  { maxLength: 12, selector: (field) => field.name.join() },
)

/** YCSB's binding does this: it decodes into a map, replaces a field, and encodes. */
function mergeThroughMap(record: Uint8Array, name: Uint8Array, value: Uint8Array): Uint8Array {
  const map = new Map<string, Field>()
  for (const field of decodeRecord(record)) map.set(field.name.join(), field)
  map.set(name.join(), { name, value })
  return encodeRecord([...map.values()])
}

describe('a record', () => {
  test('holds name and value of each field, with big-endian lengths before them', () => {
    const record = encodeRecord([{ name: bytes('f1'), value: bytes('abc') }])
    expect([...record]).toEqual([0, 0, 0, 2, 0x66, 0x31, 0, 0, 0, 3, 0x61, 0x62, 0x63])
  })

  test('decodes to what was encoded', () => {
    fc.assert(
      fc.property(fields, (list) => {
        expect(decodeRecord(encodeRecord(list))).toEqual(list)
      }),
    )
  })

  test('merges as decoding, replacing and encoding do', () => {
    fc.assert(
      fc.property(
        fields,
        fc.nat(),
        fc.uint8Array({ maxLength: 6 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        (list, pick, otherName, value, existing) => {
          const record = encodeRecord(list)
          const name = existing && list.length > 0 ? list[pick % list.length]!.name : otherName
          const before = record.slice()
          expect(mergeField(record, name, value)).toEqual(mergeThroughMap(record, name, value))
          expect(record).toEqual(before)
        },
      ),
    )
  })

  test('cut anywhere inside a field is reported as corruption', () => {
    const list = [
      { name: bytes('field0'), value: bytes('some value') },
      { name: bytes('field1'), value: bytes('another') },
    ]
    const record = encodeRecord(list)
    const boundary = encodeRecord(list.slice(0, 1)).length
    for (let length = 1; length < record.length; length++) {
      if (length === boundary) continue
      const torn = record.slice(0, length)
      const code = expect.objectContaining({ code: 'LSM_CORRUPTION' })
      expect(() => decodeRecord(torn)).toThrow(code)
      expect(() => mergeField(torn, bytes('absent'), bytes('x'))).toThrow(code)
    }
  })
})

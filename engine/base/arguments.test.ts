import { describe, expect, test } from 'vitest'
import { bytesIn, checkFlag, checkOptions, checkWhole } from './arguments.ts'

const refused = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })

function shrunk(): Uint8Array {
  const buffer = new ArrayBuffer(16, { maxByteLength: 16 })
  const view = new Uint8Array(buffer, 8, 4)
  buffer.resize(4)
  return view
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function transferred(): Uint8Array {
  const array = new Uint8Array(3)
  array.buffer.transfer()
  return array
}

describe('bytes', () => {
  test.each<[string, Uint8Array, number]>([
    ['an array', new Uint8Array(3), 3],
    ['an empty array', new Uint8Array(0), 0],
    ['a Buffer', Buffer.from('abc'), 3],
    ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(5)), 5],
    [
      'an array whose `length` property was replaced',
      Object.defineProperty(new Uint8Array(3), 'length', {
        get() {
          throw new Error('the replaced length was read')
        },
      }),
      3,
    ],
  ])('%s is accepted and counted', (_, value, bytes) => {
    expect(bytesIn(value, 'key')).toBe(bytes)
  })

  test.each<[string, unknown]>([
    ['a string', 'abc'],
    ['a number', 3],
    ['a bigint', 3n],
    ['undefined', undefined],
    ['null', null],
    ['a list', [1, 2]],
    ['an object', { length: 3 }],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(8)],
    ['a Uint16Array', new Uint16Array(2)],
    ['an Int8Array', new Int8Array(2)],
    ['a Uint8ClampedArray', new Uint8ClampedArray(2)],
    ['a DataView', new DataView(new ArrayBuffer(3))],
    ['an object of the same prototype', Object.create(Uint8Array.prototype)],
    ['a proxy of an array', new Proxy(new Uint8Array(3), {})],
    ['a proxy that was revoked', revoked()],
    ['an array whose buffer was transferred', transferred()],
    ['an array whose buffer shrank', shrunk()],
  ])('%s is refused', (_, value) => {
    expect(() => bytesIn(value as Uint8Array, 'key')).toThrow(refused)
  })

  test('the refusal is one line that says how to make them', () => {
    expect(() => bytesIn('abc' as never, 'key')).toThrow(
      'key must be a Uint8Array, not a string: encode it, as with new TextEncoder().encode(text)',
    )
  })
})

describe('options', () => {
  test('may be left out; an unknown name is refused', () => {
    checkOptions({}, ['limit'], 'scan')
    checkOptions({ limit: undefined }, ['limit'], 'scan')
    checkOptions(Object.create(null) as object, ['limit'], 'scan')
    expect(() => checkOptions({ start: 1 }, ['limit', 'gte'], 'scan')).toThrow(
      'scan has no option "start"; it has limit, gte',
    )
  })

  test('are read once, so that the checked value is the used value', () => {
    let reads = 0
    const changing = {
      get limit() {
        return ++reads
      },
    }
    const { limit } = checkOptions(changing, ['limit'], 'scan')
    expect([limit, reads]).toEqual([1, 1])
    expect(checkOptions(new Proxy({ limit: 3 }, {}), ['limit'], 'scan')).toEqual({ limit: 3 })
    expect(() => checkOptions(revoked(), ['limit'], 'scan')).toThrow(refused)
  })

  test.each([null, undefined, 1, 'limit', [], new Uint8Array(0), new Map(), () => {}, new Date()])(
    'are refused when they are not a plain object: %s',
    (value) => {
      expect(() => checkOptions(value as object, ['limit'], 'scan')).toThrow(refused)
    },
  )
})

test.each([Number.NaN, -1, 0.5, Infinity, 2 ** 53, '1', null, 1n, 11])(
  '%s is refused as a whole number from 0 to 10',
  (value) => {
    expect(() => checkWhole(value as number, 'limit', 0, 10)).toThrow(refused)
  },
)

test.each([0, 1, '', 'false', null])('%s is refused as a flag', (value) => {
  expect(() => checkFlag(value as never, 'sync')).toThrow(refused)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endOfPrefix, readLine, showBytes } from './words.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const wordsOf = (line: string) => readLine(line).words.map((word) => word.bytes)

describe('words', () => {
  test.each([
    ['put  a\tb ', ['put', 'a', 'b']],
    ['"a b" \'c "d\' e"f g"h', ['a b', 'c "d', 'ef gh']],
    ["a\\ b \\\"x '\\n'", ['a b', '"x', '\\n']],
    ['"" café', ['', 'café']],
    ['0x616263 "0x61" \\0x', ['abc', '0x61', '\0x']],
    ['"\\x00\\n\\t\\r\\\\"', ['\0\n\t\r\\']],
  ])('of %s', (line, words) => {
    expect(wordsOf(line)).toEqual(words.map(bytes))
  })

  test('of bytes that are not text', () => {
    expect(wordsOf('0x00ff \\xff 0x')).toEqual([
      Uint8Array.of(0, 255),
      Uint8Array.of(255),
      new Uint8Array(0),
    ])
  })

  test('options stand anywhere, and quotes make words of them', () => {
    const { words, options } = readLine('scan --limit=2 "--reverse" --prefix="a b" --reverse')
    expect(words.map((word) => word.bytes)).toEqual([bytes('scan'), bytes('--reverse')])
    expect([...options.keys()]).toEqual(['limit', 'prefix', 'reverse'])
    expect(options.get('prefix')!.bytes).toEqual(bytes('a b'))
  })

  test.each([
    ['put "a', 'the quote at column 5 is not closed'],
    ['0x123', '0x123: hex needs two digits a byte'],
    ['0xhello', '0xhello is not hex; quote it if it is text: "0xhello"'],
    ['\\x0', 'column 1: an escape is \\x and two hex digits, or \\\\'],
    ['a\\q', 'column 2: unknown escape \\q; write \\\\q'],
    ['scan --limit=1 --limit=2', '--limit is given twice'],
    ['put a\ufffdb v', 'bytes that are not UTF-8; write them as \\xff or 0xff'],
  ])('%s is refused', (line, message) => {
    expect(() => readLine(line)).toThrow(message)
  })

  test('shown bytes are one word on one line, and read back as they were', () => {
    const text = fc.string({ unit: 'binary' }).map(bytes)
    const arbitrary = fc.oneof(fc.uint8Array(), text, fc.string().map(bytes))
    fc.assert(
      fc.property(arbitrary, (value) => {
        const shown = showBytes(value)
        expect(shown).not.toMatch(/[\n\r]/)
        expect(wordsOf(shown)).toEqual([value])
        expect(readLine(shown).options.size).toBe(0)
      }),
    )
  })

  test.each([
    ['abc:1', 'abc:1'],
    ['a b', '"a b"'],
    ['(none)', '"(none)"'],
    ['a"\n', '"a\\"\\n"'],
    ['0x61', '"0x61"'],
    ['', '""'],
    ['\0', '"\\x00"'],
  ])('%j is shown as %s', (value, shown) => {
    expect(showBytes(bytes(value))).toBe(shown)
  })
})

test('the end of a prefix is above every key with it and above no other', () => {
  const key = fc.uint8Array({ maxLength: 4 })
  fc.assert(
    fc.property(key, key, (prefix, other) => {
      const end = endOfPrefix(prefix)
      const order = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b)
      const inRange = order(other, prefix) >= 0 && (end === null || order(other, end) < 0)
      const hasPrefix = Buffer.from(other).subarray(0, prefix.length).equals(prefix)
      expect(inRange).toBe(hasPrefix)
    }),
  )
  expect(endOfPrefix(Uint8Array.of(255))).toBeNull()
})

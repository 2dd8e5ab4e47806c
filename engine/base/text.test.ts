import { expect, test } from 'vitest'
import { decodeText, plainText, withoutMark } from './text.ts'

const MARK = '\ufeff'

test.each([
  ['plain', 'a\nb\n', 'a\nb\n'],
  ['a byte order mark', `${MARK}a`, 'a'],
  ['only the first mark is removed; the second is a character', `${MARK}${MARK}a`, `${MARK}a`],
  ['Windows line ends', 'a\r\nb\r\n', 'a\nb\n'],
  ['a carriage return without a line feed', 'a\rb', 'a\rb'],
  ['only a byte order mark', MARK, ''],
  ['nothing', '', ''],
])('%s', (_, text, expected) => {
  expect(plainText(text)).toBe(expected)
  expect(decodeText(new TextEncoder().encode(text))).toBe(expected)
})

test.each([['utf16le'], ['utf16be']])('%s is refused', (encoding) => {
  const bytes = Buffer.from(`${MARK}{}`, 'utf16le')
  if (encoding === 'utf16be') bytes.swap16()
  expect(() => decodeText(bytes)).toThrow('the text is UTF-16; save it as UTF-8')
})

test('bytes lose their byte order mark and keep the rest', () => {
  const bytes = new TextEncoder().encode(`${MARK}ab`)
  expect(withoutMark(bytes)).toEqual(new TextEncoder().encode('ab'))
  expect(withoutMark(bytes.subarray(0, 2))).toEqual(bytes.subarray(0, 2))
  expect(withoutMark(new Uint8Array(0))).toHaveLength(0)
})

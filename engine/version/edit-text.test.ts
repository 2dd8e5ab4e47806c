import { describe, expect, test } from 'vitest'
import { parseEdit, printEdit } from './edit-text.ts'
import { parseVersion, printVersion } from './text.ts'
import { applyEdit } from './version-edit.ts'

const before = parseVersion(`
  L0
    R7: 3[a,c] bytes=10; 4[d,0x00ff]
    R5: 2[a,z]
  L1
    R1: 1[b,y]`)

const text = `run L1 R9 newest
run L1 R10 after R1
- L0 R7 3[a,c]
- L0 R7 4[d,0x00ff]
+ L1 R9 12[a,f] bytes=100 entries=4 seq=3-9 deleted=17 filter=10:69
+ L1 R10 13[a,0x00ff]
state leveling-partial {"cursors":[null,"00ff"]}`

describe('the text of an edit', () => {
  test('parses back to an edit that prints the same', () => {
    expect(printEdit(parseEdit(text))).toBe(text)
    expect(parseEdit(text).strategy).toEqual({
      name: 'leveling-partial',
      state: { cursors: [null, '00ff'] },
    })
  })

  test('gives the right totals, although it names removed tables only by id and key range', () => {
    const part = parseVersion('L0\n R7: 3[a,c] bytes=10; 4[d,f] bytes=20')
    const { totals } = applyEdit(part, parseEdit('- L0 R7 3[a,c]')).levels[0]!.runs[0]!
    expect(totals).toMatchObject({ tables: 1, bytes: 20 })
  })

  test('changes a version as the original edit does', () => {
    expect(printVersion(applyEdit(before, parseEdit(text)))).toBe(
      `L0
  R5: 2[a,z]
L1
  R9: 12[a,f] bytes=100 entries=4 seq=3-9 deleted=17 filter=10:69
  R1: 1[b,y]
  R10: 13[a,0x00ff]`,
    )
  })

  test.each(['run L1 R9', '+ L1 R9 12', '* L1 R9 1[a,b]', 'state x {'])('%j is refused', (line) => {
    expect(() => parseEdit(line)).toThrow(/not a line of an edit|holds no table/)
  })
})

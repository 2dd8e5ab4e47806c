import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { imported } from '../testing/imported.ts'
import { IMPORT_FORMATS } from './import-trace.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-marked-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'trace')

const MARK = '\ufeff'
const TEXTS = {
  ycsb: 'READ usertable user1 [ <all fields>]\nDELETE usertable user2\n',
  twitter: '0,k,1,10,1,get,0\n1,k,1,10,1,delete,0\n',
  kvcache: 'key,op,size,op_count,key_size\n1,GET,0,3,40\n2,SET,9,1,40\n',
  'rocksdb-text': '0x6b31 1 0 5 1000\n6b31 0 0 0 1002\n',
} as const

test('covers every text format', () => {
  expect(Object.keys(IMPORT_FORMATS).filter((name) => !(name in TEXTS))).toEqual(['rocksdb'])
})

test.each(Object.entries(TEXTS))(
  '%s saved by a Windows editor reads the same',
  async (name, text) => {
    const format = name as keyof typeof TEXTS
    const plain = await imported(format, path, [text])
    expect(plain.phases).not.toEqual([])
    const saved = `${MARK}${text.replaceAll('\n', '\r\n')}`
    for (const content of [saved, gzipSync(saved)]) {
      expect((await imported(format, path, [content])).phases).toEqual(plain.phases)
    }
    // Each of several files has its own mark, before its first line only.
    const twice = await imported(format, path, [saved, saved])
    expect(twice.malformed).toEqual([])
    expect(twice.phases.flatMap(({ operations }) => operations)).toHaveLength(
      2 * plain.phases.flatMap(({ operations }) => operations).length,
    )
  },
)

import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellText } from './shell-text.ts'

test('a plain command does not change', () => {
  const command = ['npm', 'run', 'exp', '--', '--strategy=./mine.ts', '--set=memtableBytes=1MiB']
  expect(shellText(command)).toBe(command.join(' '))
})

test.runIf(process.platform !== 'win32')('a shell reads back every argument', () => {
  const command = ['a b', "it's", '$HOME', '--param=T=[4,2]', '*', '', 'ö', 'a\nb']
  const read = execFileSync('sh', ['-c', `printf '%s\\0' ${shellText(command)}`], {
    encoding: 'utf8',
  })
  expect(read.split('\0').slice(0, -1)).toEqual(command)
})

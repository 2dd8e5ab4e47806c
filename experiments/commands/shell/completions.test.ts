import { expect, test } from 'vitest'
import { completions } from './completions.ts'
import { historyPath, readHistory, writeHistory } from './history.ts'

test.each([
  ['', 'put ', ''],
  ['sc', 'scan ', 'sc'],
  ['  de', 'delete ', 'de'],
  ['scan --li', '--limit=', '--li'],
  ['scan a --rev', '--reverse ', '--rev'],
  ['get a --at=th', '--at=then ', '--at=th'],
  ['release t', 'then', 't'],
  ['help ver', 'verify', 'ver'],
])('"%s" completes to "%s"', (line, candidate, last) => {
  const [found, word] = completions(line, ['then'])
  expect(found).toContain(candidate)
  expect(word).toBe(last)
})

test('keys and values are not completed', () => {
  expect(completions('put s', ['then'])[0]).toEqual([])
})

test('the history is in the user’s folder for state, and a missing one is empty', () => {
  expect(historyPath({ XDG_STATE_HOME: '/state' }, 'linux')).toBe('/state/varve/shell-history')
  expect(historyPath({ HOME: '/nobody' }, 'linux')).toMatch(/\.local\/state\/varve\/shell-history$/)
  expect(readHistory('/nowhere/at/all')).toEqual([])
  expect(() => writeHistory('/dev/null/history', ['a'])).not.toThrow()
})

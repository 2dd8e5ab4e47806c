import { test } from 'vitest'
import { expectGolden } from '../../../results/testing/golden.ts'
import { readmeText } from './write-table.ts'

test('the table in the README is that of the checked-in race', () => {
  expectGolden('README.md', readmeText(), 'npm run bench:table')
})

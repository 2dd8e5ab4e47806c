import { test } from 'vitest'
import { readWhileWriting, SETTINGS } from './testing/read-while-writing.ts'

/** Over two threads and all settings: ten million. */
const READS = 1_250_000

test.each(SETTINGS)('2.5 million reads of two threads are whole and current: %s', (_, open) =>
  readWhileWriting(open, READS),
)

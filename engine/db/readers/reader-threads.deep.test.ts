import { test } from 'vitest'
import { readWhileWriting, SETTINGS } from './testing/read-while-writing.ts'

/** Of one thread. Two threads read in each of four settings: one million, or in full ten. */
const READS = process.env.VARVE_ALL_SCALES ? 1_250_000 : 125_000

test.each(SETTINGS)(`two threads make ${READS} whole, current reads each: %s`, (_, open) =>
  readWhileWriting(open, READS),
)

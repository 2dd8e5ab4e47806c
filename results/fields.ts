/**
 * Owns the kinds of numbers in a result. A name contains its unit (`…Bytes`, `…Us`, `…Seconds`). A
 * ratio has no unit, and is null if its denominator is zero.
 */

import { z } from 'zod'

export const count = z.int().nonnegative()
export const bytes = z.int().nonnegative()
export const ratio = z.number().nonnegative().nullable()
export const name = z.string().min(1)
export const hexHash = z.string().regex(/^[0-9a-f]{8,128}$/, 'expected a hash in lower-case hex')

/** Number of operations per kind, under the workload's names of the kinds. */
export const countByKind = z.record(name, count)

/** Runs per level, level 0 first. */
export const shape = z.array(count)

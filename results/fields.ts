/**
 * Owns the kinds of numbers a result is made of. A name says its unit (`…Bytes`, `…Us`, `…Seconds`);
 * a ratio has none and is null where its denominator is zero.
 */

import { z } from 'zod'

export const count = z.int().nonnegative()
export const bytes = z.int().nonnegative()
export const ratio = z.number().nonnegative().nullable()
export const name = z.string().min(1)
export const hexHash = z.string().regex(/^[0-9a-f]{8,128}$/, 'expected a hash in lower-case hex')

/** An operation count per kind, under the names the workload gives its kinds. */
export const countByKind = z.record(name, count)

/** Runs per level, level 0 first. */
export const shape = z.array(count)

/** Owns the names of the policies that choose which block leaves a full cache. */

import { ClockEviction } from './clock-eviction.ts'
import type { Eviction } from './eviction.ts'
import { S3FifoEviction } from './s3-fifo-eviction.ts'

/** The values of the engine option `cachePolicy`. */
export const CACHE_POLICIES = ['clock', 's3-fifo'] as const
export type CachePolicy = (typeof CACHE_POLICIES)[number]
/** `cachePolicy` where it is left out. */
export const CACHE_POLICY_DEFAULT: CachePolicy = 'clock'

/** A new policy of this name, for one cache. */
export function evictionOf(policy: CachePolicy): Eviction {
  return policy === 'clock' ? new ClockEviction() : new S3FifoEviction()
}

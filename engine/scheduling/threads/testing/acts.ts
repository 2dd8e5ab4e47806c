/** Owns what a job of `acting.worker.ts` does, by the level of its first run. */

export const ACTS = ['fail', 'exit', 'vanish', 'hold'] as const

export type Act = (typeof ACTS)[number]

/** Owns the broken strategies by rule: every rule must catch those listed for it. */

/** By rule, the names of modules in this folder. */
export const BROKEN: Readonly<Record<string, readonly string[]>> = {
  params: ['unsound-defaults'],
  'well-formed': ['answers-later', 'owes-nan'],
  'frozen-view': ['sorts-the-view', 'shortens-keys'],
  'safe-picks': ['skips-levels', 'forgets-too-soon'],
  'safe-beside-jobs': ['ignores-jobs'],
  'safe-installs': ['into-newest-place'],
  recency: ['newest-run-down', 'skips-levels'],
  tombstones: ['tombstones-first'],
  progress: ['never-rests'],
  'bounded-runs': ['never-merges'],
  'stall-limits': ['stalls-at-rest'],
  'no-memory': ['counts-picks'],
  'no-clock-or-randomness': ['rolls-dice', 'watches-the-clock'],
  'no-identity': ['compares-objects'],
  'state-is-json': ['keeps-a-map'],
  urgency: ['never-urgent'],
  'next-due': ['untold-age'],
  answers: ['forgets-quietly'],
  'same-everywhere': ['reads-table-numbers'],
  'same-in-simulator': ['alternates'],
}

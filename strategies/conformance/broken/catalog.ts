/** Owns the broken strategies by rule: every rule must catch those listed for it. */

/** By rule, the names of modules in this folder. */
export const BROKEN: Readonly<Record<string, readonly string[]>> = {
  params: ['unsound-defaults'],
  quick: ['dawdles'],
  'well-formed': ['answers-later', 'owes-nan', 'ends-the-process', 'soft-keys-fall'],
  'frozen-view': ['sorts-the-view', 'shortens-keys'],
  'safe-picks': ['skips-levels', 'forgets-too-soon'],
  'safe-beside-jobs': ['ignores-jobs', 'passes-jobs', 'trusts-its-state'],
  'jobs-in-any-order': ['merges-at-four'],
  recency: ['newest-run-down', 'skips-levels'],
  tombstones: ['tombstones-first'],
  progress: ['never-rests'],
  'bounded-runs': ['never-merges', 'leaves-tombstones', 'lost-when-deep', 'promises-room'],
  'stall-limits': ['stalls-at-rest'],
  'bounded-writes': ['rewrites-again', 'tables-of-one-entry'],
  'bounded-state': ['remembers-all'],
  imports: ['reads-the-load'],
  'no-clock-or-randomness': [
    'rolls-dice',
    'watches-the-clock',
    'keeps-a-clock',
    'asks-the-uptime',
    'sets-a-global',
  ],
  'no-memory': ['counts-picks', 'moody-debt', 'moody-soft-cuts'],
  'no-identity': ['compares-objects'],
  'state-is-json': ['keeps-a-map'],
  urgency: ['never-urgent', 'forgets-running-work'],
  'next-due': ['untold-age'],
  answers: ['forgets-quietly'],
  snapshots: ['chases-tombstones'],
  'same-everywhere': ['reads-table-numbers'],
  'same-in-simulator': ['alternates'],
  'many-tables': ['counts-in-32-bits'],
}

/** Broken too, by rule. It takes the kit seconds to find out. */
export const BROKEN_SLOWLY: Readonly<Record<string, readonly string[]>> = {
  quick: ['never-answers'],
  'many-tables': ['compares-all-tables'],
}

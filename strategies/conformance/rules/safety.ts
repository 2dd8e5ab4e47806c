/** Owns the rules of safe picks: the engine's validator accepts them, and readers find the data. */

import { checkRun } from '../../../engine/version/run.ts'
import { levelAt, runsNewestFirst, type Version } from '../../../engine/version/version.ts'
import { busyHistories, histories } from '../history.ts'
import { forAll, type Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'
import { brokenRecency, readAll } from '../tree.ts'
import { Violation } from '../violation.ts'
import { busyWalk, inlineWalk, type Moment, refusal } from '../walk.ts'

/** Throws if the engine refuses the spec. At an install its own job no longer counts as running. */
function refuse({ retention }: Subject, { tree, running, spec }: Moment, when: string): void {
  if (spec === null) return
  const { version, nowMs } = tree
  const why = refusal({ version, inProgress: running, retention, nowMs }, spec)
  if (why !== null) throw new Violation(`${when}: ${why}`, { version, running, spec })
}

export const safePicks: Rule = {
  name: 'safe-picks',
  sentence: "The engine's validator accepts every pick, also on trees another strategy left.",
  check: forAll(histories, (subject, history) => {
    for (const moment of inlineWalk(subject, history)) {
      if (moment.at === 'pick') refuse(subject, moment, 'refused when picked')
    }
  }),
}

export const safeBesideJobs: Rule = {
  name: 'safe-beside-jobs',
  sentence: 'A pick made while other jobs run takes nothing of theirs and breaks no rule.',
  check: forAll(busyHistories, (subject, history) => {
    for (const moment of busyWalk(subject, history)) {
      if (moment.at !== 'pick') continue
      refuse(subject, moment, 'refused beside running jobs')
      countBeside(subject, moment)
    }
  }),
  note({ beside: { picks, waiting } }) {
    if (picks === 0) return 'one job at a time: it picks nothing while a job runs'
    if (waiting === 0) return null
    return `${waiting} of ${picks} picks beside jobs must wait for one of them`
  },
}

function countBeside({ beside }: Subject, { running, spec, waits = null }: Moment): void {
  if (running.length === 0 || spec === null) return
  beside.picks++
  if (waits !== null) beside.waiting++
}

export const jobsInAnyOrder: Rule = {
  name: 'jobs-in-any-order',
  sentence:
    'Jobs end in any order, or are lost in a crash, which also takes the state back: reads stay ' +
    'right, and in the end the tree rests, without debt or slowed-down writers.',
  check: forAll(busyHistories, (subject, history) => {
    for (const moment of busyWalk(subject, history)) {
      const { at, tree, running, spec, picks } = moment
      const scene = { version: tree.version, running, spec }
      if (at === 'install') refuse(subject, moment, 'refused at install')
      if (at === 'endless') throw new Violation(`${picks} picks without rest`, scene)
      const broken = at === 'edit' ? wrongRead(subject, moment) : null
      if (broken !== null) throw new Violation(broken, scene)
      if (at === 'rest') expectRest(moment)
    }
  }),
}

/** Describes a key that does not read as it was written last; null if all do. */
function wrongRead({ module }: Subject, { tree, newest }: Moment): string | null {
  const found = readAll(tree.version)
  for (const [key, seq] of found) {
    const last = newest.get(key)
    if (last !== seq) return `key ${key} reads as seq ${seq}; it is ${last ?? 'deleted'}`
  }
  if (module.drops || found.size === newest.size) return null
  const lost = [...newest.keys()].find((key) => !found.has(key))
  return `key ${lost} is lost`
}

function expectRest({ strategy, tree, view }: Moment): void {
  const { version } = tree
  const runs = levelAt(version, 0).runs.length
  const { slowdownRuns } = strategy.stallLimits(view)
  if (runs >= slowdownRuns) {
    throw new Violation(`level 0 rests with ${runs} runs; writers slow down at ${slowdownRuns}`, {
      version,
    })
  }
  const debt = strategy.debtBytes(view)
  if (debt !== 0) throw new Violation(`at rest debtBytes is ${debt}`, { version })
}

export const recency: Rule = {
  name: 'recency',
  sentence: 'After every edit runs are disjoint, and no key lies under an older version of itself.',
  check: forAll(histories, (subject, history) => {
    let before: Version | undefined
    for (const { at, tree, spec } of inlineWalk(subject, history, { heedless: true })) {
      const broken = at === 'edit' ? (brokenRecency(tree.version) ?? overlap(tree.version)) : null
      if (broken !== null) throw new Violation(broken, { version: before!, spec })
      before = tree.version
    }
  }),
}

export const tombstones: Rule = {
  name: 'tombstones',
  sentence: 'A deleted key stays deleted, wherever its tombstone is merged, moved or dropped.',
  check: forAll(histories, (subject, history) => {
    let before: Version | undefined
    for (const { at, tree, spec, newest } of inlineWalk(subject, history, { heedless: true })) {
      if (at === 'edit') {
        for (const [key, seq] of readAll(tree.version)) {
          if (newest.has(key)) continue
          const message = `key ${key} was deleted and reads again, as of seq ${seq}`
          throw new Violation(message, { version: before!, spec })
        }
      }
      before = tree.version
    }
  }),
}

/** Describes tables of a run that overlap; null if none do. */
function overlap(version: Version): string | null {
  try {
    for (const { run } of runsNewestFirst(version)) checkRun(run)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** Owns the rules of safe picks: the engine's validator accepts them, and readers find the data. */

import { isDeepStrictEqual } from 'node:util'
import { checkRun } from '../../../engine/version/run.ts'
import { runsNewestFirst, type Version } from '../../../engine/version/version.ts'
import { busyHistories, histories } from '../history.ts'
import { forAll, type Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'
import { brokenRecency, readAll } from '../tree.ts'
import { Violation } from '../violation.ts'
import { busyWalk, inlineWalk, inputIds, type Moment, refusal } from '../walk.ts'

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
      if (moment.at === 'pick') refuse(subject, moment, 'refused beside running jobs')
    }
  }),
}

export const safeInstalls: Rule = {
  name: 'safe-installs',
  sentence: 'What a job was made for still holds when it ends, whatever landed meanwhile.',
  check: forAll(busyHistories, (subject, history) => {
    for (const moment of busyWalk(subject, history)) {
      if (moment.at !== 'install') continue
      refuse(subject, moment, 'refused at install')
      const { tree, running, spec, inputs } = moment
      if (isDeepStrictEqual(inputIds(tree, spec!), inputs)) continue
      const message = `its inputs are no longer the tables it was picked for (${inputs.join(', ')})`
      throw new Violation(message, { version: tree.version, running, spec })
    }
  }),
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

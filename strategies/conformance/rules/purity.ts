/** Owns the rules of purity: a pick depends on the data of the view and on nothing else. */

import { isDeepStrictEqual } from 'node:util'
import { isLsmError } from '../../../engine/base/errors.ts'
import type { SafetyRule } from '../../../engine/compaction/resolved-spec.ts'
import type { CompactionStrategy, TreeView } from '../../../engine/compaction/strategy.ts'
import { printSpec } from '../../primitives/print-spec.ts'
import { busyHistories, histories } from '../history.ts'
import { forAll, type Rule } from '../rule.ts'
import { Violation } from '../violation.ts'
import { busyWalk, inlineWalk, type Moment } from '../walk.ts'
import { withTraps } from './traps.ts'

/** The strategy must answer the view with the moment's pick. */
function expectSame(
  strategy: CompactionStrategy,
  { spec, tree, running }: Moment,
  view: TreeView,
  how: string,
): void {
  const again = strategy.pick(view)
  if (isDeepStrictEqual(again, spec)) return
  const message = `${how} it picks: ${printSpec(again)}`
  throw new Violation(message, { version: tree.version, running, spec })
}

/**
 * Calls every member at every pick of a history. Reports only breaks of the guard's rule `broken`.
 */
function whenAsked(broken: SafetyRule, look: (moment: Moment) => void = () => {}): Rule['check'] {
  return forAll(histories, (subject, history) => {
    try {
      for (const moment of inlineWalk(subject, history)) {
        if (moment.at !== 'pick') continue
        askAll(moment)
        look(moment)
      }
    } catch (error) {
      // The walk cannot go on; another rule reports the reason.
      if (isLsmError(error, 'LSM_UNSAFE_COMPACTION') && error.data.rule !== broken) return
      throw error
    }
  })
}

function askAll({ strategy, view }: Pick<Moment, 'strategy' | 'view'>): void {
  strategy.pick(view)
  strategy.score(view)
  strategy.debtBytes(view)
  strategy.stallLimits(view)
  strategy.nextDueAt(view)
  strategy.flushFilter(view)
}

export const wellFormed: Rule = {
  name: 'well-formed',
  sentence: 'Every answer has the form the seam asks for, and comes at once.',
  check: whenAsked('form'),
}

export const frozenView: Rule = {
  name: 'frozen-view',
  sentence: 'It changes nothing in the view, and picks the same from it when asked twice.',
  check: whenAsked('view', (moment) => {
    expectSame(moment.strategy, moment, moment.view, 'asked again')
    expectSame(moment.strategy, moment, moment.view, 'asked a third time')
  }),
}

export const noMemory: Rule = {
  name: 'no-memory',
  sentence: 'Another instance that has seen none of the earlier views picks the same.',
  check: forAll(histories, (subject, history) => {
    const moments = [...inlineWalk(subject, history)].filter(({ at }) => at === 'pick')
    const stranger = subject.createCopy()
    // In reverse order, so that a strategy which depends on earlier views has not seen them.
    for (const moment of moments.reverse()) {
      expectSame(stranger, moment, moment.view, 'an instance with another past asked,')
    }
  }),
}

export const noClockOrRandomness: Rule = {
  name: 'no-clock-or-randomness',
  sentence: 'It asks neither the system clock nor unseeded randomness, only the view.',
  check: forAll(histories, (subject, history) => {
    for (const { at, strategy, tree, view } of inlineWalk(subject, history)) {
      if (at !== 'pick') continue
      const asked = withTraps(() => askAll({ strategy, view }))
      if (asked !== null) throw new Violation(`it asks ${asked}`, { version: tree.version })
    }
  }),
}

export const noIdentity: Rule = {
  name: 'no-identity',
  sentence: 'Views of equal data in other objects get equal picks.',
  check: forAll(busyHistories, (subject, history) => {
    // After the walk, because the guard shows equal parts of consecutive versions as one object.
    for (const moment of [...busyWalk(subject, history)]) {
      if (moment.at !== 'pick') continue
      const { view } = moment
      const copied: TreeView = {
        ...view,
        // Cloned separately, so that objects shared in the original are not shared here.
        version: structuredClone(view.version),
        inProgress: view.inProgress.map((spec) => structuredClone(spec)),
        state: structuredClone(view.state),
      }
      expectSame(moment.strategy, moment, copied, 'from a copy of the view')
    }
  }),
}

export const stateIsJson: Rule = {
  name: 'state-is-json',
  sentence: 'Its state is JSON: what is stored with an edit comes back as it was.',
  check: forAll(histories, (subject, history) => {
    for (const { at, strategy, tree, spec } of inlineWalk(subject, history)) {
      if (at !== 'pick') continue
      const { version } = tree
      checkJson(strategy.initialState, 'the initial state', { version })
      if (spec !== null) checkJson(spec.nextState, 'nextState', { version, spec })
    }
  }),
}

function checkJson(state: unknown, what: string, scene: Violation['scene']): void {
  const text = JSON.stringify(state) as string | undefined
  const back: unknown = text === undefined ? undefined : JSON.parse(text)
  if (text !== undefined && isDeepStrictEqual(back, state)) return
  throw new Violation(`${what} does not survive JSON: it comes back as ${text}`, scene)
}

/** Owns the rules of purity: a pick depends on the data of the view and on nothing else. */

import { isDeepStrictEqual } from 'node:util'
import { isLsmError } from '../../../engine/base/errors.ts'
import type { SafetyRule } from '../../../engine/compaction/resolved-spec.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  TreeView,
} from '../../../engine/compaction/strategy.ts'
import { printSpec } from '../../primitives/print-spec.ts'
import { busyHistories, histories, ownHistories } from '../history.ts'
import { forAll, once, type Rule } from '../rule.ts'
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
  const message = `${how} it picks: ${toldApart(again, spec)}`
  throw new Violation(message, { version: tree.version, running, spec })
}

/** The text of a pick. If `other` has the same text, it names the field that differs. */
function toldApart(spec: CompactionSpec | null, other: CompactionSpec | null): string {
  const text = printSpec(spec)
  return text === printSpec(other) ? `${text}, with other ${differingField(spec, other)}` : text
}

/** For example `outputs.0.softCuts.keys.2`. The values must differ. */
function differingField(one: unknown, other: unknown): string {
  if (!isPlain(one) || !isPlain(other)) return ''
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  const name = [...names].find((field) => !isDeepStrictEqual(one[field], other[field]))
  if (name === undefined) return ''
  const deeper = differingField(one[name], other[name])
  return deeper === '' ? name : `${name}.${deeper}`
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}

/**
 * Calls every member at every pick of a history. Reports only breaks of the guard's rule `broken`.
 */
function whenAsked(broken: SafetyRule, look: (moment: Moment) => void = () => {}): Rule['check'] {
  return forAll(histories, (subject, history) => {
    try {
      for (const moment of inlineWalk(subject, history)) {
        if (moment.at !== 'pick') continue
        answersOf(moment)
        look(moment)
      }
    } catch (error) {
      // The walk cannot go on; another rule reports the reason.
      if (isLsmError(error, 'LSM_UNSAFE_COMPACTION') && error.data.rule !== broken) return
      throw error
    }
  })
}

/** The answers of all members. */
function answersOf({ strategy, view }: Pick<Moment, 'strategy' | 'view'>) {
  return {
    pick: strategy.pick(view),
    score: strategy.score(view),
    debtBytes: strategy.debtBytes(view),
    stallLimits: strategy.stallLimits(view),
    nextDueAt: strategy.nextDueAt(view),
    flushFilter: strategy.flushFilter(view),
  }
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
  sentence:
    'Another instance that has seen none of the earlier views answers the same, and so does a ' +
    'second run of the same history.',
  // A tree that is deep at once would hide a memory of the deepest tree.
  check: forAll(ownHistories, (subject, history) => {
    const asked = (walk: Iterable<Moment>) => {
      const moments = [...walk].filter(({ at }) => at === 'pick')
      return moments.map((moment) => ({ moment, answers: answersOf(moment) }))
    }
    const seen = asked(inlineWalk(subject, history))
    const stranger = subject.createCopy()
    // In reverse order, so that a strategy which depends on earlier views has not seen them.
    for (const { moment, answers } of seen.toReversed()) {
      expectSame(stranger, moment, moment.view, 'an instance with another past asked,')
      expectEqual(answersOf({ strategy: stranger, view: moment.view }), answers, moment)
    }
    const again = asked(inlineWalk(subject, history))
    for (const [at, { moment }] of seen.entries()) {
      const spec = again[at]?.moment.spec
      if (isDeepStrictEqual(spec, moment.spec)) continue
      const { tree, running } = moment
      const picked = spec === undefined ? 'nothing any more' : toldApart(spec, moment.spec)
      const message = `in a second run of the same history it picks: ${picked}`
      throw new Violation(message, { version: tree.version, running, spec: moment.spec })
    }
  }),
}

type Answers = ReturnType<typeof answersOf>

/** The answers of another instance to the same view must be equal. */
function expectEqual(found: Answers, expected: Answers, { tree, spec }: Moment): void {
  for (const [member, answer] of Object.entries(found)) {
    const first = expected[member as keyof Answers]
    if (isDeepStrictEqual(answer, first)) continue
    const [here, there] = [JSON.stringify(answer), JSON.stringify(first)]
    const message = `${member} answers ${here}, and ${there} from an instance with another past`
    throw new Violation(message, { version: tree.version, spec })
  }
}

export const imports: Rule = {
  name: 'imports',
  sentence: 'Of the modules of Node it imports only those that compute: no files, clocks, network.',
  check: once(({ foreign }) => {
    const [first] = foreign
    if (first === undefined) return
    const { path, module, members } = first
    const used = members.length === 0 ? '' : ` and uses ${members.join(', ')}`
    throw new Violation(`${path} imports ${module}${used}; a strategy only reads its view`)
  }),
}

export const noClockOrRandomness: Rule = {
  name: 'no-clock-or-randomness',
  sentence: 'It asks no clock, randomness, environment or network, and keeps no global variable.',
  check: forAll(histories, (subject, history) => {
    for (const { at, strategy, tree, view } of inlineWalk(subject, history)) {
      if (at !== 'pick') continue
      const scene = { version: tree.version }
      const asked = withTraps(() => answersOf({ strategy, view }))
      if (asked !== null) throw new Violation(`it asks ${asked}`, scene)
    }
    const created = Object.keys(globalThis).find((name) => !subject.globals.has(name))
    if (created !== undefined) throw new Violation(`it sets the global variable ${created}`)
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

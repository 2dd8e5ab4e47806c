/** Owns the rule about a module's declaration: parameters with descriptions and valid defaults. */

import { isDeepStrictEqual } from 'node:util'
import { isLsmError } from '../../../engine/base/errors.ts'
import { describeParams } from '../../parameters.ts'
import { findingOf, type Rule } from '../rule.ts'
import { Violation } from '../violation.ts'

export const params: Rule = {
  name: 'params',
  sentence:
    'Every parameter has a default, which is in range, and a description; others are refused.',
  check({ module }) {
    try {
      for (const { name, default: preset, description } of describeParams(module)) {
        if (preset === null) throw new Violation(`parameter ${name} has no default`)
        if (description === '') throw new Violation(`parameter ${name} has no description`)
      }
      const defaults = module.parse({})
      if (!isDeepStrictEqual(module.parse(defaults), defaults)) {
        throw new Violation('the defaults do not parse to themselves')
      }
      module.create({})
      const unknown = thrownBy(() => module.parse({ 'no such parameter': 1 }))
      if (!isLsmError(unknown, 'LSM_INVALID_ARGUMENT')) {
        throw new Violation('an unknown parameter is not refused')
      }
      return null
    } catch (error) {
      return findingOf(error, null)
    }
  },
}

function thrownBy(work: () => void): unknown {
  try {
    work()
    return null
  } catch (error) {
    return error
  }
}

import { expect, test } from 'vitest'
import { LsmError } from '../../engine/index.ts'
import { Interrupted } from '../base/interrupted.ts'
import { UsageError } from '../base/usage-error.ts'
import { explain } from './explain.ts'

const full = new LsmError('LSM_IO', 'write out/x.sst: no space left on device', {
  data: { errno: 'ENOSPC' },
})

test.each([
  [new UsageError('unknown flag'), 'unknown flag', 2],
  [new Interrupted('x'), 'interrupted', 130],
  [full, 'disk full: write out/x.sst: no space left on device', 1],
  [new LsmError('LSM_READ_ONLY', 'read-only', { cause: full }), 'disk full: read-only', 1],
  [Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' }), 'disk full: ENOSPC: write', 1],
  [new Error('first\nsecond'), 'first', 1],
  ['thrown text', 'thrown text', 1],
])('%s', (error, line, code) => expect(explain(error)).toEqual({ line, code }))

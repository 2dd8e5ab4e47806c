/** A worker whose merges find the disk full after a few bytes. */

import { LsmError } from '../../../base/errors.ts'
import { serveFailing } from './failing-merges.ts'
import { HALF_BYTES } from './half-bytes.ts'

serveFailing(({ file }) => {
  file.append(new Uint8Array(HALF_BYTES), 'data')
  file.append = () => {
    const { path } = file
    throw new LsmError('LSM_IO', `append to ${path}: ENOSPC`, { data: { path, errno: 'ENOSPC' } })
  }
})

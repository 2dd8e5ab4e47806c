/** A worker that ends in the middle of a merge's first table. */

import { serveFailing } from './failing-merges.ts'
import { HALF_BYTES } from './half-bytes.ts'

serveFailing(({ file }) => {
  file.append(new Uint8Array(HALF_BYTES), 'data')
  process.exit(3)
})

/**
 * Owns how far V8's old generation may grow over what lives before it is collected. The commands
 * start with a low bound, because garbage counts in the memory that a run of an engine measures.
 *
 * Invariant: the bound of the start holds outside `withoutHeapBound`.
 */
import { setFlagsFromString } from 'node:v8'

const FLAG = '--heap-growing-percent'

/**
 * Runs `work` with V8's own bound, which is higher and makes a simulation faster: a simulation
 * measures no memory.
 */
export async function withoutHeapBound<T>(
  work: () => Promise<T>,
  { execArgv, setFlag } = { execArgv: process.execArgv, setFlag: setFlagsFromString },
): Promise<T> {
  const atStart = execArgv.find((argument) => argument.startsWith(`${FLAG}=`))
  if (atStart === undefined) return work()
  setFlag(`${FLAG}=0`)
  try {
    return await work()
  } finally {
    setFlag(atStart)
  }
}

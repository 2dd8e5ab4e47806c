/**
 * Owns the seed of every property test. It is the same in each run, so that passing tests keep
 * passing. VARVE_TEST_SEED, a number or `random`, tries other inputs. fast-check prints the seed of
 * a failure.
 */
import fc from 'fast-check'

const DEFAULT_SEED = 20_260_101

const asked = process.env.VARVE_TEST_SEED
if (asked !== 'random') {
  const seed = asked === undefined ? DEFAULT_SEED : Number(asked)
  if (!Number.isInteger(seed)) throw new Error(`VARVE_TEST_SEED is not an integer: ${asked}`)
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
}

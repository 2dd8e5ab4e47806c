/**
 * Owns the seed of every property test: the same in each run, so that a green tree stays green, or
 * VARVE_TEST_SEED, a number or `random`, to look elsewhere. fast-check prints the seed that failed.
 */
import fc from 'fast-check'

const DEFAULT_SEED = 20_260_101

const asked = process.env.VARVE_TEST_SEED
if (asked !== 'random') {
  const seed = asked === undefined ? DEFAULT_SEED : Number(asked)
  if (!Number.isInteger(seed)) throw new Error(`VARVE_TEST_SEED is no integer: ${asked}`)
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
}

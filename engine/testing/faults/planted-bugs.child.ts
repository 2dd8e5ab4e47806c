/**
 * Runs one hunter for planted-bugs.deep.test.ts, on the copy of the engine that this file lies in.
 * It prints what the hunter finds, or `nothing`.
 */

import fc from 'fast-check'
import type { Isolation } from '../../transaction/validation.ts'
import { everyNth, RESTLESS_LOG, restless } from '../fixtures.ts'
import { runAdversary } from '../oracles/adversary.ts'
import { runScript, scripts } from '../oracles/model.ts'
import { runTransactions } from '../oracles/transaction-history.ts'
import { CURSOR_WEIGHTS, RANGE_WEIGHTS, transactionScripts } from '../oracles/transaction-steps.ts'
import { runTransactionScript } from '../oracles/transactions.ts'
import {
  cutPowerEverywhere,
  historyOf,
  historyWithCollections,
  historyWithIngests,
} from './power-cuts.ts'

const options = { memtableBytes: 4096, blockBytes: 512 }
const logOptions = { ...options, valueLog: RESTLESS_LOG }

const hunters: Readonly<Record<string, () => unknown>> = {
  adversary: () => runAdversary(1, 30, 50),
  model: () => {
    const setups = [{ name: 'every 2nd', create: () => everyNth(2), options }]
    const property = fc.property(scripts(300), (script) => runScript(script, setups))
    return fc.assert(property, { seed: 1, numRuns: 60, endOnFailure: true })
  },
  'power cuts': () => {
    const history = historyOf(120, 7)
    const strategy = () => everyNth(3)
    return cutPowerEverywhere({
      history,
      strategy,
      options,
      randomImages: 2,
      tears: false,
      seed: 7,
    })
  },
  'power cuts of ingests': () =>
    cutPowerEverywhere({
      history: historyWithIngests(5, 21),
      strategy: () => everyNth(3),
      options,
      randomImages: 2,
      tears: false,
      seed: 7,
    }),
  'model of the log': () => {
    const setups = [2, 3].map((runs) => ({
      name: `every ${runs}`,
      create: () => everyNth(runs),
      options: logOptions,
      valueLogPolicy: restless,
    }))
    const property = fc.property(scripts(300), (script) => runScript(script, setups))
    return fc.assert(property, { seed: 1, numRuns: 60, endOnFailure: true })
  },
  'power cuts of the log': () =>
    cutPowerEverywhere({
      history: historyWithCollections(20, 11),
      strategy: () => everyNth(3),
      options: logOptions,
      valueLogPolicy: restless,
      randomImages: 2,
      tears: false,
      seed: 7,
    }),
  'model of ranges': () => huntInTransactions(RANGE_WEIGHTS),
  'model of cursors': () => huntInTransactions(CURSOR_WEIGHTS),
  'histories under serializable': () => huntAnomalies('serializable', []),
  'histories under snapshot': () => huntAnomalies('snapshot', ['G2', 'G2-item']),
}

/** Throws the first difference between transactions and their model. */
function huntInTransactions(weights: typeof RANGE_WEIGHTS): Promise<void> {
  const scripts = transactionScripts(300, weights)
  const property = fc.asyncProperty(scripts, async (script) => {
    await runTransactionScript(script, 'inline')
  })
  return fc.assert(property, { seed: 1, numRuns: 60, endOnFailure: true })
}

/** Throws the names of the anomalies that the isolation does not allow. */
async function huntAnomalies(isolation: Isolation, allowed: readonly string[]): Promise<void> {
  const { anomalies } = await runTransactions({ seed: 3, isolation, transactions: 1000 })
  const names = new Set(anomalies.map(({ name }) => name).filter((name) => !allowed.includes(name)))
  if (names.size > 0) throw new Error([...names].sort().join(' '))
}

let found = 'nothing'
try {
  await hunters[process.argv[2]!]!()
} catch (error) {
  const causes: unknown[] = []
  for (let at = error; at !== undefined; at = at instanceof Error ? at.cause : undefined) {
    causes.push(at)
  }
  found = causes.map(String).join('\n')
}
console.log(found)

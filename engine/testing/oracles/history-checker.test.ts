import { describe, expect, test } from 'vitest'
import { schedulesFrom } from '../interleavings.ts'
import { checkHistory, type History, type RecordedTransaction } from './history-checker.ts'
import { runTransactions } from './transaction-history.ts'

/**
 * A history in words: `T1: x=ab +x:c` is a transaction that read the list [a, b] of x and appended
 * c. `x?` missed x in a scan. `-` behind a name: not committed. `-x:c`: a rollback to a savepoint
 * took the append back. `final:` has the lists at the end.
 */
function historyOf(...lines: readonly string[]): History {
  const transactions: RecordedTransaction[] = []
  let final = new Map<string, readonly string[]>()
  for (const line of lines) {
    const [name = '', ...words] = line.split(/:? +/)
    const lists = words.map((word) => word.split('=') as [string, string])
    if (name === 'final') {
      final = new Map(lists.map(([key, list]) => [key, [...list]]))
      continue
    }
    const operations: RecordedTransaction['operations'] = []
    for (const word of words) {
      const [, sign, key = '', rest = ''] = /^([+-]?)(\w)[:=]?(.*)$/.exec(word)!
      if (sign === '+') operations.push({ kind: 'append', key, element: rest, undoneAt: null })
      else if (sign === '') {
        const isMissed = rest === '?'
        operations.push({ kind: 'read', key, elements: isMissed ? [] : [...rest], isMissed })
      } else {
        const undone = operations.find((one) => one.kind === 'append' && one.element === rest)
        if (undone?.kind === 'append') undone.undoneAt = operations.length
      }
    }
    transactions.push({ name, operations, isCommitted: !name.endsWith('-') })
  }
  return { transactions, final }
}

describe('the checker finds', () => {
  test.each<[name: string, lines: readonly string[]]>([
    ['incompatible-order', ['T1: +x:a', 'T2: +x:b', 'T3: x=ba', 'final: x=ab']],
    ['lost-update', ['T1: x= +x:a', 'T2: x= +x:b', 'final: x=b']],
    ['G1a', ['T1-: +x:a', 'T2: x=a', 'final: x=']],
    ['G1a', ['T1: +x:a -x:a', 'T2: x=a', 'final: x=']],
    ['G1a', ['T1: +x:a -x:a x=a', 'final: x=']],
    ['G1a', ['T1: +x:a -x:a', 'final: x=a']],
    ['G1b', ['T1: +x:a +x:b', 'T2: x=a', 'final: x=ab']],
    ['G0', ['T1: +x:a +y:d', 'T2: +x:b +y:c', 'final: x=ab y=cd']],
    ['G1c', ['T1: +x:a y=c', 'T2: +y:c x=a', 'final: x=a y=c']],
    ['G-single', ['T1: +x:a +y:b', 'T2: x=a y=', 'final: x=a y=b']],
    [
      'G-nonadjacent',
      ['T1: x= y=a', 'T2: +x:b +u:c', 'T3: u=c v=', 'T4: +v:d +y:a', 'final: x=b y=a u=c v=d'],
    ],
    ['G2-item', ['T1: x= +y:a', 'T2: y= +x:b', 'final: x=b y=a']],
    ['G2', ['T1: x? +y:a', 'T2: y? +x:b', 'final: x=b y=a']],
    ['G2', ['T1: x? +y:a', 'T2: y= +x:b', 'final: x=b y=a']],
  ])('%s in %j', (name, lines) => {
    expect(checkHistory(historyOf(...lines)).map((anomaly) => anomaly.name)).toContain(name)
  })

  test('nothing in histories that are serializable', () => {
    for (const lines of [
      ['T1: x= +x:a x=a', 'T2: x=a +x:b +y:c', 'T3: x=ab y=c', 'final: x=ab y=c'],
      ['T1: x= y=', 'T2: +x:a +y:b', 'T3: x=a y=b', 'final: x=a y=b'],
      ['T1-: x= +y:a', 'T2: y= +x:b', 'final: x=b'],
      ['T1: +x:a x=a -x:a x= +x:b x=b', 'final: x=b'],
      ['T1: +x:a +x:b', 'T2: x=ab', 'final: x=ab'],
    ]) {
      expect(checkHistory(historyOf(...lines)), lines.join('; ')).toEqual([])
    }
  })
})

describe('random transactions at the same time', () => {
  test.each(schedulesFrom(5, 2))(
    'are serializable under serializable, jobs %s',
    async (schedule) => {
      const plan = { seed: 5, isolation: 'serializable', transactions: 1000, schedule } as const
      const { committed, conflicts, anomalies } = await runTransactions(plan)
      expect(anomalies).toEqual([])
      expect(committed).toBeGreaterThan(400)
      expect(conflicts).toBeGreaterThan(100)
    },
  )

  test.each(schedulesFrom(6, 1))(
    'under snapshot skew writes, and do nothing worse, jobs %s',
    async (schedule) => {
      const plan = { seed: 6, isolation: 'snapshot', transactions: 1000, schedule } as const
      const { committed, conflicts, anomalies } = await runTransactions(plan)
      const names = new Set(anomalies.map(({ name }) => name))
      expect([...names].filter((name) => name !== 'G2-item' && name !== 'G2')).toEqual([])
      expect(names).toContain('G2-item')
      expect(committed).toBeGreaterThan(400)
      expect(conflicts).toBeGreaterThan(100)
    },
  )
})

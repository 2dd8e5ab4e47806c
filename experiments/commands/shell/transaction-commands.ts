/**
 * Owns the commands of the shell for transactions. While one is open, puts, deletes, gets and scans
 * go through it.
 */
import type { Transaction } from '../../../engine/index.ts'
import { UsageError, unknownName } from '../../base/usage-error.ts'
import type { Session } from './session.ts'
import { OK, type ShellCommand, SYNC, textOf } from './shell-command.ts'

const begin: ShellCommand = {
  name: 'begin',
  words: '[snapshot|serializable]',
  help: 'Begins a transaction, serializable unless told otherwise.',
  run(session, [isolation]) {
    session.refuseWhileWriting()
    session.transaction = session.db.transaction({ isolation: isolationOf(isolation) })
    return OK
  },
}

function isolationOf(word: Uint8Array | undefined): 'snapshot' | 'serializable' {
  const name = word === undefined ? 'serializable' : textOf(word)
  if (name === 'snapshot' || name === 'serializable') return name
  throw unknownName('isolation', name, ['snapshot', 'serializable'])
}

const commit: ShellCommand = {
  name: 'commit',
  options: SYNC,
  help: 'Commits the transaction; after a conflict nothing of it was written.',
  async run(session, _, options) {
    const transaction = opened(session)
    try {
      await transaction.commit(options.has('sync') ? { sync: true } : {})
    } finally {
      session.endTransaction()
    }
    return OK
  },
}

const rollback: ShellCommand = {
  name: 'rollback',
  words: '[to <savepoint>]',
  help: 'Gives up the transaction, or what was written in it after a savepoint.',
  run(session, [to, name]) {
    const transaction = opened(session)
    if (to === undefined) {
      session.endTransaction()
      return OK
    }
    if (name === undefined || textOf(to) !== 'to') {
      throw new UsageError('write: rollback [to <savepoint>]')
    }
    const savepoint = session.savepoints.get(textOf(name))
    if (savepoint === undefined) {
      throw unknownName('savepoint', textOf(name), [...session.savepoints.keys()])
    }
    transaction.rollbackTo(savepoint)
    // Later savepoints have ended.
    for (const [other, { depth }] of session.savepoints) {
      if (depth > savepoint.depth) session.savepoints.delete(other)
    }
    return OK
  },
}

const savepoint: ShellCommand = {
  name: 'savepoint',
  words: '<name>',
  help: 'Names this moment of the transaction, to roll back to it.',
  run(session, [name]) {
    const transaction = opened(session)
    const text = textOf(name!)
    if (session.savepoints.has(text)) {
      throw new UsageError(`there is a savepoint "${text}" already`)
    }
    session.savepoints.set(text, transaction.savepoint())
    return OK
  },
}

function opened({ transaction }: Session): Transaction {
  if (transaction === null) throw new UsageError('no transaction is open; begin starts one')
  return transaction
}

export const TRANSACTION_COMMANDS: readonly ShellCommand[] = [begin, commit, rollback, savepoint]

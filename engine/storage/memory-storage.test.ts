import { Ledger } from './ledger.ts'
import { MemoryStorage } from './memory-storage.ts'
import { describeStorage } from './storage-cases.ts'

describeStorage('MemoryStorage', () => {
  const ledger = new Ledger()
  const storage = new MemoryStorage(ledger)
  storage.makeFolder('/db')
  return {
    storage,
    ledger,
    folder: '/db',
    reopened: (otherLedger) => storage.powerLoss({ bytes: 'kept', names: 'kept' }, otherLedger),
    dispose: () => {},
  }
})

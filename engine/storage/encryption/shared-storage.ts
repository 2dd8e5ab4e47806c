/** Owns opening a shared storage in another thread, encrypted or not. */

import { NodeStorage } from '../node-storage.ts'
import type { SharedStorage, Storage } from '../storage.ts'
import { EncryptedStorage } from './encrypted-storage.ts'

/** The storage that another thread shared. `LSM_INVALID_ARGUMENT` for anything else. */
export function storageOver({ encryption, ...plain }: SharedStorage): Storage {
  const storage = NodeStorage.over(plain)
  return encryption === undefined ? storage : EncryptedStorage.over(storage, encryption)
}

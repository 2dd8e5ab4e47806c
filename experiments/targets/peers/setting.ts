/** Owns one line of the settings that two stores have, apart from how they are chosen. */
import type { Json } from '../../../engine/base/json.ts'
import type { PeerSetting } from '../../../results/peer-schema.ts'

/** One setting of both stores; `note` says why they differ. */
export function setting(name: string, varve: Json, peer: Json, note = ''): PeerSetting {
  return { name, varve, peer, equal: varve === peer, note }
}

/** Owns what passes between the harness and a reading thread, besides the slot. Types only. */
import type { MessagePort } from 'node:worker_threads'
import type { LsmError, LsmErrorCode, ReaderChannel } from '../../engine/index.ts'

/** What a thread starts with. */
export interface ReadThreadStart {
  readonly channel: ReaderChannel
  readonly port: MessagePort
  readonly slot: SharedArrayBuffer
  /** 1 while the harness waits for a message about an answer. */
  readonly waiting: Int32Array<SharedArrayBuffer>
}

/** What a thread tells the harness. */
export type ReadThreadMessage =
  | { readonly kind: 'ready' | 'answered' }
  /** The memory of the following answers. */
  | { readonly kind: 'memory'; readonly memory: SharedArrayBuffer }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly stack: string | undefined
      readonly lsm: { readonly code: LsmErrorCode; readonly data: LsmError['data'] } | null
    }

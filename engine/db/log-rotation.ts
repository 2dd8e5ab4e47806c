/**
 * Owns the log that takes writes, and the change to the next one.
 *
 * What a reboot finds in a log must continue what it finds in the log before. So where an older log
 * is needed beside a newer one, it is made durable before the newer one takes writes. `prepare`
 * does that beside other work, and creates the next log. Batches that are logged meanwhile may not
 * be durable at the end, so they are kept, and the next log begins with copies of them. An empty
 * batch with the sequence number of the first one says that copies follow: recovery skips those
 * that it knows already.
 *
 * Invariant: when a log takes its first write, its name is durable, and so is every batch that is
 * only in older logs.
 */

import type { SeqNum } from '../base/internal-key.ts'
import { walName } from '../manifest/file-names.ts'
import type { FileNumbers } from '../manifest/file-numbers.ts'
import { removeStep, type SlowWork, syncFolderStep, syncStep } from '../storage/slow-call.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { LogWriter } from '../wal/log-writer.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { SlowCalls } from './slow-calls.ts'

export interface LogRotationParts {
  readonly storage: Storage
  readonly folder: string
  readonly numbers: FileNumbers
  readonly calls: SlowCalls
  /** An older log may be needed beside a newer one: flushes run beside writes. */
  readonly isBackground: boolean
  /** Called when the log can be rotated without waiting. */
  readonly onPrepared: () => void
  /** Called when a step of the preparation has failed. */
  readonly failed: (cause: unknown) => void
}

interface NumberedLog {
  readonly log: LogWriter
  readonly number: number
}

/** The next log, while or after it is prepared. */
interface Preparation extends NumberedLog {
  /** Logged since the preparation began, in order. */
  readonly kept: Uint8Array[]
  /** The sequence number of the first of them. */
  keptFrom: SeqNum
  isDone: boolean
}

export class LogRotation {
  readonly #parts: LogRotationParts
  #current: NumberedLog
  #next: Preparation | null = null

  /** Starts a new log. */
  constructor(parts: LogRotationParts) {
    this.#parts = parts
    this.#current = this.#named(this.#create())
  }

  /** The number of the log that takes writes. */
  get number(): number {
    return this.#current.number
  }

  /** The log that takes writes; only `add` may add to it. */
  get current(): LogWriter {
    return this.#current.log
  }

  /** Whether `rotate` does not wait for the device, as far as that can be. */
  get isPrepared(): boolean {
    return !this.#parts.calls.areBeside || this.#next?.isDone === true
  }

  /** Frames a batch for the next `write` of the current log. */
  add(batch: WriteBatch): void {
    const bytes = batch.view()
    this.#current.log.add(bytes)
    if (this.#next === null) return
    if (this.#next.kept.length === 0) this.#next.keptFrom = batch.seq
    this.#next.kept.push(bytes.slice())
  }

  /** Begins to prepare the next rotation, where that can be done beside other work. */
  prepare(): void {
    const { calls, onPrepared, failed } = this.#parts
    if (!calls.areBeside || this.#next !== null) return
    const next: Preparation = { ...this.#create(), kept: [], keptFrom: 0, isDone: false }
    this.#next = next
    calls.run(this.#preparing(next), (result) => {
      if (result instanceof Error) failed(result)
      else if (this.#next === next) {
        next.isDone = true
        onPrepared()
      }
    })
  }

  /** The next log takes over. Blocks if that was not prepared. */
  rotate(): void {
    const { isBackground } = this.#parts
    const { log: superseded } = this.#current
    const next = this.#next
    this.#next = null
    if (next?.isDone) {
      try {
        addCopies(next)
        next.log.write()
      } catch (error) {
        next.log.close()
        throw error
      }
      superseded.close()
      this.#current = next
      return
    }
    this.#current = this.#named(next ?? this.#create())
    try {
      if (isBackground) superseded.sync()
    } finally {
      superseded.close()
    }
  }

  /** Removes the log that was prepared and is not needed. */
  abandonNext(): void {
    if (this.#next === null) return
    const { storage, folder, calls } = this.#parts
    const { log, number } = this.#next
    this.#next = null
    log.close()
    calls.start(removeStep(storage, folder, walName(number)))
  }

  close(): void {
    this.#current.log.close()
    this.#next?.log.close()
  }

  *#preparing(next: Preparation): SlowWork<void> {
    const { storage, folder } = this.#parts
    yield syncFolderStep(storage, folder)
    // A blocking call may have rotated meanwhile.
    if (this.#next === next) yield syncStep(this.#current.log)
  }

  #create(): NumberedLog {
    const { storage, folder, numbers } = this.#parts
    const number = numbers.allocate()
    const path = joinPath(folder, walName(number))
    return { log: new LogWriter(storage.create(path, { cause: 'wal', level: -1 })), number }
  }

  /** Makes the log's name durable. */
  #named(created: NumberedLog): NumberedLog {
    const { storage, folder } = this.#parts
    try {
      storage.syncFolder(folder)
    } catch (error) {
      created.log.close()
      throw error
    }
    return created
  }
}

function addCopies({ log, kept, keptFrom }: Preparation): void {
  if (kept.length === 0) return
  const announcement = new WriteBatch()
  announcement.setSeq(keptFrom)
  log.add(announcement.view())
  for (const batch of kept) log.add(batch)
}

/**
 * Owns the reading threads of a run: one for each client, each with a reader of the open database
 * (`read-thread.worker.ts`). A client asks its thread for one read at a time.
 *
 * Invariants:
 * - No message is needed for an answer: the harness looks at the slots. Only before it waits it
 *   asks for one, and looks again.
 * - After `close` no thread runs, and the database keeps nothing for them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { LsmError, type ReaderChannel } from '../../engine/index.ts'
import { type ReadKind, ReadSlot, SLOT_STATE } from './read-slot.ts'
import type { ReadThreadMessage, ReadThreadStart } from './thread-messages.ts'

export class ReadThreads {
  readonly #channelOf: () => ReaderChannel
  readonly #waiting = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #threads: ReadThread[] = []
  #onMessage = () => {}

  /** `channelOf` makes the channel of one more reader of the database. */
  constructor(channelOf: () => ReaderChannel) {
    this.#channelOf = channelOf
  }

  /**
   * Starts so many threads and resolves when all can read. `onMessage` is called in a turn of the
   * event loop when there may be an answer, after `awaitMessage`, or a failure.
   */
  async open(count: number, onMessage: () => void): Promise<readonly ReadThread[]> {
    this.#onMessage = onMessage
    const parts = { waiting: this.#waiting, onMessage: () => this.#onMessage() }
    while (this.#threads.length < count) {
      this.#threads.push(new ReadThread(this.#channelOf(), parts))
    }
    await Promise.all(this.#threads.map((thread) => thread.ready))
    return this.#threads
  }

  /** The next answer comes with a message. Look at the slots once more before you wait for it. */
  awaitMessage(): void {
    Atomics.store(this.#waiting, 0, 1)
  }

  /** Ends all threads, each after the read that it is at. Idempotent. */
  async close(): Promise<void> {
    this.#onMessage = () => {}
    const threads = this.#threads
    this.#threads = []
    if (threads.length === 0) return
    await Promise.all(threads.map((thread) => thread.close()))
    // The database hears of a reader's end in a turn of the event loop.
    await nextTurn()
  }
}

interface ThreadParts {
  readonly waiting: Int32Array<SharedArrayBuffer>
  readonly onMessage: () => void
}

export class ReadThread {
  /** Resolves when the thread can read. */
  readonly ready: Promise<void>
  readonly slot = new ReadSlot()
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #onMessage: () => void
  readonly #exit: Promise<unknown>
  #answer: SharedArrayBuffer | null = null
  #failure: Error | null = null
  #becomeReady = () => {}
  #refuse: (cause: Error) => void = () => {}
  #isClosing = false

  constructor(channel: ReaderChannel, { waiting, onMessage }: ThreadParts) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#onMessage = onMessage
    const { memory: slot } = this.slot
    const workerData: ReadThreadStart = { channel, port: port2, slot, waiting }
    // Without its own streams a worker makes those of the program non-blocking.
    this.#worker = new Worker(new URL('./read-thread.worker.ts', import.meta.url), {
      // It would write its compiled modules when it ends, while the bytes of the run are counted.
      env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
      workerData,
      transferList: [channel.port, port2],
      stdout: true,
      stderr: true,
    })
    this.#exit = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.ready = new Promise((resolve, reject) => {
      this.#becomeReady = resolve
      this.#refuse = reject
    })
    // A failure that comes later is thrown by `isAnswered`.
    this.ready.catch(() => {})
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#noteExit())
    port1.on('message', (message: ReadThreadMessage) => this.#receive(message))
  }

  /** The thread is at rest. */
  ask(kind: ReadKind, key: Uint8Array, limit: number): void {
    this.slot.writeQuestion(kind, key, limit)
    this.slot.state = SLOT_STATE.asked
  }

  /** Whether the answer is there. Throws the error with which the thread has ended. */
  get isAnswered(): boolean {
    if (this.#failure !== null) throw this.#failure
    return this.slot.state === SLOT_STATE.answered
  }

  /** The bytes of the answer; borrowed until `release`. */
  get answer(): Uint8Array {
    this.#receiveAll()
    return new Uint8Array(this.#answer!, 0, this.slot.answerBytes)
  }

  /** The answer was used; the thread is at rest. */
  release(): void {
    this.slot.state = SLOT_STATE.idle
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.slot.beginClosing()
    await this.#exit
    this.#port.close()
  }

  #receiveAll(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) return
      this.#receive(received.message as ReadThreadMessage)
    }
  }

  #receive(message: ReadThreadMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#becomeReady()
        break
      case 'memory':
        this.#answer = message.memory
        break
      case 'failed':
        this.#fail(errorOf(message))
        break
      case 'answered':
        this.#onMessage()
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#refuse(error)
    this.#onMessage()
  }

  /** What the thread has said last may come after the news of its exit. */
  #noteExit(): void {
    this.#receiveAll()
    if (!this.#isClosing) this.#fail(new Error('the thread of a client ended early'))
  }
}

function errorOf({ message, stack, lsm }: Extract<ReadThreadMessage, { kind: 'failed' }>): Error {
  const error =
    lsm === null ? new Error(message) : new LsmError(lsm.code, message, { data: lsm.data })
  if (stack !== undefined) error.stack = stack
  return error
}

/**
 * Owns the counts of a stream that a batch target takes as a whole: the trace hash, operations by
 * kind, user bytes and live sizes. They are counted while the stream is exported, and equal the
 * figures that the driver would count.
 */
import type { PeerResultInput } from '../../../results/peer-schema.ts'
import {
  OPERATION_KIND_NAMES,
  type OperationStream,
  type RecordStore,
  type Workload,
} from '../../../workloads/index.ts'
import { countsByKind } from '../../measure/figures.ts'
import { TraceHash } from '../../measure/trace-hash.ts'

type Phase = PeerResultInput['deterministic']['phases'][number]

export class CountedWorkload {
  readonly traceHash = new TraceHash()
  /** The newest record of every key, into which an update of one field is merged. */
  readonly records: RecordStore
  userBytes = 0
  liveLogicalBytes = 0
  operations = 0
  readonly #tallies: { readonly name: Phase['name']; counts: Float64Array; userBytes: number }[] =
    []
  readonly #arrivalIntervalNs: number | null

  /** Time between two operations; null: all arrive at once. */
  constructor(arrivalIntervalNs: number | null = null) {
    this.#arrivalIntervalNs = arrivalIntervalNs
    this.records = this.#createRecords()
  }

  get phases(): readonly Phase[] {
    return this.#tallies.map(({ name, counts, userBytes }) => ({
      name,
      userBytes,
      operationsByKind: countsByKind(counts),
    }))
  }

  wrap(workload: Workload): Workload {
    return {
      ...workload,
      load: this.#wrapStream('load', workload.load),
      phases: workload.phases.map((phase) => ({
        ...phase,
        stream: this.#wrapStream('run', phase.stream),
      })),
    }
  }

  #wrapStream(name: Phase['name'], stream: OperationStream): OperationStream {
    const counts = new Float64Array(OPERATION_KIND_NAMES.length)
    let tally: { userBytes: number } | null = null
    return {
      expected: stream.expected,
      fieldNames: stream.fieldNames,
      next: (operation) => {
        if (tally === null) {
          const begun = { name, counts, userBytes: 0 }
          this.#tallies.push(begun)
          tally = begun
        }
        if (!stream.next(operation)) return false
        this.traceHash.addOperation(operation)
        counts[operation.kind]!++
        this.operations++
        const interval = this.#arrivalIntervalNs
        if (interval !== null) operation.arrivalNs = this.operations * interval
        return true
      },
      acknowledge: (operation) => stream.acknowledge(operation),
      writeValue: (operation, target, offset) => stream.writeValue(operation, target, offset),
      value: (operation) => stream.value(operation),
    }
  }

  #createRecords(): RecordStore {
    const records = new Map<string, Uint8Array>()
    const add = (userBytes: number, liveBytes: number) => {
      this.userBytes += userBytes
      this.liveLogicalBytes += liveBytes
      this.#tallies.at(-1)!.userBytes += userBytes
    }
    return {
      get: (key) => records.get(textOf(key)),
      put: (key, value) => {
        const text = textOf(key)
        const before = records.get(text)
        const bytes = key.length + value.length
        add(bytes, bytes - (before === undefined ? 0 : key.length + before.length))
        if (before?.length === value.length) before.set(value)
        else records.set(text, value.slice())
      },
      delete: (key) => {
        const text = textOf(key)
        const before = records.get(text)
        add(key.length, before === undefined ? 0 : -(key.length + before.length))
        records.delete(text)
      },
    }
  }
}

const decoder = new TextDecoder('latin1')

/** Different keys give different texts, printable or not. */
function textOf(key: Uint8Array): string {
  return decoder.decode(key)
}

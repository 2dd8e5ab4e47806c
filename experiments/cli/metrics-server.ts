/**
 * Owns the metrics that a long run serves over HTTP while it goes on (`--metrics`): progress, and
 * the counters of the database that is open. It listens on loopback unless an address is given.
 *
 * Invariant: every answer is one write of the process, so that the run's account of its bytes can
 * leave the answers out.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Transfer } from '../base/context.ts'
import {
  type DatabaseFacts,
  databaseFamilies,
  type MetricFamily,
  OPEN_METRICS_TYPE,
  openMetricsText,
} from '../base/open-metrics.ts'
import { UsageError } from '../base/usage-error.ts'

const LOOPBACK = '127.0.0.1'
const PATH = '/metrics'

export interface MetricsAddress {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** `[HOST]:PORT`, the host in brackets if it is an IPv6 address. Throws `UsageError`. */
export function parseMetricsAddress(text: string): MetricsAddress {
  const [, host, port = ''] = /^(\[[0-9a-f:.%]+\]|[^:[\]/]*):(\d{1,5})$/i.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) {
    throw new UsageError(`--metrics: "${text}" is not [HOST]:PORT, such as :9100`)
  }
  return { host: host === '' ? LOOPBACK : host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

export class MetricsServer {
  readonly #server: Server
  #facts: (() => DatabaseFacts) | null = null
  #fraction = 0
  #answers = 0
  #answeredBytes = 0

  private constructor() {
    this.#server = createServer((request, response) => {
      const isKnown = request.method === 'GET' && request.url === PATH
      const text = isKnown ? this.text() : `metrics are at ${PATH}\n`
      const { socket } = response
      const before = socket?.bytesWritten ?? 0
      response.once('finish', () => {
        this.#answers++
        this.#answeredBytes += (socket?.bytesWritten ?? 0) - before
      })
      response.writeHead(isKnown ? 200 : 404, {
        'content-type': isKnown ? OPEN_METRICS_TYPE : 'text/plain',
        'content-length': Buffer.byteLength(text),
      })
      response.end(text)
    })
    // The server alone does not keep the process alive.
    this.#server.unref()
  }

  /** Throws `UsageError` if the address cannot be had. */
  static async listen({ host, port }: MetricsAddress): Promise<MetricsServer> {
    const metrics = new MetricsServer()
    try {
      metrics.#server.listen(port, host)
      await once(metrics.#server, 'listening')
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
      throw new UsageError(`--metrics: cannot listen on ${host}:${port}: ${code}`, { cause })
    }
    return metrics
  }

  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}${PATH}`
  }

  /** What the process wrote in answers. */
  get written(): Transfer {
    return { bytes: this.#answeredBytes, calls: this.#answers }
  }

  /** From where to take the counters from now on; null: no database is open. */
  show(facts: (() => DatabaseFacts) | null): void {
    this.#facts = facts
  }

  /** The part of the whole command that is done. */
  progress(fraction: number): void {
    this.#fraction = fraction
  }

  text(): string {
    const done: MetricFamily = {
      name: 'varve_progress_ratio',
      type: 'gauge',
      help: 'The part of the command that is done.',
      samples: [{ value: this.#fraction }],
    }
    const facts = this.#facts?.()
    return openMetricsText([done, ...(facts === undefined ? [] : databaseFamilies(facts))])
  }

  async close(): Promise<void> {
    this.#facts = null
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

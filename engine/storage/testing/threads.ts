/**
 * Owns what tests with several threads share: starting workers, and a barrier at which threads meet
 * so that they work at the same time.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

/** Starts one worker of `module` for each item of `data`, and ends them after the test. */
export async function startWorkers(
  module: URL,
  data: readonly unknown[],
): Promise<readonly Worker[]> {
  const workers = data.map((workerData) => new Worker(module, { workerData }))
  onTestFinished(async () => {
    for (const worker of workers) await worker.terminate()
  })
  await Promise.all(workers.map((worker) => once(worker, 'online')))
  return workers
}

/** The next message of each worker. Rejects if a worker fails before it. */
export async function answersOf<Answer>(workers: readonly Worker[]): Promise<readonly Answer[]> {
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')))
  return messages.map(([answer]) => answer as Answer)
}

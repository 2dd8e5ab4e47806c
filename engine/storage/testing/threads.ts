/** Owns the threads of a test: they start together, answer once each, and end with the test. */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

/**
 * Starts one worker of `module` for each item of `data` and returns when all run. `answers` are
 * their first messages; it rejects if a worker fails.
 */
export async function startWorkers<Answer>(
  module: URL,
  data: readonly unknown[],
): Promise<{ readonly answers: Promise<readonly Answer[]> }> {
  const workers = data.map((workerData) => new Worker(module, { workerData }))
  onTestFinished(async () => {
    for (const worker of workers) await worker.terminate()
  })
  const messages = Promise.all(workers.map((worker) => once(worker, 'message')))
  await Promise.all(workers.map((worker) => once(worker, 'online')))
  return { answers: messages.then((all) => all.map(([answer]) => answer as Answer)) }
}

// Three projects: `unit` runs in every `npm test`; `deep` holds what takes minutes
// (x.deep.test.ts); `alone` what of it measures the process itself, after all others.
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const rooms = ['engine', 'strategies', 'workloads', 'experiments', 'results', 'notebooks']
const matching = (suffix: string) => rooms.map((room) => `${room}/**/*${suffix}`)
const setupFiles = ['experiments/house/property-seed.ts']

/** V8 sizes a heap by how fast it is collected, and a browser draws when it is let. */
const alone = ['suites/memory', 'trace/streaming', 'timeline/timeline'].map(
  (name) => `experiments/${name}.deep.test.ts`,
)

/** The commands that tests start find their modules compiled. */
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compiled') }

/** Vitest would leave one core alone, which of two is half of them. */
const maxWorkers = '100%'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: matching('.test.ts'),
          exclude: matching('.deep.test.ts'),
          setupFiles,
          testTimeout: 30_000,
          maxWorkers,
          // Files share their worker's modules, whose loading would cost each as much again. So a
          // test that changes what is global puts it back.
          isolate: false,
          env,
        },
      },
      {
        test: {
          name: 'deep',
          include: matching('.deep.test.ts'),
          exclude: alone,
          setupFiles,
          testTimeout: 600_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'alone',
          include: alone,
          setupFiles,
          env,
          testTimeout: 600_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})

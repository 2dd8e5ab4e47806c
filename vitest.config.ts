// Two projects: `unit` runs in every `npm test`; `deep` holds what takes minutes (x.deep.test.ts).
import { defineConfig } from 'vitest/config'

const rooms = ['engine', 'strategies', 'workloads', 'experiments', 'results', 'notebooks']
const matching = (suffix: string) => rooms.map((room) => `${room}/**/*${suffix}`)

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: matching('.test.ts'),
          exclude: matching('.deep.test.ts'),
          setupFiles: ['experiments/house/property-seed.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'deep',
          include: matching('.deep.test.ts'),
          setupFiles: ['experiments/house/property-seed.ts'],
          testTimeout: 600_000,
        },
      },
    ],
  },
})

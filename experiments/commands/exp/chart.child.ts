/** Owns a process that draws charts of a sweep, one at a time: `write-charts.ts`. */
import { chartFor } from '../../charts/chart-for.ts'
import { writeChart } from '../../charts/render.ts'
import { hearSignals } from '../../cli/signals.ts'
import { serveOrders } from '../../machine/serve-orders.ts'
import type { ChartOrder } from './write-charts.ts'

serveOrders<ChartOrder>(hearSignals(), ({ group, basePath }) => {
  return writeChart(chartFor(group), basePath)
})

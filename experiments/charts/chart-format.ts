/** Owns the endings of the files a figure can be written to. */

export const CHART_FORMATS = ['vl.json', 'svg', 'png', 'pdf', 'html'] as const
export type ChartFormat = (typeof CHART_FORMATS)[number]

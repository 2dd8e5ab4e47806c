/**
 * Owns the designs of a figure: results grouped as everywhere (`results/identity.ts`), each group
 * with labels that distinguish it from the other groups of the figure.
 */

import { strategyLabels, workloadLabels } from '../../results/design-labels.ts'
import { type AnyResult, type DesignGroup, groupByDesign } from '../../results/identity.ts'

export interface LabelledDesign<Result extends AnyResult> extends DesignGroup<Result> {
  /** Of the contender. */
  readonly contender: string
  readonly workload: string
}

/** One entry for each design, in the order in which designs first appear. */
export function designsOf<Result extends AnyResult>(
  results: readonly Result[],
): readonly LabelledDesign<Result>[] {
  const contenders = strategyLabels(results)
  const workloads = workloadLabels(results)
  return groupByDesign(results).map((group) => ({
    ...group,
    contender: contenders.get(group.results[0]!)!,
    workload: workloads.get(group.results[0]!)!,
  }))
}

/** The first result of each design, for figures that show the course of a run. */
export function firstOfEach<Result extends AnyResult>(
  designs: readonly DesignGroup<Result>[],
): readonly Result[] {
  return designs.map(({ results }) => results[0]!)
}

/** The strategy of designs that all have the same one. */
export function strategyOf(designs: readonly DesignGroup[]): string {
  return designs[0]!.results[0]!.config.strategy.name
}

/** The note for a figure of means without intervals; empty if every design has one sample. */
export function meansNote(designs: readonly DesignGroup[]): string {
  const most = Math.max(...designs.map(({ samples }) => samples.size))
  return most === 1 ? '' : 'Every figure is a mean over seeds. '
}

/** The note for a figure that draws one sample of each design; empty if there are no others. */
export function drawnSampleNote(designs: readonly DesignGroup[]): string {
  const most = Math.max(...designs.map(({ samples }) => samples.size))
  return most === 1 ? '' : `Drawn: the first of ${most} seeds of each design. `
}

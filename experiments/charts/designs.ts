/**
 * Owns the designs of a figure: results grouped as everywhere (`results/identity.ts`), each group
 * with the labels that tell it from the others of the figure.
 */

import { strategyLabels, workloadLabels } from '../../results/design-labels.ts'
import { type AnyResult, type DesignGroup, groupByDesign } from '../../results/identity.ts'

export interface LabelledDesign<Result extends AnyResult> extends DesignGroup<Result> {
  /** Of the contender. */
  readonly contender: string
  readonly workload: string
}

/** One a design, in the order in which designs first appear. */
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

/** One result a design, the first: of figures that show a course and not a cost. */
export function firstOfEach<Result extends AnyResult>(
  designs: readonly DesignGroup<Result>[],
): readonly Result[] {
  return designs.map(({ results }) => results[0]!)
}

/** The strategy of designs that share one. */
export function strategyOf(designs: readonly DesignGroup[]): string {
  return designs[0]!.results[0]!.config.strategy.name
}

/** What a figure of means without intervals says; empty where every design has one sample. */
export function meansNote(designs: readonly DesignGroup[]): string {
  const most = Math.max(...designs.map(({ samples }) => samples.size))
  return most === 1 ? '' : 'Every figure is a mean over seeds. '
}

/** What a figure that draws one sample a design says of the others; empty where there are none. */
export function drawnSampleNote(designs: readonly DesignGroup[]): string {
  const most = Math.max(...designs.map(({ samples }) => samples.size))
  return most === 1 ? '' : `Drawn: the first of ${most} seeds of each design. `
}

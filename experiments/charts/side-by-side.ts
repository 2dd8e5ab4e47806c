/**
 * Owns points that would hide each other. If the centre of one lies within the symbol of another,
 * they are drawn side by side, in the order given, and a tick marks the place that they share. The
 * drawing depends on the data alone; nothing is scattered at random.
 */

import { meanOf } from '../measure/bootstrap.ts'

export interface SymbolPoint {
  /** In pixels from the plot's upper left corner. */
  readonly x: number
  readonly y: number
  /** Half the width of its symbol. */
  readonly radius: number
  /** Points of one series look alike and may lie close. Left out: the point is its own series. */
  readonly series?: number
}

export interface SharedPlace {
  /** Indices of the points, from left to right. */
  readonly members: readonly number[]
  /** The mean of the true positions of the members, in pixels. */
  readonly x: number
  readonly y: number
  /** Radius of the largest symbol, in pixels. */
  readonly radius: number
}

export interface SideBySide {
  /** Where each point's symbol is drawn, in pixels. */
  readonly x: readonly number[]
  readonly places: readonly SharedPlace[]
}

export function sideBySide(points: readonly SymbolPoint[]): SideBySide {
  const x = points.map((point) => point.x)
  const places = groupsOf(points).map((members): SharedPlace => {
    const middle = meanOf(members.map((index) => points[index]!.x))
    const width = members.reduce((sum, index) => sum + 2 * points[index]!.radius, 0)
    let left = middle - width / 2
    for (const index of members) {
      x[index] = left + points[index]!.radius
      left += 2 * points[index]!.radius
    }
    return {
      members,
      x: middle,
      y: meanOf(members.map((index) => points[index]!.y)),
      radius: Math.max(...members.map((index) => points[index]!.radius)),
    }
  })
  return { x, places }
}

/** Groups of at least two indices, of points that hide each other directly or through others. */
function groupsOf(points: readonly SymbolPoint[]): readonly (readonly number[])[] {
  const groups: number[][] = []
  for (const index of points.keys()) {
    const near = groups.filter((group) =>
      group.some((other) => hides(points[index]!, points[other]!)),
    )
    for (const group of near) groups.splice(groups.indexOf(group), 1)
    groups.push([...near.flat(), index].toSorted((a, b) => a - b))
  }
  return groups.filter(({ length }) => length > 1)
}

function hides(a: SymbolPoint, b: SymbolPoint): boolean {
  if (a.series !== undefined && a.series === b.series) return false
  return Math.hypot(a.x - b.x, a.y - b.y) < Math.max(a.radius, b.radius)
}

/**
 * Owns which figures a gate judges: amplifications, which the same seed repeats, or times, which
 * depend on the machine. A gate says this itself; for older results, whose gates do not, this file
 * supplies it by the gate's name.
 */
import { GATE_COVERS, type Gate, type GateCover } from './schema.ts'

const TIME_ALONE = new Set(['open-loop-latency', 'overload'])
const AMPLIFICATION_ALONE = new Set(['conservation', 'operating-system', 'compressibility'])

function coversOf({ name, covers }: Pick<Gate, 'name' | 'covers'>): readonly GateCover[] {
  if (covers !== undefined) return covers
  if (TIME_ALONE.has(name)) return ['time']
  if (AMPLIFICATION_ALONE.has(name)) return ['amplification']
  return GATE_COVERS
}

/** Whether the gate's failure casts doubt on figures of this kind. */
export function concerns(
  gate: Pick<Gate, 'name' | 'covers'>,
  drawn: readonly GateCover[],
): boolean {
  return coversOf(gate).some((cover) => drawn.includes(cover))
}

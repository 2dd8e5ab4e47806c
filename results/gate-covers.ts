/**
 * Owns which figures a gate speaks for: amplifications, which the same seed gives again, or times,
 * which the machine has a say in. A gate says so itself; results written before gates did are
 * completed by name here.
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

/** Whether the gate's failure says anything about figures of this kind. */
export function concerns(
  gate: Pick<Gate, 'name' | 'covers'>,
  drawn: readonly GateCover[],
): boolean {
  return coversOf(gate).some((cover) => drawn.includes(cover))
}

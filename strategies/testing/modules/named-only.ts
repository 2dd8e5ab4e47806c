/** A strategy module without a default export. */

export { tiering } from '../../whole-levels/tiering.ts'

/** A strategy module without a default export. */

export { tiering } from '../../tiering.ts'

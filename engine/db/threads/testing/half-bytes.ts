/** Owns the size of the tables that failing merges leave half-written. */

export const HALF_BYTES = 100

/** Owns the type of JSON values. A strategy's state and the data of an event are JSON. */

/** A value that JSON can hold. Numbers must be finite; `undefined` is not JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/** Owns the type of JSON values. A strategy's state and the data of an event are JSON. */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

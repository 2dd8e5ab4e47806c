/** Owns the type of JSON values: what a strategy may keep as its state and an event may carry. */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

#!/usr/bin/env -S node --max-semi-space-size=2 --heap-growing-percent=50 --disable-warning=ExperimentalWarning
/**
 * Owns the start of the program `varve`. Only the verb that was asked for is loaded.
 *
 * V8 reads the limits of its generations before any code runs, so the line above sets them for the
 * installed program, as the scripts in package.json do in a checkout. Their effect: garbage is
 * collected before it fills the memory that a run measures. The last flag hides Node's warning
 * about the function that strips types from the scripts of pages.
 */
import { enableCompileCache } from 'node:module'

enableCompileCache()
const { VERBS } = await import('./commands/catalog.ts')
const { runProgram } = await import('./cli/program.ts')
await runProgram(VERBS)

/**
 * Owns the vocabulary of the command line and of config files: every flag once, with its default
 * and its one-line explanation. `--help`, the parser, the nearest-name hint and the config schema
 * all read this list.
 */

export interface FlagSpec {
  readonly name: string
  /** What stands for the value in the help; null: a switch. */
  readonly value: string | null
  /** As typed; null where there is none. */
  readonly default: string | null
  readonly help: string
  /** May be given several times. */
  readonly multiple?: boolean
  /** Steers the command itself, so it has no place in a config file. */
  readonly commandLineOnly?: boolean
}

export const FLAGS = [
  {
    name: 'strategy',
    value: 'NAME,…',
    default: 'tiering',
    help: 'compaction strategies: registered names or paths of modules of your own',
  },
  {
    name: 'workload',
    value: 'NAME,…',
    default: 'ycsb-a',
    help: 'workloads: names, or paths of specs (JSON) and of YCSB property files',
  },
  { name: 'records', value: 'COUNT', default: '100k', help: 'records loaded before the run phase' },
  { name: 'operations', value: 'COUNT', default: '100k', help: 'operations of the run phases' },
  {
    name: 'until',
    value: 'steady',
    default: null,
    help:
      'continue the run phase past --operations until write amplification is steady, up to 50 times ' +
      'the larger of --operations and --records',
  },
  {
    name: 'trace',
    value: 'FILE',
    default: null,
    help: 'run the operations of a trace (npm run trace) instead of a workload',
  },
  {
    name: 'record',
    value: 'FILE',
    default: null,
    commandLineOnly: true,
    help: 'write the operations to a trace; for one run only',
  },
  {
    name: 'value-bytes',
    value: 'SIZE',
    default: null,
    help: "write records of one field of this size, without reading first, not the workload's own",
  },
  {
    name: 'rate',
    value: 'RATE',
    default: null,
    help:
      'open loop at this many operations a second (20k), or at a share of the sustainable rate (90%); ' +
      'a closed loop measures that rate first',
  },
  {
    name: 'arrival',
    value: 'KIND,…',
    default: null,
    help:
      'constant [with --rate], poisson, sine,amplitude=0.5,period=10, steps,shares=0.5/1/1.5,' +
      'seconds=5, trace (as recorded), closed [without --rate]',
  },
  {
    name: 'clients',
    value: 'COUNT',
    default: '1',
    help: 'logical clients; each has its own loop, or its own share of the rate',
  },
  { name: 'seed', value: 'INTEGER', default: '42', help: 'root seed of every random choice' },
  {
    name: 'repeat',
    value: 'COUNT',
    default: '1',
    help: 'repeats; each draws its own streams, equal for all strategies',
  },
  {
    name: 'param',
    value: 'NAME=VALUE',
    default: null,
    multiple: true,
    help: 'a parameter, for every strategy or workload that has it; a list is written K=3,2,1',
  },
  {
    name: 'set',
    value: 'OPTION=VALUE',
    default: null,
    multiple: true,
    help: 'an engine option (memtableBytes is 1MiB here unless set)',
  },
  {
    name: 'suite',
    value: 'NAME',
    default: null,
    help: 'a named set of runs and the claims it checks; it sets every option that describes a run',
  },
  {
    name: 'scale',
    value: 'smoke|full',
    default: 'smoke',
    help: 'how long a suite runs: seconds, or minutes',
  },
  {
    name: 'target',
    value: 'NAME,…',
    default: 'varve',
    help:
      'what runs the operations: varve, the engine; simulator, its tree without bytes; or another ' +
      'store under equal budgets: leveldb, rocksdb, lmdb, sqlite, db_bench',
  },
  {
    name: 'user-bytes',
    value: 'SIZE',
    default: null,
    help: 'with --target=simulator: load this much, without keys (memtableBytes is 64MiB unless set)',
  },
  {
    name: 'storage',
    value: 'node|memory',
    default: 'node',
    help: 'where the engine writes: files or memory',
  },
  {
    name: 'aged',
    value: 'FOLDER',
    default: null,
    help:
      'start from a loaded tree in FOLDER, which the first run loads and later runs reuse; figures ' +
      'cover the run phase only',
  },
  { name: 'out', value: 'FOLDER', default: 'out', help: 'folder of results and charts' },
  {
    name: 'versions',
    value: null,
    default: null,
    help: 'write every edit of the tree beside the result, for npm run explain and timeline',
  },
  {
    name: 'keep',
    value: null,
    default: null,
    help:
      'keep the database folder in --out, also when the run fails; a run whose result is there without ' +
      'its folder runs again',
  },
  {
    name: 'force',
    value: null,
    default: null,
    help: 'run again even if a result of the same configuration and code is there',
  },
  {
    name: 'config',
    value: 'FILE',
    default: null,
    commandLineOnly: true,
    help: 'options from JSON, under the same names; flags override it',
  },
  { name: 'quiet', value: null, default: null, help: 'no progress and no closing table' },
  { name: 'debug', value: null, default: null, help: 'show the stack of an error' },
  {
    name: 'list',
    value: null,
    default: null,
    commandLineOnly: true,
    help: 'show strategies, workloads and engine options with their parameters',
  },
  { name: 'help', value: null, default: null, commandLineOnly: true, help: 'show this help' },
] as const satisfies readonly FlagSpec[]

export type FlagName = (typeof FLAGS)[number]['name']

export function flagDefault(name: FlagName): string {
  const flag: FlagSpec | undefined = FLAGS.find((candidate) => candidate.name === name)
  return flag?.default ?? ''
}

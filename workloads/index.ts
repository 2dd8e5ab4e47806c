/**
 * The public face of the workloads: the catalogue, the interface of operation streams, and the
 * codec of the records they carry.
 *
 * @module varve/workloads
 */

export { WORKLOADS } from './catalog.ts'
export type { WorkloadContext, WorkloadDefinition } from './definition.ts'
export {
  ALL_FIELDS,
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  Operation,
  type OperationKind,
  type OperationStream,
  type SineRate,
  type Workload,
  type WorkloadPhase,
} from './operation.ts'
export { decodeRecord, encodeRecord, type Field, mergeField } from './record-codec.ts'
export { csvText } from './traces/export/csv-text.ts'
export {
  type RecordStore,
  type RocksdbCounts,
  rocksdbTrace,
} from './traces/export/rocksdb-trace.ts'
export { ImportReport, type ImportReportOptions } from './traces/import/import-report.ts'
export { IMPORT_FORMATS, type ImportFormatName, importFiles } from './traces/import/import-trace.ts'
export { hashKey } from './traces/key-hash.ts'
export type { TraceCompression, TraceFooter, TraceHeader } from './traces/native-format.ts'
export {
  fieldNamesOf,
  type OperationSink,
  pumpUntil,
  pumpWorkload,
  recordWorkload,
} from './traces/operation-sink.ts'
export { traceDefinition } from './traces/trace-definition.ts'
export { openTrace, type Trace, traceWorkload } from './traces/trace-reader.ts'
export { TraceWriter, type TraceWriterOptions } from './traces/trace-writer.ts'
export { type TracePhase, ycsbText } from './traces/ycsb-text.ts'
export { isWorkloadPath, type WorkloadText, workloadFromText } from './workload-text.ts'
export {
  insertPhase,
  type KeyPopularity,
  type PopularRecords,
  type WritePhase,
  type WriteShape,
} from './write-shape.ts'

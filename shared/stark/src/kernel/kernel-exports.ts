/** What assembly/index.ts exports. Addresses and sizes are in bytes, counts in elements. */
export interface KernelExports extends ColumnExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
}

/** Field elements in columns of n. */
interface ColumnExports {
  /** target = the column in Montgomery form; its words may be any. The target may be the column. */
  enterColumn(target: number, column: number, n: number): void;
  /** target = the column's plain values, below p. The target may be the column. */
  leaveColumn(target: number, column: number, n: number): void;
}

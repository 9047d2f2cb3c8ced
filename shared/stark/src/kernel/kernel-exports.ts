/** What assembly/index.ts exports. Addresses and sizes are in bytes, counts in elements. */
export interface KernelExports extends ColumnExports, TreeExports {
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

/** assembly/tree.ts: commitments and grinding. */
interface TreeExports {
  hashRows(pointers: number, count: number, rows: number, digests: number): void;
  hashLevel(below: number, target: number, cosetNodes: number, cosets: number): void;
  injectRows(nodes: number, leaves: number, count: number): void;
  grind(state: number, bits: number, high: number, low: number, count: number): number;
}

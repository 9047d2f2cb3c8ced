/** What assembly/index.ts exports. Addresses and sizes are in bytes, counts in elements. */
export interface KernelExports extends TreeExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
}

/** assembly/tree.ts: commitments and grinding. */
interface TreeExports {
  hashRows(pointers: number, count: number, rows: number, digests: number): void;
  hashLevel(below: number, target: number, cosetNodes: number, cosets: number): void;
  injectRows(nodes: number, leaves: number, count: number): void;
  grind(state: number, bits: number, high: number, low: number, count: number): number;
}

/** What assembly/index.ts exports. Addresses and sizes are in bytes, counts in elements. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
}

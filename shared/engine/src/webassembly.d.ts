/**
 * The part of the WebAssembly interface that this project uses. TypeScript ships it only together
 * with the whole browser (lib "dom"), whose globals would then type-check in services.
 */
declare namespace WebAssembly {
  class Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }

  type Import = Memory | ((...args: never[]) => unknown);
  type Imports = Readonly<Record<string, Readonly<Record<string, Import>>>>;

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  /** Shared: growing leaves its buffer as it is; `buffer` is then a longer one. */
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
  }

  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}

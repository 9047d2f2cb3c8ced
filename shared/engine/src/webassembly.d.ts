/**
 * The part of the WebAssembly interface that this project uses. TypeScript ships it only together
 * with the whole browser (lib "dom"), whose globals would then type-check in services.
 */
declare namespace WebAssembly {
  class Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }

  type Imports = Readonly<Record<string, Readonly<Record<string, (...args: never[]) => unknown>>>>;

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  /** Growing a memory detaches its buffer; `buffer` is then a new one. */
  class Memory {
    readonly buffer: ArrayBuffer;
    /** By pages of 64 KiB; answers the size before. */
    grow(pages: number): number;
  }

  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}

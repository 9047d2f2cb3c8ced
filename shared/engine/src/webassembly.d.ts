/**
 * The part of the WebAssembly interface that this project uses. TypeScript ships it only together
 * with the whole browser (lib "dom"), whose globals would then type-check in services.
 */
declare namespace WebAssembly {
  class Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }

  type Import = Memory<ArrayBufferLike> | ((...args: never[]) => unknown);
  type Imports = Readonly<Record<string, Readonly<Record<string, Import>>>>;

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  /**
   * Growing detaches the buffer of a memory that is not shared; of a shared one it stays as it is.
   * `buffer` is then a new one either way.
   */
  class Memory<Buffer extends ArrayBufferLike = ArrayBuffer> {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: Buffer;
    /** By pages of 64 KiB; answers the size before. */
    grow(pages: number): number;
  }

  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}

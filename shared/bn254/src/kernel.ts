/** An instance of the compiled kernel with its memory. */
import { Heap } from './heap.ts';

/** What assembly/index.ts exports; addresses and sizes in bytes. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  decodeR(target: number, source: number, count: number, bigEndian: number): number;
  encodeR(target: number, source: number, count: number, bigEndian: number): void;
  decodeQ(target: number, source: number, count: number, bigEndian: number): number;
  decodeMontgomeryQ(target: number, source: number, count: number, bigEndian: number): number;
  encodeQ(target: number, source: number, count: number, bigEndian: number): void;
  reverseNumbers(numbers: number, count: number): void;
  equalityTables(target: number, point: number, levels: number): void;
  bindFirst(target: number, table: number, r: number, half: number): void;
  sumConstraints(
    ...args: readonly [
      target: number,
      a: number,
      b: number,
      c: number,
      weights: number,
      half: number,
    ]
  ): void;
  dotProduct(target: number, a: number, b: number, count: number): void;
  hashBlocks(target: number, blocks: number, count: number): void;
  hashToPoints(target: number, seed: number, first: number, count: number): void;
  longestScalar(scalars: number, count: number): number;
  signScalars(scalars: number, count: number, lengths: number, maySign: number): void;
  scalarsBelowOrder(scalars: number, count: number): number;
  sumOfProducts(
    ...args: readonly [
      target: number,
      bases: number,
      scalars: number,
      count: number,
      width: number,
      windows: number,
      together: number,
      scratch: number,
    ]
  ): void;
  sumOfTwistProducts: KernelExports['sumOfProducts'];
  addManyOfTwist(target: number, points: number, count: number): void;
  pairCoordinates(target: number, singles: number, count: number): void;
  splitCoordinates(target: number, points: number, count: number): void;
  pointsOnTwist(points: number, count: number): number;
  pointsInSubgroup(points: number, count: number): number;
  scaleTwistPoints(target: number, points: number, scalars: number, count: number): void;
  decompressTwist(target: number, source: number, count: number): number;
  millerLoops(f: number, g1: number, g2: number, count: number, scratch: number): number;
  finalPowerIsOne(f: number): number;
  addMany(target: number, points: number, count: number): void;
  pointsOnCurve(points: number, count: number): number;
  compressPoints(target: number, points: number, count: number): void;
  decompressPoints(target: number, source: number, count: number): number;
  decompressSigned(target: number, source: number, count: number): number;
  scalePoints(
    ...args: readonly [
      target: number,
      points: number,
      scalars: number,
      count: number,
      digits: number,
    ]
  ): void;
  addScaled(target: number, a: number, r: number, b: number, count: number): void;
  addVectors(target: number, a: number, b: number, count: number, negate: number): void;
  multiplyVectors(target: number, a: number, b: number, count: number): void;
  multiplyMatrix(
    ...args: readonly [
      target: number,
      starts: number,
      columns: number,
      coefficients: number,
      values: number,
      vector: number,
      rows: number,
    ]
  ): void;
  powersOf(target: number, first: number, factor: number, count: number): void;
  reverseOrder(data: number, log2: number): void;
  transformDown(data: number, log2: number, roots: number): void;
  transformUp(data: number, log2: number, roots: number): void;
  repeatProducts(target: number, factor: number, pairs: number, rounds: number): void;
  hashes(
    ...args: readonly [
      target: number,
      source: number,
      count: number,
      width: number,
      rounds: number,
      block: number,
      table: number,
      bigEndian: number,
    ]
  ): number;
  sponges(
    ...args: readonly [
      target: number,
      ivs: number,
      words: number,
      count: number,
      blocks: number,
      width: number,
      rounds: number,
      block: number,
      table: number,
      bigEndian: number,
    ]
  ): number;
}

/** Bytes of a field element outside the kernel, and inside it. */
export const ELEMENT_BYTES = 32;
export const SINGLE_BYTES = 40;

/**
 * The kernel's two flavours, compiled or as bytes. They compute the same; `fused` needs relaxed
 * SIMD with a multiply-add that rounds once, and is some three times as fast.
 */
export interface KernelCode {
  readonly fused: Uint8Array<ArrayBuffer> | WebAssembly.Module;
  readonly portable: Uint8Array<ArrayBuffer> | WebAssembly.Module;
}

export type Flavour = keyof KernelCode;

export class Bn254Error extends Error {
  override readonly name = 'Bn254Error';
  readonly code: Bn254ErrorCode;

  constructor(code: Bn254ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type Bn254ErrorCode =
  | 'KERNEL_NOT_BUILT'
  | 'KERNEL_UNSUPPORTED'
  | 'FIELD_RANGE'
  | 'INPUT_LENGTH'
  | 'NOT_ON_CURVE'
  | 'NOT_IN_SUBGROUP'
  | 'POINT_FORMAT'
  | 'OUT_OF_MEMORY';

export class Kernel {
  readonly flavour: Flavour;
  readonly exports: KernelExports;
  readonly heap: Heap;

  constructor(flavour: Flavour, exports: KernelExports) {
    this.flavour = flavour;
    this.exports = exports;
    this.heap = new Heap(exports.memory, exports.heapBase());
  }

  /** A view of kernel memory; stale after the next allocation, which may move the memory. */
  bytes(address: number, length: number): Uint8Array<ArrayBuffer> {
    const { buffer } = this.exports.memory;
    // Never shared: the module declares its own memory without that.
    return new Uint8Array(buffer as ArrayBuffer, address, length);
  }
}

/** The fastest flavour that this machine and engine compute exactly. */
export async function openKernel(code: KernelCode): Promise<Kernel> {
  const fused = await instantiate('fused', code.fused);
  if (fused !== undefined && isExact(fused)) return fused;
  const portable = await instantiate('portable', code.portable);
  if (portable !== undefined && isExact(portable)) return portable;
  const message = 'this engine has no WebAssembly SIMD; use Node 20 or a browser of 2023 or later';
  throw new Bn254Error('KERNEL_UNSUPPORTED', message);
}

/** One flavour, whatever this engine prefers: for tests and measurements. */
export async function openFlavour(code: KernelCode, flavour: Flavour): Promise<Kernel> {
  const kernel = await instantiate(flavour, code[flavour]);
  if (kernel !== undefined && isExact(kernel)) return kernel;
  throw new Bn254Error('KERNEL_UNSUPPORTED', `this engine cannot run the ${flavour} kernel`);
}

/** Undefined where the engine does not know the instructions. */
async function instantiate(
  flavour: Flavour,
  code: KernelCode[Flavour],
): Promise<Kernel | undefined> {
  const module = await compiled(code).catch(() => undefined);
  if (module === undefined) return undefined;
  const { exports } = new WebAssembly.Instance(module, {});
  if (!isKernel(exports)) {
    throw new Bn254Error('KERNEL_UNSUPPORTED', `${flavour}: not a kernel of this version`);
  }
  return new Kernel(flavour, exports);
}

async function compiled(code: KernelCode[Flavour]): Promise<WebAssembly.Module> {
  return code instanceof WebAssembly.Module ? code : WebAssembly.compile(code);
}

type Exports = WebAssembly.Instance['exports'];
const NAMES = ['memory', 'heapBase', 'decodeR', 'encodeR', 'hashes', 'millerLoops', 'powersOf'];

const isKernel = (exports: Exports): exports is Exports & KernelExports =>
  NAMES.every((name) => name in exports);

/**
 * Whether multiply-adds round once: an engine may choose, and where they round twice a decoded
 * number does not come out as it went in. All of these have products that need all 102 bits.
 */
function isExact(kernel: Kernel): boolean {
  const count = 64;
  const bytes = count * ELEMENT_BYTES;
  const from = kernel.heap.take(bytes);
  const inside = kernel.heap.take(count * SINGLE_BYTES);
  const given = Uint8Array.from({ length: bytes }, (_, index) =>
    index % ELEMENT_BYTES === 0 ? index % 37 : (index * index * 89 + index * 57 + 41) & 255,
  );
  kernel.bytes(from, bytes).set(given);
  const decoded = kernel.exports.decodeR(inside, from, count, 1);
  kernel.exports.encodeR(from, inside, count, 1);
  const result = kernel.bytes(from, bytes);
  const isSame = decoded === count && given.every((byte, index) => byte === result[index]);
  kernel.heap.give(inside);
  kernel.heap.give(from);
  return isSame;
}

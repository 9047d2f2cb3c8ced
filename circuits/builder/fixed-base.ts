import type { Curve, CurveGroup } from 'ffjavascript';
import { at, writeLittleEndian } from './field.ts';

const windowBits = 8;
const windowCount = 32;
const entriesPerWindow = 1 << windowBits;
const pageBytes = 65536;
const pointsPerBatch = 8192;

/**
 * Multiplies one generator by many scalars: a table of d * 2^(8w) * G for every window w and byte
 * d, so that a product is at most 32 additions and no doubling. The additions run in the curve's
 * WebAssembly instance, where the table lies.
 */
export class FixedBase {
  readonly #curve: Curve;
  readonly #group: CurveGroup;
  readonly #addMixed: (p: number, q: number, sum: number) => number;
  readonly #affineBytes: number;
  readonly #projectiveBytes: number;
  readonly #tableStart: number;
  readonly #sumStart: number;

  private constructor(curve: Curve, name: 'G1' | 'G2') {
    this.#curve = curve;
    this.#group = curve[name];
    const addMixed = curve.tm.instance.exports[`${name.toLowerCase()}m_addMixed`];
    if (!addMixed) throw new Error(`ffjavascript has no mixed addition for ${name}`);
    this.#addMixed = addMixed;
    this.#affineBytes = this.#group.F.n8 * 2;
    this.#projectiveBytes = this.#group.F.n8 * 3;
    const tableBytes = windowCount * entriesPerWindow * this.#affineBytes;
    this.#tableStart = growMemory(curve, tableBytes + this.#projectiveBytes);
    this.#sumStart = this.#tableStart + tableBytes;
  }

  static async create(curve: Curve, name: 'G1' | 'G2'): Promise<FixedBase> {
    const base = new FixedBase(curve, name);
    await base.#fillTable();
    return base;
  }

  async #fillTable(): Promise<void> {
    const group = this.#group;
    const points = new Uint8Array(windowCount * entriesPerWindow * this.#projectiveBytes);
    let base = group.g;
    for (let window = 0; window < windowCount; window++) {
      const step = group.toAffine(base);
      let multiple = group.zero;
      for (let digit = 0; digit < entriesPerWindow; digit++) {
        points.set(multiple, (window * entriesPerWindow + digit) * this.#projectiveBytes);
        multiple = group.add(multiple, step);
      }
      base = multiple;
    }
    const affine = await group.batchToAffine(points);
    new Uint8Array(this.#curve.tm.memory.buffer).set(affine, this.#tableStart);
  }

  /**
   * scalar * G for each scalar in [0, r): affine points one after another in the library's own
   * bytes (little-endian Montgomery coordinates, infinity all zero), which are a .zkey's too.
   */
  async multiply(scalars: readonly bigint[]): Promise<Uint8Array> {
    const result = new Uint8Array(scalars.length * this.#affineBytes);
    for (let start = 0; start < scalars.length; start += pointsPerBatch) {
      const batch = scalars.slice(start, start + pointsPerBatch);
      const sums = new Uint8Array(batch.length * this.#projectiveBytes);
      batch.forEach((scalar, i) => {
        sums.set(this.#multiplyOne(scalar), i * this.#projectiveBytes);
      });
      result.set(await this.#group.batchToAffine(sums), start * this.#affineBytes);
    }
    return result;
  }

  /** Projective, as a view that the next call overwrites. */
  #multiplyOne(scalar: bigint): Uint8Array {
    const digits = new Uint8Array(windowCount);
    writeLittleEndian(new DataView(digits.buffer), 0, scalar);
    const sum = new Uint8Array(this.#curve.tm.memory.buffer, this.#sumStart, this.#projectiveBytes);
    sum.set(this.#group.zero);
    for (let window = 0; window < windowCount; window++) {
      const digit = at(digits, window);
      if (digit === 0) continue;
      const entry = this.#tableStart + (window * entriesPerWindow + digit) * this.#affineBytes;
      this.#addMixed(this.#sumStart, entry, this.#sumStart);
    }
    return sum;
  }
}

/** Adds room at the end of the instance's memory; the library's views must follow the growth. */
function growMemory(curve: Curve, sizeBytes: number): number {
  const { tm } = curve;
  const start = tm.memory.buffer.byteLength;
  tm.memory.grow(Math.ceil(sizeBytes / pageBytes));
  tm.u8 = new Uint8Array(tm.memory.buffer);
  tm.u32 = new Uint32Array(tm.memory.buffer);
  return start;
}

/** Writes the fields of one record after the other; offsets are from the start of the record. */
export class RecordFields {
  readonly #view: DataView;
  /** Where the record starts in the view. */
  base = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  u8(at: number, value: number): this {
    this.#view.setUint8(this.base + at, value);
    return this;
  }

  u16(at: number, value: number): this {
    this.#view.setUint16(this.base + at, value, true);
    return this;
  }

  u32(at: number, value: number): this {
    this.#view.setUint32(this.base + at, value, true);
    return this;
  }

  i32(at: number, value: number): this {
    this.#view.setInt32(this.base + at, value, true);
    return this;
  }

  u64(at: number, value: bigint): this {
    this.#view.setBigUint64(this.base + at, value, true);
    return this;
  }
}

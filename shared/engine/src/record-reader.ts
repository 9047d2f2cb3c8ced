/** Reads the fields of a record by their offsets from its start. */
export class RecordReader {
  readonly #view: DataView;
  readonly #base: number;

  /** @param base - where the record begins in the view */
  constructor(view: DataView, base: number) {
    this.#view = view;
    this.#base = base;
  }

  u8 = (at: number): number => this.#view.getUint8(this.#base + at);
  u16 = (at: number): number => this.#view.getUint16(this.#base + at, true);
  u32 = (at: number): number => this.#view.getUint32(this.#base + at, true);
  i32 = (at: number): number => this.#view.getInt32(this.#base + at, true);
  u64 = (at: number): bigint => this.#view.getBigUint64(this.#base + at, true);
}

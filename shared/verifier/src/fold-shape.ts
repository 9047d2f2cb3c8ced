/** The constraints of a folded circuit, as a file and by its digest (FOLDING.md, section 2). */
import { assert, at } from './assert.ts';
import { ByteWriter, domainHash } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { fromBigEndian, toBigEndian } from './field.ts';

/** A matrix by rows: row i has the entries from rowStarts[i] to rowStarts[i + 1]. */
export interface ShapeMatrix {
  readonly rowStarts: Uint32Array;
  /** Wire of each entry; ascends in a row. */
  readonly columns: Uint32Array;
  /** Coefficient of each entry: place in the shape's list. */
  readonly coefficients: Uint32Array;
}

/** Constraints (A z)(B z) = C z of wires z: the one, the public signals, the witness. */
export interface FoldShape {
  readonly wires: number;
  readonly publicCount: number;
  readonly rows: number;
  /** The distinct coefficients, ascending. */
  readonly values: readonly bigint[];
  readonly matrices: readonly [ShapeMatrix, ShapeMatrix, ShapeMatrix];
}

/** Domain of the commitment's bases; wire 1 + publicCount + i has base i. */
export const BASES_DOMAIN = 'foldbook/fold/v1';

const VERSION = 1;
const WIRES_MAX = 2 ** 20;
const PUBLIC_MAX = 255;
const VALUES_MAX = 2 ** 18;
const TERMS_MAX = 2 ** 23;
const FIXED_BYTES = 8 + 4 * 4 + 3 * 4 + 1 + BASES_DOMAIN.length;

/** Variables of the polynomials over the rows: 2^variables is the rows with their padding. */
export function variablesOf({ rows }: Pick<FoldShape, 'rows'>): number {
  return Math.max(1, Math.ceil(Math.log2(rows)));
}

/** Wires of the witness, which are committed to. */
export function witnessLength({ wires, publicCount }: FoldShape): number {
  return wires - 1 - publicCount;
}

export function encodeShape(shape: FoldShape): Uint8Array {
  const { wires, publicCount, rows, values, matrices } = shape;
  const bodies = matrices.map(encodeMatrix);
  const bodyBytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const writer = new ByteWriter(FIXED_BYTES + 32 * values.length + bodyBytes);
  writer.ascii('FBFS').unsigned(VERSION, 2).unsigned(0, 2);
  for (const count of [wires, publicCount, rows, values.length]) writer.unsigned(count, 4);
  for (const { columns } of matrices) writer.unsigned(columns.length, 4);
  writer.unsigned(BASES_DOMAIN.length, 1).ascii(BASES_DOMAIN);
  for (const value of values) writer.bytes(toBigEndian(value), 32);
  for (const body of bodies) writer.bytes(body, body.length);
  return writer.finish();
}

function encodeMatrix({ rowStarts, columns, coefficients }: ShapeMatrix): Uint8Array {
  const bytes = new Uint8Array(5 * (rowStarts.length + 2 * columns.length));
  let end = 0;
  const varint = (value: number): void => {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80;
    bytes[end++] = rest;
  };
  for (let row = 0; row + 1 < rowStarts.length; row++) {
    const [start, stop] = [at(rowStarts, row), at(rowStarts, row + 1)];
    varint(stop - start);
    let last = -1;
    for (let term = start; term < stop; term++) {
      const column = at(columns, term);
      assert(column > last, 'columns ascend in a row');
      varint(column - last - 1);
      varint(at(coefficients, term));
      last = column;
    }
  }
  return bytes.slice(0, end);
}

/** Strict: every shape has one encoding. Limits are checked before there is memory for anything. */
export function decodeShape(bytes: Uint8Array): Decoded<FoldShape> {
  return decode(bytes, 'KEY_FORMAT', 'folded circuit', readShape);
}

function readShape(reader: ByteReader): FoldShape {
  reader.format('FBFS', VERSION);
  reader.zero(2);
  const count = (what: string, least: number, most: number): number => {
    const start = reader.offset;
    const value = reader.unsigned(4);
    if (value < least || value > most) {
      reader.refuse(`${value} ${what}; ${least} to ${most} are allowed`, start);
    }
    return value;
  };
  const wires = count('wires', 2, WIRES_MAX);
  const publicCount = count('public signals', 0, Math.min(PUBLIC_MAX, wires - 2));
  const rows = count('constraints', 1, WIRES_MAX);
  const valueCount = count('coefficients', 1, VALUES_MAX);
  const terms = [0, 1, 2].map(() => count('terms', 0, TERMS_MAX));
  const domainStart = reader.offset;
  const domain = String.fromCharCode(...reader.bytes(reader.unsigned(1)));
  if (domain !== BASES_DOMAIN) reader.refuse(`its bases are of domain "${domain}"`, domainStart);
  const left = reader.length - reader.offset;
  const least = 32 * valueCount + 3 * rows + 2 * terms.reduce((sum, n) => sum + n, 0);
  if (least > left) reader.refuse(`needs ${least} bytes more, ${left} are left`);
  const values = readValues(reader, valueCount);
  const body = new MatrixReader(reader, { wires, rows, valueCount });
  const [a, b, c] = [body.next(at(terms, 0)), body.next(at(terms, 1)), body.next(at(terms, 2))];
  body.end();
  return { wires, publicCount, rows, values, matrices: [a, b, c] };
}

function readValues(reader: ByteReader, count: number): bigint[] {
  const values: bigint[] = [];
  let last = 0n;
  while (values.length < count) {
    const start = reader.offset;
    const value = reader.fieldElement();
    if (value <= last) reader.refuse('coefficients ascend from above 0', start);
    values.push(value);
    last = value;
  }
  return values;
}

interface MatrixLimits {
  readonly wires: number;
  readonly rows: number;
  readonly valueCount: number;
}

/** Millions of varints: they are read from the bytes as they lie there. */
class MatrixReader {
  readonly #reader: ByteReader;
  readonly #limits: MatrixLimits;
  readonly #start: number;
  readonly #bytes: Uint8Array;
  readonly #used: Uint8Array;
  #place = 0;

  constructor(reader: ByteReader, limits: MatrixLimits) {
    this.#reader = reader;
    this.#limits = limits;
    this.#start = reader.offset;
    this.#bytes = reader.bytes(reader.length - reader.offset);
    this.#used = new Uint8Array(limits.valueCount);
  }

  next(terms: number): ShapeMatrix {
    const { wires, rows, valueCount } = this.#limits;
    const rowStarts = new Uint32Array(rows + 1);
    const columns = new Uint32Array(terms);
    const coefficients = new Uint32Array(terms);
    let term = 0;
    for (let row = 0; row < rows; row++) {
      const count = this.#varint();
      if (count > terms - term) this.#refuse(`row ${row} has more terms than are left`);
      let last = -1;
      for (let k = 0; k < count; k++, term++) {
        last += this.#varint() + 1;
        if (last >= wires) this.#refuse(`row ${row} has wire ${last} of ${wires}`);
        const value = this.#varint();
        if (value >= valueCount) this.#refuse(`row ${row}: coefficient ${value} of ${valueCount}`);
        columns[term] = last;
        coefficients[term] = value;
        this.#used[value] = 1;
      }
      rowStarts[row + 1] = term;
    }
    if (term !== terms) this.#refuse(`the rows have ${term} terms, named were ${terms}`);
    return { rowStarts, columns, coefficients };
  }

  end(): void {
    if (this.#place < this.#bytes.length) this.#refuse('bytes follow the end');
    if (this.#used.includes(0)) this.#refuse('a coefficient is listed and not used');
  }

  /** At most 28 bits, with no zeros at the end. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#place++];
      if (byte === undefined) return this.#refuse('ends within a row');
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte === 0 && shift > 0) this.#refuse('a number is longer than it has to be');
      return value;
    }
    return this.#refuse('a number is too long');
  }

  #refuse(message: string): never {
    return this.#reader.refuse(message, this.#start + Math.min(this.#place, this.#bytes.length));
  }
}

/** By which a genesis names the folded circuit: over the canonical bytes. */
export function shapeDigest(file: Uint8Array): Uint8Array {
  return domainHash('foldbook/fold-shape/v1\n', file);
}

/** The coefficients as 32 bytes each, big-endian. */
export function valueBytes({ values }: Pick<FoldShape, 'values'>): Uint8Array {
  const bytes = new Uint8Array(32 * values.length);
  values.forEach((value, index) => {
    bytes.set(toBigEndian(value), 32 * index);
  });
  return bytes;
}

/** Elements of 32 bytes each, big-endian; the caller has checked that they are canonical. */
export function elementsOf(bytes: Uint8Array): bigint[] {
  return Array.from({ length: bytes.length / 32 }, (_, index) =>
    fromBigEndian(bytes.subarray(32 * index, 32 * (index + 1))),
  );
}

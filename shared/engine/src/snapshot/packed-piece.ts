/**
 * A piece of a snapshot in columns, a sixth of its bytes or less before any compressor sees it.
 *
 * ```
 * piece   = 0x00 | bytes as they are             (no whole records)
 *         | 0x01 | records u32 | directory u16 | directory | column ...
 * columns = kinds, as they are, slopes, then each field of each kind (piece-fields.ts)
 * ```
 *
 * The directory is a column of the other columns' lengths. A kind is 0 where it is that of the
 * record before, else 1 + kind, or 1 for a record that is kept as it is. Columns are those of
 * `@foldbook/protocol/columns`, or planes (plane-column.ts).
 */
import { RECORD_BYTES, viewOf } from '@foldbook/protocol';
import { ColumnReader, ColumnWriter } from '@foldbook/protocol/columns';
import {
  KIND_OFFSET,
  RESULT_BYTES,
  RESULTS_PER_RECORD,
  ResultsOffset,
  SnapshotKind,
  UNNAMED_BYTES,
} from './layout.ts';
import { PIECE_FIELDS, RESULT_ENTRY } from './piece-fields.ts';
import {
  afterStep,
  fittedSlope,
  type KindForecast,
  newForecasts,
  readWord,
  SLOPE_ONE,
  stepOf,
  type Word,
  writeWord,
} from './piece-forecast.ts';
import { PlaneReader, PlaneWriter } from './plane-column.ts';
import { SnapshotError } from './snapshot-error.ts';

const Form = { AS_IT_IS: 0, COLUMNS: 1 } as const;
const COLUMNS_AT = 7;
const AS_IT_IS = 0;
const UNNAMED = new Map<number, readonly (readonly [number, number])[]>(
  Object.entries(UNNAMED_BYTES).map(([kind, ranges]) => [Number(kind), ranges]),
);

/** @param piece - of a snapshot; others are packed, too, but no smaller */
export function packPiece(piece: Uint8Array): Uint8Array {
  if (piece.byteLength % RECORD_BYTES !== 0) {
    return Uint8Array.from([Form.AS_IT_IS, ...piece]);
  }
  return new PiecePacker(piece).pack();
}

class PiecePacker {
  readonly #piece: Uint8Array;
  readonly #view: DataView;
  readonly #forecasts = newForecasts();
  readonly #columns = new Map<number, readonly (ColumnWriter | PlaneWriter)[]>();
  readonly #kinds = new ColumnWriter();
  readonly #asTheyAre: Uint8Array[] = [];

  constructor(piece: Uint8Array) {
    this.#piece = piece;
    this.#view = viewOf(piece);
    for (const [kind, fields] of PIECE_FIELDS) {
      this.#columns.set(
        kind,
        fields.map(({ planes }) => (planes ? new PlaneWriter() : new ColumnWriter())),
      );
    }
  }

  pack(): Uint8Array {
    const { byteLength } = this.#piece;
    const slopes = new ColumnWriter();
    chooseSlopes(this.#view, this.#forecasts);
    for (const { fields, slopes: chosen } of this.#forecasts.values()) {
      for (const [place, { how }] of fields.entries()) {
        if (how === 'line') slopes.push(chosen[place] ?? 0);
      }
    }
    let last = -1;
    for (let at = 0; at < byteLength; at += RECORD_BYTES) {
      const kind = kindAt(this.#view, at);
      this.#kinds.push(kind === last ? 0 : 1 + kind);
      last = kind;
      if (kind === AS_IT_IS) this.#asTheyAre.push(this.#piece.subarray(at, at + RECORD_BYTES));
      else this.#record(kind, at);
    }
    const columns = [
      this.#kinds.finish(),
      new Uint8Array(Buffer.concat(this.#asTheyAre)),
      slopes.finish(),
      ...[...this.#columns.values()].flat().map((column) => column.finish()),
    ];
    return joined(byteLength / RECORD_BYTES, columns);
  }

  #record(kind: number, at: number): void {
    this.#fields(kind, at);
    if (kind !== SnapshotKind.RESULTS) return;
    const count = this.#view.getUint8(at + ResultsOffset.COUNT);
    for (let index = 0; index < count; index += 1) {
      this.#fields(RESULT_ENTRY, at + ResultsOffset.FIRST + index * RESULT_BYTES);
    }
  }

  #fields(kind: number, at: number): void {
    const forecast = this.#forecasts.get(kind);
    const columns = this.#columns.get(kind);
    if (forecast === undefined || columns === undefined) return;
    const { fields, words } = forecast;
    for (let place = 0; place < fields.length; place += 1) {
      const field = fields[place];
      const column = columns[place];
      if (field === undefined || column === undefined) return;
      const word = readWord(this.#view, at + field.at, field.width);
      words[place] = word;
      column.pushAny(field.how === 'value' ? word : stepOf(word, forecast.expected(place, field)));
    }
    forecast.next();
  }
}

/** What the record at `at` is packed as: a kind that has fields, if it is sound. */
function kindAt(view: DataView, at: number): number {
  const kind = view.getUint8(at + KIND_OFFSET);
  const unnamed = PIECE_FIELDS.has(kind) ? UNNAMED.get(kind) : undefined;
  if (unnamed === undefined) return AS_IT_IS;
  for (const [from, to] of unnamed) if (!isZero(view, at + from, at + to)) return AS_IT_IS;
  if (kind !== SnapshotKind.RESULTS) return kind;
  const count = view.getUint8(at + ResultsOffset.COUNT);
  if (count > RESULTS_PER_RECORD) return AS_IT_IS;
  const end = at + ResultsOffset.FIRST + count * RESULT_BYTES;
  return isZero(view, end, at + RECORD_BYTES) ? kind : AS_IT_IS;
}

function isZero(view: DataView, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (view.getUint8(at) !== 0) return false;
  return true;
}

/** Of each field on a line: no slope, the same steps, or what fits; whatever leaves least. */
function chooseSlopes(view: DataView, forecasts: ReadonlyMap<number, KindForecast>): void {
  for (const [kind, { fields, slopes }] of forecasts) {
    for (const [place, { how, at, width, of = 0 }] of fields.entries()) {
      const other = fields[of];
      if (how !== 'line' || other === undefined) continue;
      const steps: number[] = [];
      const rises: number[] = [];
      let lastX: Word = 0;
      let lastY: Word = 0;
      for (let record = 0; record < view.byteLength; record += RECORD_BYTES) {
        if (view.getUint8(record + KIND_OFFSET) !== kind) continue;
        const x = readWord(view, record + other.at, other.width);
        const y = readWord(view, record + at, width);
        // Words that are no numbers are on no line.
        if (areNumbers(x, lastX) && areNumbers(y, lastY)) {
          steps.push(Number(x) - Number(lastX));
          rises.push(Number(y) - Number(lastY));
        }
        [lastX, lastY] = [x, y];
      }
      slopes[place] = bestSlope(steps, rises);
    }
  }
}

const areNumbers = (left: Word, right: Word) =>
  typeof left === 'number' && typeof right === 'number';

function bestSlope(steps: readonly number[], rises: readonly number[]): number {
  const sum = (list: readonly number[]) => list.reduce((total, each) => total + Math.abs(each), 0);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const slope of [0, SLOPE_ONE, fittedSlope(sum(rises), sum(steps))]) {
    let bits = 0;
    for (let index = 0; index < steps.length; index += 1) {
      const forecast = Math.floor(((steps[index] ?? 0) * slope) / SLOPE_ONE);
      bits += Math.log2(1 + Math.abs((rises[index] ?? 0) - forecast));
    }
    if (bits < least) [best, least] = [slope, bits];
  }
  return best;
}

function joined(records: number, columns: readonly Uint8Array[]): Uint8Array {
  const lengths = new ColumnWriter();
  for (const { byteLength } of columns) lengths.push(byteLength);
  const directory = lengths.finish();
  const head = new Uint8Array(COLUMNS_AT);
  head[0] = Form.COLUMNS;
  viewOf(head).setUint32(1, records, true);
  viewOf(head).setUint16(5, directory.byteLength, true);
  return new Uint8Array(Buffer.concat([head, directory, ...columns]));
}

/**
 * The piece again.
 * @param mostBytes - refuses larger pieces before it has memory for them
 * @throws SnapshotError SNAPSHOT_DAMAGED for what is no packed piece
 */
export function unpackPiece(packed: Uint8Array, mostBytes: number): Uint8Array {
  const form = packed[0];
  if (form === Form.AS_IT_IS && packed.byteLength - 1 <= mostBytes)
    return new Uint8Array(packed.subarray(1));
  if (form !== Form.COLUMNS || packed.byteLength < COLUMNS_AT) refuse('it is of no known form', 0);
  const view = viewOf(packed);
  const records = view.getUint32(1, true);
  if (records * RECORD_BYTES > mostBytes) refuse(`${records} records`, 1);
  return new PieceUnpacker(packed, records, view.getUint16(5, true)).unpack();
}

function refuse(what: string, offset: number): never {
  const where = `byte ${offset} of a packed piece: ${what}`;
  throw new SnapshotError('SNAPSHOT_DAMAGED', where, undefined);
}

class PieceUnpacker {
  readonly #piece: Uint8Array;
  readonly #view: DataView;
  readonly #forecasts = newForecasts();
  readonly #kinds: ColumnReader;
  readonly #asTheyAre: Uint8Array;
  readonly #columns = new Map<number, readonly (ColumnReader | PlaneReader)[]>();
  #taken = 0;

  constructor(packed: Uint8Array, records: number, directoryBytes: number) {
    this.#piece = new Uint8Array(records * RECORD_BYTES);
    this.#view = viewOf(this.#piece);
    let at = COLUMNS_AT + directoryBytes;
    if (at > packed.byteLength) refuse('its directory is cut', 5);
    const lengths = new ColumnReader(packed, COLUMNS_AT, at, refuse);
    const take = (): [number, number] => {
      const start = at;
      at += lengths.next(packed.byteLength + 1);
      if (at > packed.byteLength) lengths.refuse('a column is cut');
      return [start, at];
    };
    const column = () => new ColumnReader(packed, ...take(), refuse);
    this.#kinds = column();
    this.#asTheyAre = packed.subarray(...take());
    const slopes = column();
    for (const [kind, { fields, slopes: chosen }] of this.#forecasts) {
      for (const [place, { how }] of fields.entries()) {
        if (how === 'line') chosen[place] = slopes.next(2 ** 32);
      }
      const readers = fields.map(({ planes }) =>
        planes ? new PlaneReader(packed, ...take(), refuse) : column(),
      );
      this.#columns.set(kind, readers);
    }
    lengths.end();
    slopes.end();
    if (at !== packed.byteLength) refuse('bytes follow its last column', at);
  }

  unpack(): Uint8Array {
    let last = -1;
    for (let at = 0; at < this.#piece.byteLength; at += RECORD_BYTES) {
      const code = this.#kinds.next(2 + SnapshotKind.END);
      const kind = code === 0 ? last : code - 1;
      last = kind;
      if (kind === AS_IT_IS) this.#asItIs(at);
      else this.#record(kind, at);
    }
    this.#kinds.end();
    for (const columns of this.#columns.values()) for (const column of columns) column.end();
    if (this.#taken !== this.#asTheyAre.byteLength) refuse('more records than it counts', 1);
    return this.#piece;
  }

  #asItIs(at: number): void {
    const end = this.#taken + RECORD_BYTES;
    if (end > this.#asTheyAre.byteLength) this.#kinds.refuse('there is no such record');
    this.#piece.set(this.#asTheyAre.subarray(this.#taken, end), at);
    this.#taken = end;
  }

  #record(kind: number, at: number): void {
    this.#view.setUint8(at + KIND_OFFSET, Math.max(0, kind));
    this.#fields(kind, at);
    if (kind !== SnapshotKind.RESULTS) return;
    const count = this.#view.getUint8(at + ResultsOffset.COUNT);
    if (count > RESULTS_PER_RECORD) this.#kinds.refuse(`${count} results in one record`);
    for (let index = 0; index < count; index += 1) {
      this.#fields(RESULT_ENTRY, at + ResultsOffset.FIRST + index * RESULT_BYTES);
    }
  }

  #fields(kind: number, at: number): void {
    const forecast = this.#forecasts.get(kind);
    const columns = this.#columns.get(kind);
    if (forecast === undefined || columns === undefined) {
      this.#kinds.refuse(`no kind ${kind} has columns`);
    }
    const { fields, words } = forecast;
    for (let place = 0; place < fields.length; place += 1) {
      const field = fields[place];
      const column = columns[place];
      if (field === undefined || column === undefined) return;
      const found = column.nextAny();
      const word =
        field.how === 'value' ? found : afterStep(forecast.expected(place, field), found);
      words[place] = word;
      if (!writeWord(this.#view, at + field.at, field.width, word)) {
        column.refuse(`${word} has no room in ${field.width} bytes`);
      }
    }
    forecast.next();
  }
}

/** A part's proof, and its bytes (SPEC section 10). */
import type { Opening } from '../commit/opening.ts';
import type { Extension } from '../field/extension.ts';
import { layerShape } from '../fri/schedule.ts';
import { type ByteReader, type Decoded, decode } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { openingCounts, type PartShape } from './part-shape.ts';

/** Of one table. */
export interface TableValues {
  /** At zeta: main columns, lookup columns, quotient columns. */
  readonly current: readonly Extension[];
  /** At zeta times the root of its height: columns that a constraint reads in the next row. */
  readonly next: readonly Extension[];
}

export interface QueryOpenings {
  /** Of the trees, in their order. */
  readonly trees: readonly Opening[];
  /** Of FRI's layers: one row each, of all siblings' coordinates. */
  readonly layers: readonly Opening[];
}

export interface PartProof {
  /** Of the main trees. */
  readonly mainCaps: readonly Uint8Array[];
  readonly lookupCap: Uint8Array;
  /** Of the tables. */
  readonly sums: readonly Extension[];
  readonly quotientCap: Uint8Array;
  readonly values: readonly TableValues[];
  readonly layerCaps: readonly Uint8Array[];
  readonly finalPolynomial: readonly Extension[];
  readonly nonce: bigint;
  readonly queries: readonly QueryOpenings[];
}

const VERSION = 1;

export function encodeProof(proof: PartProof): Uint8Array {
  const writer = new ByteWriter().ascii('FBSF').u16(VERSION).u16(0);
  for (const cap of [...proof.mainCaps, proof.lookupCap]) writer.bytes(cap);
  writer.extensions(proof.sums).bytes(proof.quotientCap);
  for (const { current, next } of proof.values) writer.extensions(current).extensions(next);
  for (const cap of proof.layerCaps) writer.bytes(cap);
  writer.extensions(proof.finalPolynomial).u64(proof.nonce);
  for (const { trees, layers } of proof.queries) {
    for (const { rows, siblings } of [...trees, ...layers]) {
      for (const row of rows) writer.elements(row);
      writer.bytes(siblings);
    }
  }
  return writer.finish();
}

/** Views of `bytes` stay in what is read. */
export function decodeProof(bytes: Uint8Array, shape: PartShape): Decoded<PartProof> {
  return decode(bytes, (reader) => readProof(reader, shape));
}

function readProof(reader: ByteReader, shape: PartShape): PartProof {
  reader.format('FBSF', VERSION);
  reader.zeros(2);
  const { schedule, tables, trees } = shape;
  const caps = trees.slice(0, -1).map((tree) => reader.bytes(tree.shape.capBytes));
  const sums = reader.extensions(tables.length);
  const quotientCap = reader.bytes(trees.at(-1)?.shape.capBytes ?? 0);
  const values = tables.map(({ table }): TableValues => {
    const { current, next } = openingCounts(table);
    return { current: reader.extensions(current), next: reader.extensions(next) };
  });
  const layerCaps = schedule.layers.map((layer) => {
    return reader.bytes(layerShape(layer).capBytes);
  });
  const finalPolynomial = reader.extensions(schedule.finalCoefficients);
  const nonce = reader.u64();
  const queries: QueryOpenings[] = [];
  while (queries.length < shape.parameters.queries) queries.push(readQuery(reader, shape));
  const [mainCaps, lookupCap] = [caps.slice(0, -1), caps.at(-1) ?? new Uint8Array()];
  const committed = { mainCaps, lookupCap, sums, quotientCap, values };
  return { ...committed, layerCaps, finalPolynomial, nonce, queries };
}

function readQuery(reader: ByteReader, { trees, schedule }: PartShape): QueryOpenings {
  return {
    trees: trees.map(({ shape }): Opening => {
      const rows = shape.heights.map(({ columns }) => reader.elements(columns));
      return { rows, siblings: reader.bytes(shape.siblingBytes) };
    }),
    layers: schedule.layers.map((layer): Opening => {
      const { rowWords, siblingBytes } = layerShape(layer);
      return { rows: [reader.elements(rowWords)], siblings: reader.bytes(siblingBytes) };
    }),
  };
}

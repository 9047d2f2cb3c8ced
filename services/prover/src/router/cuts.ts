// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The ways to cut an epoch into parts. A part's table has a power of two of rows, so 40,000 records
 * as one part take 65,536 rows, and as two 40,960.
 */
import { MIN_LOG_RECORDS, recordsLogHeight } from '@foldbook/stark/verify';
import { type PartKind, partKind } from './part-kind.ts';
import type { Run } from './tilings.ts';

/** An epoch in parts: its parts are what a circuit's batches are elsewhere. */
export interface Cut {
  readonly batches: readonly Run<PartKind>[];
  readonly accounts: readonly [];
  /** Of each part in order, so many records at most; what is left behind them is cut plainly. */
  readonly sizes: readonly number[];
}

export interface Cuttable {
  readonly records: number;
  /** Rows of the table before. */
  readonly accounts: number;
  /** Records of a part at most. */
  readonly partRecords: number;
  readonly logBlowup: number;
}

/** The least rows of a part's records: smaller parts cost as much. */
const LEAST_ROWS = 2 ** MIN_LOG_RECORDS;
/** A part ends behind a trade's two fees, so it may have so many records less than it could. */
const LEFT_OUT = 2;

/** As many records in each part as it may have. */
export const plainCut = (epoch: Cuttable): Cut => cutInto(epoch, []);

/** Parts of these records, one after the other, and as many plain ones as are left then. */
export function cutInto(epoch: Cuttable, sizes: readonly number[]): Cut {
  const { records, partRecords } = epoch;
  const rest = records - sizes.reduce((sum, size) => sum + size, 0);
  const full = fullParts(rest, partRecords);
  const plain = new Array<number>(full).fill(partRecords);
  const counts = [...sizes, ...plain, rest - full * leastRecords(partRecords)];
  return cutOf(epoch, counts, sizes);
}

/**
 * The cuts that are worth a comparison: full parts of one size, and what they leave as one part or
 * as smaller and smaller ones, each half as large or less. The plain cut is the first of them.
 */
export function cuts(epoch: Cuttable): Cut[] {
  const { records, partRecords } = epoch;
  const plain = plainCut(epoch);
  const found = new Map([[nameOf(plain), plain]]);
  for (const size of sizesTo(partRecords)) {
    const full = fullParts(records, size);
    const sizes = new Array<number>(full).fill(size);
    let rest = records - full * leastRecords(size);
    while (rest > 0) {
      const last = Math.min(rowsOf(rest), partRecords);
      const cut = cutOf(epoch, [...sizes, rest], [...sizes, last]);
      if (!found.has(nameOf(cut))) found.set(nameOf(cut), cut);
      const half = rowsOf(rest) / 2;
      if (half < LEAST_ROWS) break;
      sizes.push(half);
      rest -= leastRecords(half);
    }
  }
  return [...found.values()];
}

/** How many are full before the last one, if each has as few records as it may. */
const fullParts = (records: number, size: number): number =>
  records <= size ? 0 : Math.ceil(records / leastRecords(size)) - 1;

/** Parts of about so many records. */
function cutOf(
  { accounts, logBlowup }: Cuttable,
  counts: readonly number[],
  sizes: readonly number[],
): Cut {
  const batches: Run<PartKind>[] = [];
  for (const count of counts.filter((count) => count > 0)) {
    const kind = partKind(count, accounts, logBlowup);
    const before = batches.at(-1);
    if (before?.kind.records !== kind.records) batches.push({ kind, proofs: 1 });
    else batches[batches.length - 1] = { kind: before.kind, proofs: before.proofs + 1 };
  }
  return { batches, accounts: [], sizes };
}

/** The most, and the powers of two below it, as far as they make a difference. */
function sizesTo(most: number): number[] {
  const sizes = [most];
  for (let size = rowsOf(most) / 2; size >= LEAST_ROWS; size /= 2) sizes.push(size);
  return sizes;
}

const rowsOf = (records: number): number => 2 ** recordsLogHeight(records);
const leastRecords = (size: number): number => Math.max(1, size - LEFT_OUT);
const nameOf = ({ batches }: Cut): string =>
  batches.map(({ kind, proofs }) => `${proofs}x${kind.records}`).join();

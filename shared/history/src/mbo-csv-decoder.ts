/** Market-by-order events as CSV, columns found by their names. assembly/mbo-csv.ts scans it. */
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { LineDecoder, wordTable } from './line-decoder.ts';
import type { DecodingOptions } from './market-decoder.ts';

/** Codes as assembly/mbo-csv.ts has them. The first column of a code counts. */
const COLUMNS = {
  order_id: 1,
  orderid: 1,
  id: 1,
  oid: 1,
  action: 2,
  side: 3,
  price: 4,
  px: 4,
  size: 5,
  quantity: 5,
  qty: 5,
  sz: 5,
  ts_event: 6,
  timestamp: 6,
  time: 6,
  flags: 7,
  sequence: 8,
  symbol: 9,
  instrument_id: 10,
};
const ACTIONS = {
  A: 1,
  add: 1,
  C: 2,
  cancel: 2,
  M: 3,
  modify: 3,
  R: 4,
  clear: 4,
  T: 5,
  trade: 5,
  F: 6,
  fill: 6,
  N: 7,
  none: 7,
};
const SIDES = { B: 1, bid: 1, buy: 1, A: 2, S: 2, ask: 2, sell: 2, N: 3, none: 3, '': 3 };

/**
 * Prices in 1e-9, as Databento has them: a price without a point is whole. Times in nanoseconds
 * since 1970, as a number or written out.
 */
export function createMboCsvDecoder(
  kernel: HistoryKernel,
  options: DecodingOptions = {},
): LineDecoder {
  const { exports } = kernel;
  const decoder = new LineDecoder({
    ...options,
    kernel,
    step: exports.stepMboCsv,
    scale: { priceExponent: -9, quantityExponent: 0 },
  });
  exports.setMboCsvWords(
    decoder.address,
    wordTable(kernel, COLUMNS),
    wordTable(kernel, ACTIONS),
    wordTable(kernel, SIDES),
  );
  return decoder;
}

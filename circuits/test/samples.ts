/** The honest instances that the tests start from. */
import {
  accountsInstance,
  batchInstance,
  type Challenge,
  type Delta,
  type Instance,
  kinds,
  netDeltas,
  type Place,
  type Row,
  Tree,
} from './model.ts';

export const batchSize = 15;
export const accountsSize = 4;

export const challenge: Challenge = {
  x: 0x1d0f5b6c7a8e9f10213243546576879809a1b2c3d4e5f60718293a4b5c6d7e8fn,
  y: 0x0a1b2c3d4e5f60718293a4b5c6d7e8f9011223344556677889900aabbccddeefn,
};

export const place: Place = { market: 7n, epoch: 3n, seq0: 45n };

const zero = { price: 0n, dBase: 0n, dQuote: 0n };

/** One record of every kind, then a trade at the widths' ends. */
export const sampleRows: readonly Row[] = [
  { ...zero, kind: kinds.depositBase, a: 0n, b: 5n, dBase: 2n ** 48n },
  { ...zero, kind: kinds.depositQuote, a: 7n, b: 0n, dQuote: 2n ** 61n },
  { kind: kinds.trade, a: 5n, b: 7n, price: 10n, dBase: 20n, dQuote: 200n },
  { ...zero, kind: kinds.fee, a: 1n, b: 7n, dQuote: 3n },
  { ...zero, kind: kinds.rebate, a: 5n, b: 1n, dQuote: 1n },
  { ...zero, kind: kinds.withdrawBase, a: 7n, b: 0n, dBase: 3n },
  { ...zero, kind: kinds.withdrawQuote, a: 0n, b: 5n, dQuote: 9n },
  {
    kind: kinds.trade,
    a: 5n,
    b: 2n ** 24n - 1n,
    price: 2n ** 15n - 1n,
    dBase: 2n ** 48n - 1n - 20n,
    dQuote: (2n ** 15n - 1n) * (2n ** 48n - 1n - 20n),
  },
];

/** Rows of the sample without the last trade: they leave every balance in range from nothing. */
export const fundedRows = sampleRows.slice(0, 7);

export const sampleBatch: Instance = batchInstance(batchSize, sampleRows, place, challenge);

/** Accounts 0, 1, 5 and 7 move, in a tree where others, their neighbours among them, hold some. */
export function sampleAccounts(
  slots: number = accountsSize,
  size: number = accountsSize,
): {
  tree: Tree;
  deltas: Delta[];
  instance: Instance;
} {
  const tree = new Tree();
  tree.set(0, 1000n, 2000n);
  tree.set(5, 100n, 50n);
  tree.set(6, 300n, 1950n);
  tree.set(2 ** 24 - 1, 600n, 0n);
  const deltas = netDeltas(fundedRows).slice(0, slots);
  const instance = accountsInstance(size, tree, deltas, place, challenge);
  return { tree, deltas, instance };
}

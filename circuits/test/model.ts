/**
 * The statement of STATEMENT.md in plain BigInt arithmetic, written from the prose and not from
 * the circuits. The hashes are the verifier's, on its own kernel; the circuits' are circomlib's.
 */
import { type CircuitRole, initialState, leafHash, nodeHash, sponge } from '@foldbook/verifier';
import { at, inverse, reduce } from '../builder/field.ts';

export const kinds = {
  padding: 0n,
  trade: 1n,
  fee: 2n,
  rebate: 3n,
  depositBase: 4n,
  depositQuote: 5n,
  withdrawBase: 6n,
  withdrawQuote: 7n,
} as const;

export interface Row {
  readonly kind: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly price: bigint;
  readonly dBase: bigint;
  readonly dQuote: bigint;
}

export const paddingRow: Row = { kind: 0n, a: 0n, b: 0n, price: 0n, dBase: 0n, dQuote: 0n };

export interface Challenge {
  readonly x: bigint;
  readonly y: bigint;
}

export interface Place {
  readonly market: bigint;
  readonly epoch: bigint;
  readonly seq0: bigint;
}

/** One proof's inputs by signal name, and the public signals it must end with. */
export interface Instance {
  readonly input: Readonly<Record<string, Values>>;
  readonly publicSignals: readonly bigint[];
}
export type Values = bigint | readonly Values[];

export function recordWord(row: Row): bigint {
  return (
    row.kind |
    (row.a << 3n) |
    (row.b << 27n) |
    (row.price << 51n) |
    (row.dBase << 87n) |
    (row.dQuote << 150n)
  );
}

function stateOf(role: CircuitRole, size: number, place: Place, count: bigint): bigint {
  const { market, epoch, seq0 } = place;
  return initialState(role, size, { market: Number(market), epoch, seq0, count: Number(count) });
}

export function batchAccumulator(rows: readonly Row[], { x, y }: Challenge): bigint {
  let sum = 0n;
  for (const { a, b, dBase, dQuote } of rows) {
    sum += (dBase - y * dQuote) * (inverse(x - b) - inverse(x - a));
  }
  return reduce(sum);
}

/** A batch of `size` rows, the given ones first. Public: digest, acc, count, iv, x, y. */
export function batchInstance(
  size: number,
  rows: readonly Row[],
  place: Place,
  challenge: Challenge,
): Instance {
  const count = BigInt(rows.length);
  const padded = [...rows, ...new Array<Row>(size - rows.length).fill(paddingRow)];
  const iv = stateOf('batch', size, place, count);
  const digest = sponge(iv, padded.map(recordWord));
  const { x, y } = challenge;
  return {
    input: {
      count,
      iv,
      x,
      y,
      kind: padded.map((row) => row.kind),
      a: padded.map((row) => row.a),
      b: padded.map((row) => row.b),
      price: padded.map((row) => row.price),
      dBase: padded.map((row) => row.dBase),
      dQuote: padded.map((row) => row.dQuote),
    },
    publicSignals: [digest, batchAccumulator(rows, challenge), count, iv, x, y],
  };
}

export interface Delta {
  readonly id: number;
  /** True net deltas; the supply account's are the negatives of what its leaf moves by. */
  readonly base: bigint;
  readonly quote: bigint;
}

/** Net change of every account in the rows, ascending by id, without the unchanged ones. */
export function netDeltas(rows: readonly Row[]): Delta[] {
  const sums = new Map<number, { base: bigint; quote: bigint }>();
  const add = (id: bigint, base: bigint, quote: bigint): void => {
    const old = sums.get(Number(id)) ?? { base: 0n, quote: 0n };
    sums.set(Number(id), { base: old.base + base, quote: old.quote + quote });
  };
  for (const { a, b, dBase, dQuote } of rows) {
    add(a, -dBase, dQuote);
    add(b, dBase, -dQuote);
  }
  return [...sums]
    .map(([id, delta]) => ({ id, ...delta }))
    .filter((delta) => delta.base !== 0n || delta.quote !== 0n)
    .sort((p, q) => p.id - q.id);
}

export const treeDepth = 12;

/** Balances as a Poseidon tree of arity 4: leaf = Poseidon2(base, quote), place = the id. */
export class Tree {
  readonly #balances = new Map<number, readonly [bigint, bigint]>();
  readonly #levels: Map<number, bigint>[] = [];
  readonly #empty: bigint[] = [leafHash(0n, 0n)];

  constructor() {
    for (let level = 0; level <= treeDepth; level++) {
      this.#levels.push(new Map());
      const node = at(this.#empty, level);
      this.#empty.push(nodeHash([node, node, node, node]));
    }
  }

  get root(): bigint {
    return this.#node(treeDepth, 0);
  }

  balances(id: number): readonly [bigint, bigint] {
    return this.#balances.get(id) ?? [0n, 0n];
  }

  set(id: number, base: bigint, quote: bigint): void {
    this.#balances.set(id, [base, quote]);
    // A false witness may have balances below zero: as field elements.
    at(this.#levels, 0).set(id, leafHash(reduce(base), reduce(quote)));
    let place = id;
    for (let level = 0; level < treeDepth; level++) {
      const first = place - (place % 4);
      const children = [0, 1, 2, 3].map((i) => this.#node(level, first + i));
      place = first / 4;
      at(this.#levels, level + 1).set(place, nodeHash(children));
    }
  }

  /** For each level from the leaf's, the three siblings in ascending position. */
  siblings(id: number): bigint[][] {
    const path: bigint[][] = [];
    let place = id;
    for (let level = 0; level < treeDepth; level++) {
      const first = place - (place % 4);
      const others = [0, 1, 2, 3].filter((i) => first + i !== place);
      path.push(others.map((i) => this.#node(level, first + i)));
      place = first / 4;
    }
    return path;
  }

  #node(level: number, place: number): bigint {
    return at(this.#levels, level).get(place) ?? at(this.#empty, level);
  }
}

/** Inputs of one account slot; signed deltas. */
interface Slot {
  readonly id: number;
  readonly base: bigint;
  readonly quote: bigint;
  readonly dBase: bigint;
  readonly dQuote: bigint;
  readonly siblings: readonly (readonly bigint[])[];
}

const emptySlot: Slot = {
  id: 0,
  base: 0n,
  quote: 0n,
  dBase: 0n,
  dQuote: 0n,
  siblings: Array.from({ length: treeDepth }, () => [0n, 0n, 0n]),
};

/**
 * An account proof of `size` slots over the given deltas, which are applied to `tree`.
 * Public: rootOut, acc, digest, rootIn, count, iv, x, y.
 */
export function accountsInstance(
  size: number,
  tree: Tree,
  deltas: readonly Delta[],
  place: Place,
  challenge: Challenge,
): Instance {
  const count = BigInt(deltas.length);
  const { x, y } = challenge;
  const rootIn = tree.root;
  const slots: Slot[] = [];
  const words: bigint[] = [];
  let acc = 0n;
  for (const { id, base: dBase, quote: dQuote } of deltas) {
    const [base, quote] = tree.balances(id);
    slots.push({ id, base, quote, dBase, dQuote, siblings: tree.siblings(id) });
    const sign = id === 0 ? -1n : 1n;
    tree.set(id, base + sign * dBase, quote + sign * dQuote);
    words.push(BigInt(id) | ((dBase + 2n ** 63n) << 24n) | ((dQuote + 2n ** 63n) << 88n));
    acc += (dBase + y * dQuote) * inverse(x - BigInt(id));
  }
  while (slots.length < size) slots.push(emptySlot);
  while (words.length % 15 !== 0 || words.length < size) words.push(0n);
  const iv = stateOf('accounts', size, place, count);
  return {
    input: {
      rootIn,
      count,
      iv,
      x,
      y,
      id: slots.map((slot) => BigInt(slot.id)),
      base: slots.map((slot) => slot.base),
      quote: slots.map((slot) => slot.quote),
      dBase: slots.map((slot) => reduce(slot.dBase)),
      dQuote: slots.map((slot) => reduce(slot.dQuote)),
      siblings: slots.map((slot) => slot.siblings),
    },
    publicSignals: [tree.root, reduce(acc), sponge(iv, words), rootIn, count, iv, x, y],
  };
}

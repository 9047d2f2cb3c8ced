/**
 * The circuits' own computation, signal by signal, for any inputs at all: where the compiled
 * witness calculator stops at the first violated constraint, these go on to a whole witness.
 */
import { at, reduce } from '../builder/field.ts';
import type { Values } from './model.ts';
import { tracePoseidon } from './poseidon-trace.ts';
import { type Circuit, inverseOrZero, Tape } from './tape.ts';

export type Input = Readonly<Record<string, Values>>;
export type Tampered = ReadonlyMap<string, bigint>;

/** A whole witness of a batch circuit of `size` rows. */
export function batchWitness(
  circuit: Circuit,
  size: number,
  input: Input,
  tampered?: Tampered,
): bigint[] {
  const tape = new Tape(circuit, tampered);
  for (const [name, value] of Object.entries(input)) tape.setInput(`main.${name}`, value);
  const active = tracePrefix(tape, size, one(input, 'count'));
  const rows = active.map((flag, j) => traceRow(tape, `main.rows[${j}]`, flag, input, j));
  const words = rows.map((row) => row.word);
  tape.set('main.digest', traceSponge(tape, one(input, 'iv'), words));
  tape.set(
    'main.acc',
    rows.reduce((sum, row) => sum + row.term, 0n),
  );
  return tape.finish();
}

/** A whole witness of an account circuit of `size` slots. */
export function accountsWitness(
  circuit: Circuit,
  size: number,
  input: Input,
  tampered?: Tampered,
): bigint[] {
  const tape = new Tape(circuit, tampered);
  for (const [name, value] of Object.entries(input)) tape.setInput(`main.${name}`, value);
  const active = tracePrefix(tape, size, one(input, 'count'));
  let root = tape.set('main.roots[0]', one(input, 'rootIn'));
  let acc = 0n;
  const words: bigint[] = [];
  for (let j = 0; j < size; j++) {
    const update = traceUpdate(tape, `main.updates[${j}]`, at(active, j), root, input, j);
    root = tape.set(`main.roots[${j + 1}]`, update.rootOut);
    acc += update.term;
    words.push(update.word);
  }
  while (words.length % 15 !== 0) words.push(0n);
  tape.set('main.rootOut', root);
  tape.set('main.acc', acc);
  tape.set('main.digest', traceSponge(tape, one(input, 'iv'), words));
  return tape.finish();
}

function tracePrefix(tape: Tape, size: number, count: bigint): bigint[] {
  return Array.from({ length: size }, (_, j) =>
    tape.set(`main.prefix.active[${j}]`, BigInt(j) < count ? 1n : 0n),
  );
}

function traceSponge(tape: Tape, iv: bigint, words: readonly bigint[]): bigint {
  let state = iv;
  for (let i = 0; i < words.length / 15; i++) {
    const chunk = words.slice(15 * i, 15 * i + 15);
    state = tracePoseidon(tape, `main.sponge.permutation[${i}]`, [state, ...chunk]);
    state = tape.set(`main.sponge.state[${i + 1}]`, state);
  }
  return state;
}

function traceRow(
  tape: Tape,
  row: string,
  active: bigint,
  input: Input,
  j: number,
): { word: bigint; term: bigint } {
  const field = (name: string): bigint => tape.set(`${row}.${name}`, one(input, name, j));
  const [kind, a, b] = [field('kind'), field('a'), field('b')];
  const [price, dBase, dQuote] = [field('price'), field('dBase'), field('dQuote')];
  const x = one(input, 'x');
  const y = one(input, 'y');
  const is = Array.from({ length: 8 }, (_, k) =>
    tape.set(`${row}.is[${k}]`, k === 0 ? 1n - active : kind === BigInt(k) ? 1n : 0n),
  );
  const flag = (...kinds: number[]): bigint => kinds.reduce((sum, k) => sum + at(is, k), 0n);
  tape.setBits(`${row}.aBits`, a, 24);
  tape.setBits(`${row}.bBits`, b, 24);
  traceNonZero(tape, `${row}.aIsUser`, a >> 1n, 1n - flag(2, 4, 7, 0));
  traceNonZero(tape, `${row}.bIsUser`, b >> 1n, 1n - flag(3, 5, 6, 0));
  const quantity = tape.set(`${row}.quantity`, flag(1) * dBase);
  const amount = tape.set(`${row}.amount`, dBase + dQuote - quantity);
  tape.setBits(`${row}.quantityBits`, quantity, 48);
  tape.setBits(`${row}.amountBits`, amount, 63);
  tape.setBits(`${row}.priceBits`, price, 36);
  const notional = tape.set(`${row}.notional`, price * quantity);
  traceNonZero(tape, `${row}.tradeIsReal`, notional, flag(1));
  const wordValue =
    kind +
    a * 2n ** 3n +
    b * 2n ** 27n +
    price * 2n ** 51n +
    dBase * 2n ** 87n +
    dQuote * 2n ** 150n;
  const word = tape.set(`${row}.word`, wordValue);
  const aPole = tape.set(`${row}.aPole.out`, inverseOrZero(x - a));
  const bPole = tape.set(`${row}.bPole.out`, inverseOrZero(x - b));
  const quotePart = tape.set(`${row}.quotePart`, y * dQuote);
  return { word, term: tape.set(`${row}.term`, (dBase - quotePart) * (bPole - aPole)) };
}

function traceNonZero(tape: Tape, name: string, value: bigint, flag: bigint): void {
  tape.set(`${name}.inverse`, flag * inverseOrZero(value));
}

function traceUpdate(
  tape: Tape,
  slot: string,
  active: bigint,
  rootIn: bigint,
  input: Input,
  j: number,
): { rootOut: bigint; word: bigint; term: bigint } {
  const field = (name: string): bigint => tape.set(`${slot}.${name}`, one(input, name, j));
  const [id, base, quote] = [field('id'), field('base'), field('quote')];
  const [dBase, dQuote] = [field('dBase'), field('dQuote')];
  const idBits = tape.setBits(`${slot}.idBits`, id, 24);
  tape.setBits(`${slot}.dBaseBits`, dBase + 2n ** 63n, 64);
  tape.setBits(`${slot}.dQuoteBits`, dQuote + 2n ** 63n, 64);
  const inverse = tape.set(`${slot}.isSupply.inv`, inverseOrZero(id));
  const isSupply = tape.set(`${slot}.isSupply.out`, 1n - id * inverse);
  const supplyBase = tape.set(`${slot}.supplyBase`, isSupply * dBase);
  const supplyQuote = tape.set(`${slot}.supplyQuote`, isSupply * dQuote);
  const newBase = tape.set(`${slot}.newBase`, base + dBase - 2n * supplyBase);
  const newQuote = tape.set(`${slot}.newQuote`, quote + dQuote - 2n * supplyQuote);
  tape.setBits(`${slot}.newBaseBits`, newBase, 63);
  tape.setBits(`${slot}.newQuoteBits`, newQuote, 63);
  const oldLeaf = tracePoseidon(tape, `${slot}.oldLeaf`, [base, quote]);
  const newLeaf = tracePoseidon(tape, `${slot}.newLeaf`, [newBase, newQuote]);
  const { newRoot } = traceRoots(tape, `${slot}.roots`, idBits, oldLeaf, newLeaf, input, j);
  const rootOut = tape.set(`${slot}.rootOut`, rootIn + active * (newRoot - rootIn));
  const packed = id + dBase * 2n ** 24n + dQuote * 2n ** 88n;
  const word = tape.set(`${slot}.word`, packed + active * (2n ** 87n + 2n ** 151n));
  const pole = tape.set(`${slot}.pole.out`, inverseOrZero(one(input, 'x') - id));
  const quotePart = tape.set(`${slot}.quotePart`, one(input, 'y') * dQuote);
  return { rootOut, word, term: tape.set(`${slot}.term`, (dBase + quotePart) * pole) };
}

function traceRoots(
  tape: Tape,
  name: string,
  idBits: readonly bigint[],
  oldLeaf: bigint,
  newLeaf: bigint,
  input: Input,
  j: number,
): { oldRoot: bigint; newRoot: bigint } {
  let oldNode = tape.set(`${name}.oldNode[0]`, oldLeaf);
  let newNode = tape.set(`${name}.newNode[0]`, newLeaf);
  for (let level = 0; level < idBits.length / 2; level++) {
    const low = tape.set(`${name}.low[${level}]`, at(idBits, 2 * level));
    const high = tape.set(`${name}.high[${level}]`, at(idBits, 2 * level + 1));
    const both = tape.set(`${name}.both[${level}]`, low * high);
    const siblings = [0, 1, 2].map((i) => one(input, 'siblings', j, level, i));
    const place = `${name}.children[${level}]`;
    const old = traceChildren(tape, place, oldNode, siblings, { low, high, both });
    const change = tape.set(`${name}.change[${level}]`, newNode - oldNode);
    const changeLow = tape.set(`${name}.changeLow[${level}]`, change * low);
    const changeHigh = tape.set(`${name}.changeHigh[${level}]`, change * high);
    const changeBoth = tape.set(`${name}.changeBoth[${level}]`, change * both);
    const added = [
      change - changeLow - changeHigh + changeBoth,
      changeLow - changeBoth,
      changeHigh - changeBoth,
      changeBoth,
    ];
    const renewed = old.map((child, i) => reduce(child + at(added, i)));
    oldNode = tracePoseidon(tape, `${name}.oldHash[${level}]`, old);
    newNode = tracePoseidon(tape, `${name}.newHash[${level}]`, renewed);
    tape.set(`${name}.oldNode[${level + 1}]`, oldNode);
    tape.set(`${name}.newNode[${level + 1}]`, newNode);
  }
  return {
    oldRoot: tape.set(`${name}.oldRoot`, oldNode),
    newRoot: tape.set(`${name}.newRoot`, newNode),
  };
}

function traceChildren(
  tape: Tape,
  name: string,
  child: bigint,
  siblings: readonly bigint[],
  { low, high, both }: { low: bigint; high: bigint; both: bigint },
): bigint[] {
  const set = (signal: string, value: bigint): bigint => tape.set(`${name}.${signal}`, value);
  const past0 = set('past0', (low + high - both) * (at(siblings, 0) - child));
  const carry1 = set('carry1', at(siblings, 0) - past0);
  const past1 = set('past1', high * (at(siblings, 1) - carry1));
  const carry2 = set('carry2', at(siblings, 1) - past1);
  const past2 = set('past2', both * (at(siblings, 2) - carry2));
  const out = [child + past0, carry1 + past1, carry2 + past2, at(siblings, 2) - past2];
  return out.map((value, i) => set(`out[${i}]`, value));
}

/** One value of the input: input[name][...indices]. */
function one(input: Input, name: string, ...indices: readonly number[]): bigint {
  let value = input[name];
  for (const index of indices) {
    if (value === undefined || typeof value === 'bigint') break;
    value = at(value, index);
  }
  if (typeof value === 'bigint') return value;
  throw new TypeError(`input ${name}[${indices.join('][')}] is not one value`);
}

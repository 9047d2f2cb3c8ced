/** False witnesses of the account circuits, by the group of constraints that has to stop them. */
import { at, inverse } from '../builder/field.ts';
import { type Attack, inGroups, several, sole } from './attack.ts';
import { Tree, type Values } from './model.ts';
import { challenge, sampleAccounts } from './samples.ts';
import type { Input } from './traces.ts';

const half = 2n ** 63n;
const active = (j: number): string => `main.prefix.active[${j}]`;

interface SlotChange {
  readonly id?: bigint;
  readonly base?: bigint;
  readonly quote?: bigint;
  readonly dBase?: bigint;
  readonly dQuote?: bigint;
  readonly siblings?: Values;
}

/**
 * Attacks on the account circuit of `size` slots. Slots of the sample: 0 the supply, 1 the fee
 * account, 2 account 5; 3 and above are inactive.
 */
export function accountAttacks(size: number): Attack[] {
  const { instance, tree: treeAfter } = sampleAccounts(3, size);
  const { input: honest, publicSignals } = instance;
  /** `input` with one slot changed. */
  const slot = (index: number, change: SlotChange, input: Input = honest): Input => {
    const columns = Object.entries(change).map(([name, value]): [string, Values] => {
      const column = input[name];
      if (column === undefined || typeof column === 'bigint')
        throw new TypeError(`no slots: ${name}`);
      return [name, column.map((old, j) => (j === index ? value : old))];
    });
    return { ...input, ...Object.fromEntries(columns) };
  };
  /** One update alone, of account `id` with these old balances, in a tree made for it. */
  const lone = (id: number, base: bigint, quote: bigint, dBase: bigint, dQuote: bigint): Input => {
    const tree = new Tree();
    tree.set(id, base, quote);
    const change = { id: BigInt(id), base, quote, dBase, dQuote, siblings: tree.siblings(id) };
    const first = slot(0, change, { ...honest, rootIn: tree.root, count: 1n });
    const empty: SlotChange = { id: 0n, base: 0n, quote: 0n, dBase: 0n, dQuote: 0n };
    return [1, 2].reduce((input, index) => slot(index, empty, input), first);
  };
  /** What an honest fourth slot would be: account 7, opened under the root after the third. */
  const update7: SlotChange = {
    id: 7n,
    base: 0n,
    quote: 0n,
    dBase: 48n,
    dQuote: 2n,
    siblings: treeAfter.siblings(7),
  };
  const wrongSibling = (level: number): Values => {
    const path = treeAfter.siblings(7).map((siblings) => [...siblings]);
    at(path, level)[1] = 1n;
    return path;
  };
  const full = slot(3, update7, { ...honest, count: 4n });
  const supply = lone(0, 500n, 500n, 5n, 5n);
  const [rootOut = 0n, acc = 0n, digest = 0n] = publicSignals;
  /** Other updates under the public signals of the sample. */
  const published = (name: string, input: Input): Attack =>
    several(name, input, { 'main.rootOut': rootOut, 'main.acc': acc, 'main.digest': digest });
  return inGroups({
    'count and inactive slots': [
      several('count one too high', { ...honest, count: 4n }, { [active(3)]: 0n }),
      several('count one too low', { ...honest, count: 2n }, { [active(2)]: 1n }),
      several('count zero', { ...honest, count: 0n }),
      several('count above the size', { ...full, count: BigInt(size + 1) }),
      several('a gap in the active slots', full, { [active(2)]: 0n }),
      several('an activity of two', { ...honest, count: 4n }, { [active(2)]: 2n }),
      sole('an active slot of nothing', { ...honest, count: 4n }),
      sole('an update in an inactive slot', slot(3, update7)),
      several('an update in an inactive slot that moves the root', slot(3, update7), {
        'main.updates[3].rootOut': 1n,
      }),
      sole(
        'an unchanged account in an inactive slot',
        slot(3, { ...update7, dBase: 0n, dQuote: 0n }),
      ),
      sole('base in an inactive slot', slot(3, { dBase: -1n, base: 1n })),
      sole('quote in an inactive slot', slot(3, { dQuote: -1n, quote: 1n })),
      sole(
        'an id and base in an inactive slot that nearly cancel',
        slot(3, {
          id: 2n ** 23n,
          dBase: -1n,
          base: 1n,
        }),
      ),
      sole('an inactive slot that moves the root', honest, { 'main.updates[3].rootOut': 1n }),
      sole('an active slot that leaves the root', full, {
        'main.updates[3].rootOut': treeAfter.root,
      }),
    ],
    'position and path': [
      several('bits of another account', full, { 'main.updates[3].idBits.out[3]': 1n }),
      several('account 2^24 + 7', slot(3, { id: 2n ** 24n + 7n }, full)),
      several('a digit of an account that is three', full, {
        'main.updates[3].idBits.out[0]': 3n,
        'main.updates[3].idBits.out[1]': 0n,
      }),
      sole("a neighbour's place", slot(3, { id: 6n }, full)),
      sole('a wrong sibling at the leaves', slot(3, { siblings: wrongSibling(0) }, full)),
      sole('a wrong sibling below the root', slot(3, { siblings: wrongSibling(11) }, full)),
      sole('a base that the tree does not hold', slot(3, { base: 1n }, full)),
      sole('a quote that the tree does not hold', slot(3, { quote: 1n }, full)),
      sole('another root to start from', { ...full, rootIn: 1n }),
      sole('another place for the new leaf', full, { 'main.updates[3].roots.changeLow[0]': 0n }),
      sole('another half for the new leaf', full, { 'main.updates[3].roots.changeHigh[5]': 1n }),
      sole('another corner for the new leaf', full, { 'main.updates[3].roots.changeBoth[0]': 0n }),
      several('another corner for the old leaf', full, { 'main.updates[3].roots.both[0]': 0n }),
      several('another first child', full, { 'main.updates[3].roots.children[2].past0': 1n }),
      several('another second child', full, { 'main.updates[3].roots.children[2].past1': 1n }),
      several('another third child', full, { 'main.updates[3].roots.children[2].past2': 1n }),
      sole('another new leaf', full, { 'main.updates[3].newLeaf.out': 1n }),
    ],
    sign: [
      sole('the supply with the sign of a user', supply, { 'main.updates[0].isSupply.out': 0n }),
      sole('a user with the sign of the supply', lone(9, 50n, 50n, -5n, -5n), {
        'main.updates[0].isSupply.inv': 0n,
      }),
      several('half a sign', lone(9, 50n, 50n, -4n, -4n), {
        'main.updates[0].isSupply.out': inverse(2n),
      }),
      sole('no sign for base alone', supply, { 'main.updates[0].supplyBase': 0n }),
      sole('no sign for quote alone', supply, { 'main.updates[0].supplyQuote': 0n }),
    ],
    balances: [
      sole('a negative base', lone(9, 50n, 50n, -51n, 0n)),
      sole('a negative quote', lone(9, 50n, 50n, 0n, -51n)),
      sole('a base of 2^63', lone(9, half - 1n, 0n, 1n, 0n)),
      sole('a quote of 2^63', lone(9, 0n, half - 1n, 0n, 1n)),
      sole('a negative supply of base', lone(0, 50n, 50n, 51n, 0n)),
      sole('a negative supply of quote', lone(0, 50n, 50n, 0n, 51n)),
      sole('a supply of 2^63', lone(0, half - 1n, 0n, -1n, 0n)),
    ],
    // Old balances out of range stand for a false root, which only the chain excludes.
    deltas: [
      sole('a base delta of 2^63', lone(9, -half, 0n, half, 0n)),
      sole('a quote delta of 2^63', lone(9, 0n, -half, 0n, half)),
      sole('a base delta below -2^63', lone(9, half + 1n, 0n, -half - 1n, 0n)),
      sole('a bit of a delta that is two', full, {
        'main.updates[3].dBaseBits.out[3]': 2n,
        'main.updates[3].dBaseBits.out[4]': 0n,
        'main.updates[3].dBaseBits.out[5]': 1n,
      }),
    ],
    'accumulator and digest': [
      sole('a pole of zero', honest, { 'main.updates[2].pole.out': 0n }),
      sole('a pole of another account', honest, {
        'main.updates[2].pole.out': inverse(challenge.x - 6n),
      }),
      sole('a challenge that is an account', { ...honest, x: 5n }),
      sole('another share of the quote', honest, { 'main.updates[2].quotePart': 0n }),
      sole('another term', honest, { 'main.updates[2].term': 0n }),
      sole('another sum', honest, { 'main.acc': 1n }),
      several('another word in the digest', honest, { 'main.updates[2].word': 1n }),
      sole('another digest', honest, { 'main.digest': 1n }),
      several('another initial state', honest, { 'main.sponge.permutation[0].inputs[0]': 1n }),
      several('a word after the slots', honest, {
        [`main.sponge.permutation[${Math.floor(size / 15)}].inputs[${1 + (size % 15)}]`]: 1n,
      }),
      sole('another last root', honest, { 'main.rootOut': 1n }),
    ],
    'other updates, same public signals': [
      published('an update more', { ...full, count: 3n }),
      published('another base delta', slot(2, { dBase: 1n })),
      published('another quote delta', slot(2, { dQuote: 1n })),
      published('another account', slot(2, { id: 6n })),
      published('other old balances', slot(2, { base: 1n, quote: 1n })),
    ],
    'bits with another value': bitAttacks(lone(9, 50n, 50n, 5n, 6n)),
  });
}

/** Ranges of a slot by component: the width, and the value in the attacked slot. */
const ranges: readonly (readonly [string, number, bigint])[] = [
  ['idBits', 24, 9n],
  ['dBaseBits', 64, 5n + half],
  ['dQuoteBits', 64, 6n + half],
  ['newBaseBits', 63, 55n],
  ['newQuoteBits', 63, 56n],
];

/** Each bit by itself raised by two, the next lowered by one for it. */
function bitAttacks(input: Input): Attack[] {
  return ranges.flatMap(([name, width, value]) =>
    Array.from({ length: width - 1 }, (_, i) => {
      const bit = (j: number): bigint => (value >> BigInt(j)) & 1n;
      return several(`bit ${i} of ${name} plus two`, input, {
        [`main.updates[0].${name}.out[${i}]`]: bit(i) + 2n,
        [`main.updates[0].${name}.out[${i + 1}]`]: bit(i + 1) - 1n,
      });
    }),
  );
}

/** The state hash, added up by hand from RULES.md, section 9. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandKind } from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { START_SECONDS, TestMarket } from './test-market.ts';

const wrap = (value: bigint) => BigInt.asUintN(64, value);

const P: readonly bigint[] = [
  0x9e3779b97f4a7c15n,
  0xff51afd7ed558ccdn,
  0xc4ceb9fe1a85ec53n,
  0xd6e8feb86659fd93n,
  0xa0761d6478bd642fn,
  0xe7037ed1a0b428dbn,
];

function scramble(value: bigint): bigint {
  const first = wrap(wrap(value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n);
  const second = wrap((first ^ (first >> 27n)) * 0x94d049bb133111ebn);
  return second ^ (second >> 31n);
}

/** Words times P0, P1 and so on. */
const combine = (words: readonly (number | bigint)[]) =>
  words.reduce<bigint>((sum, word, index) => sum + BigInt(word) * (P[index] ?? 0n), 0n);

const weight = (tag: bigint, ...words: readonly (number | bigint)[]) =>
  scramble(wrap(tag + combine(words)));

const fold = (words: readonly (number | bigint)[]) =>
  words.reduce<bigint>((hash, word) => scramble(wrap(hash + BigInt(word) * (P[0] ?? 0n))), 1n);

const pairs = (maker: number, taker: number) =>
  Array.from({ length: 16 }, () => [maker, taker]).flat();
const timeNs = BigInt(START_SECONDS) * 1_000_000_000n;

export function hashTests(makeEngine: MakeEngine): void {
  test('the generator that the state hash scrambles with', () => {
    // The first outputs of splitmix64 for the seed 1234567, as its author published them.
    assert.equal(scramble(wrap(1_234_567n + 0x9e3779b97f4a7c15n)), 6_457_827_717_110_365_317n);
    assert.equal(scramble(wrap(1_234_567n + 2n * 0x9e3779b97f4a7c15n)), 3_203_168_211_198_807_973n);
  });

  test('of a market that was not created', () => {
    const nothing = Array.from({ length: 52 }, () => 0).with(9, 1);
    assert.equal(makeEngine().stateHash(), fold(nothing));
  });

  test('of a market with a bit of everything', () => {
    const market = new TestMarket(makeEngine());
    market.create(-5, 7, {
      baseSymbol: 'A',
      quoteSymbol: 'B',
      priceDecimals: 2,
      quantityDecimals: 3,
      maxFeePpm: 1_000,
    });
    market.fund(1_000_000, 2);
    market.configure({
      minPrice: 5,
      maxPrice: 900,
      maxQuantity: 80,
      bandPpm: 999_999,
      maxOpenOrders: 9,
    });
    market.setTier(2, 4);
    market.sell(2, 77, 100, 10, {
      displayQuantity: 3,
      timeInForce: 2,
      flags: 2,
      selfTrade: 4,
      session: 6,
    });
    market.buy(2, 78, 50, 4);
    market.buy(2, 79, 60, 5, {
      orderType: 3,
      timeInForce: 4,
      stopPrice: 120,
      expireTime: START_SECONDS + 9,
    });
    market.cancelAfter(2, 8);
    market.cancel(2, 999);
    const marketTerm = fold([
      ...[1, 0, 10, timeNs, 0, 3, 0, 0, 2, 1, 0x41, 0x42, 2, 3, 1_000, 5, 900, 80, 999_999, 9],
      ...pairs(2 ** 32 - 5, 7),
    ]);
    // ceil(1,000 ppm) is 1 a lot: 4 x 51 and 5 x 61 are held.
    const held = 4 * 51 + 5 * 61;
    const deadline = timeNs + 8_000_000_000n;
    const orders = [
      weight(2n, 6, 77, 2 + 2 ** 24, 100, 1) * combine([3, 7]),
      weight(3n, 6, 2 * 2 ** 8 + 4 * 2 ** 16 + 2 * 2 ** 24, 3, 0, 0),
      weight(2n, 7, 78, 2, 50, 2) * combine([4, 0]),
      weight(2n, 8, 79, 2, 60, 3) * combine([5, 0]),
      weight(3n, 8, 3 + 4 * 2 ** 8, 0, 120, START_SECONDS + 9),
    ];
    const accounts = [
      weight(4n, 0) * combine([1_000_000, 0, 1_000_000]),
      weight(4n, 2) * combine([999_990, 10, 1_000_000 - held, held, 4, deadline]),
    ];
    // Requests are (id, sequence, code); ids are sequences here, as the helper counts all of them.
    const digest = (requests: readonly (readonly [id: number, sequence: number, code: number])[]) =>
      requests.reduce((sum, [id, sequence, code]) => {
        return sum + BigInt(id) * (P[2] ?? 0n) + BigInt(sequence) * (P[3] ?? 0n) + BigInt(code);
      }, 0n);
    const plain = (...ids: number[]) => ids.map((id) => [id, id, 0] as const);
    const sessions = [
      weight(5n, 0, 1) * combine([5, digest(plain(1, 2, 3, 4, 5))]),
      weight(5n, 2, 6) * combine([6, digest(plain(6))]),
      weight(5n, 2, 1) * combine([10, digest([...plain(7, 8, 9), [10, 10, 209]])]),
    ];
    const terms = [marketTerm, ...orders, ...accounts, ...sessions];
    assert.equal(market.engine.stateHash(), wrap(terms.reduce((sum, term) => sum + term, 0n)));
  });

  test('the hash follows the content, not the way to it', () => {
    const run = (ids: readonly number[]) => {
      const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
      market.fund(1_000, 2, 3);
      const names = ids.map((id) => market.buy(2, id, 100, 1));
      assert.equal(names.length, ids.length);
      for (const id of ids) market.cancel(2, id);
      return market.engine.stateHash();
    };
    assert.equal(run([1, 2, 3]), run([3, 1, 2]));
    assert.notEqual(run([1, 2, 3]), run([1, 2]));
  });

  test('every kind of change shows in it', () => {
    const market = new TestMarket(makeEngine());
    const hashes = new Set<bigint>([market.engine.stateHash()]);
    const changes: (() => unknown)[] = [
      () => market.create(1, 2, { maxFeePpm: 1_000 }),
      () => market.fund(100_000, 2, 3),
      () => market.buy(2, 1, 10, 3),
      () => market.sell(3, 1, 10, 1),
      () => market.amend(2, 1, -1),
      () => market.cancel(2, 1),
      () => market.setState(1),
      () => market.setState(0),
      () => market.setFees(3, 5, 6),
      () => market.setTier(2, 3),
      () => market.configure({ minPrice: 2 }),
      () => market.cancelAfter(2, 9),
      () => market.clock(),
      () => market.closeEpoch(),
      () => market.send({ kind: CommandKind.CLOCK, session: 8 }),
      () => market.raw(new Uint8Array(0), market.timeNs + 1n),
    ];
    changes.forEach((change, index) => {
      change();
      hashes.add(market.engine.stateHash());
      assert.equal(hashes.size, index + 2, `change ${index} does not show`);
    });
  });
}

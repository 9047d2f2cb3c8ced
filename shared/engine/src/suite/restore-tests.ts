/** Snapshots: their bytes, and engines that go on from them. RULES.md, section 10. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { RECORD_BYTES, Side } from '@foldbook/protocol';
import { concatenate } from '../command-record.ts';
import { eventsOf, snapshotOf } from '../compare-engines.ts';
import { FLOW_CAPACITY, RandomFlow } from '../random-flow.ts';
import { SnapshotError } from '../snapshot/snapshot-error.ts';
import type { MakeEngine, RestoreEngine } from './make-engine.ts';
import { START_SECONDS, TestMarket } from './test-market.ts';

export function restoreTests(makeEngine: MakeEngine, restore: RestoreEngine): void {
  byteTests(makeEngine, restore);
  goingOnTests(makeEngine, restore);
  refusalTests(makeEngine, restore);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** A record of 64 bytes: [offset, width, value] each. */
function record(
  ...fields: readonly (readonly [at: number, bytes: number, value: number | bigint])[]
) {
  const bytes = Buffer.alloc(RECORD_BYTES);
  for (const [at, width, value] of fields) {
    const word = BigInt.asUintN(8 * width, BigInt(value));
    for (let index = 0; index < width; index += 1) {
      bytes[at + index] = Number((word >> BigInt(8 * index)) & 0xffn);
    }
  }
  return bytes;
}

/** With a capacity of its own, so that not everything is a default. */
const CAPACITY = {
  orderCapacity: 50,
  levelCapacity: 20,
  sessionCapacity: 30,
  resultCapacity: 4_096,
};

/** A market with a bit of everything; see the records below. */
function smallMarket(makeEngine: MakeEngine): TestMarket {
  const market = new TestMarket(makeEngine(CAPACITY));
  const names = { baseSymbol: 'ETH', quoteSymbol: 'EUR', priceDecimals: 4, quantityDecimals: 6 };
  market.create(-3, 9, { ...names, maxFeePpm: 1_000 });
  market.fund(1_000_000, 2, 5);
  market.configure({
    minPrice: 1,
    maxPrice: 5_000,
    maxQuantity: 600,
    bandPpm: 700_000,
    maxOpenOrders: 8,
  });
  market.setFees(15, 10, 20);
  market.setTier(5, 15);
  market.closeEpoch();
  market.sell(2, 21, 100, 10, {
    displayQuantity: 4,
    timeInForce: 4,
    expireTime: START_SECONDS + 50,
    flags: 3,
  });
  market.buy(5, 51, 100, 1, { session: 9 });
  market.buy(5, 52, 90, 7, { selfTrade: 2, session: 4 });
  market.buy(5, 53, 130, 6, { orderType: 3, stopPrice: 120 });
  market.cancelAfter(5, 30);
  market.cancel(5, 999);
  market.setState(2);
  return market;
}

const timeNs = BigInt(START_SECONDS) * 1_000_000_000n;

/** What smallMarket leaves, but for the END. */
function expectedRecords(stateHash: bigint): Buffer[] {
  const tiers = Array.from({ length: 16 }, (_, tier) => (tier === 15 ? [10, 20] : [-3, 9])).flat();
  const tiersFrom = (first: number) => {
    const some = tiers.slice(2 * first, 2 * first + 14);
    return record(
      [0, 1, 4],
      [1, 1, first],
      ...some.map((rate, index) => [8 + 4 * index, 4, rate] as const),
    );
  };
  const results = (...some: readonly (readonly [id: number, sequence: number, code: number])[]) => {
    const fields = some.flatMap(([id, sequence, code], index) => [
      [8 + 16 * index, 8, id] as const,
      [16 + 16 * index, 6, sequence] as const,
      [22 + 16 * index, 2, code] as const,
    ]);
    return record([0, 1, 7], [1, 1, some.length], ...fields);
  };
  // Prime multipliers of the digest: request id, sequence.
  const [P2, P3] = [0xc4ceb9fe1a85ec53n, 0xd6e8feb86659fd93n];
  const digest = (...some: readonly (readonly [id: number, sequence: number, code: number])[]) =>
    some.reduce(
      (sum, [id, at, code]) => sum + BigInt(id) * P2 + BigInt(at) * P3 + BigInt(code),
      0n,
    );
  const session = (number: number, ...some: readonly (readonly [number, number, number])[]) => {
    const [id = 0, at = 0] = some.at(-1) ?? [];
    const counts = [[2, 2, number] as const, [4, 4, some.length] as const];
    return record([0, 1, 6], ...counts, [8, 8, id], [16, 8, at], [24, 8, digest(...some)]);
  };
  const admin = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => [id, id, 0] as const);
  // Request ids skip the one of the sequencer's CLOSE_EPOCH, which is sequence 9.
  const sent = (sequence: number, code = 0) => [sequence, sequence, code] as const;
  const header = [
    [1, 1, 2],
    [2, 2, 1],
    [4, 1, 0x46],
    [5, 1, 0x42],
    [6, 1, 0x53],
    [7, 1, 0x4e],
  ] as const;
  // 7 x 91 and 6 x 131 are held.
  const held = 7 * 91 + 6 * 131;
  return [
    record(
      [0, 1, 1],
      ...header,
      [8, 8, 16],
      [16, 8, stateHash],
      [24, 8, timeNs],
      [32, 4, 50],
      [36, 4, 20],
      [40, 4, 30],
      [44, 4, 4_096],
      [48, 4, 8_192],
      [52, 4, 1_024],
    ),
    record(
      [0, 1, 2],
      [1, 1, 1],
      [2, 1, 2],
      [3, 1, 4],
      [4, 1, 6],
      [8, 8, 0x48_5445],
      [16, 8, 0x52_5545],
      [24, 8, 100],
      [32, 8, 3],
      [40, 4, 1_000],
      [44, 4, 700_000],
      [48, 4, 8],
    ),
    record(
      [0, 1, 3],
      [8, 8, 1],
      [16, 8, 5_000],
      [24, 8, 600],
      [32, 8, 1],
      [40, 8, 4],
      [48, 8, 2],
      [56, 8, 10],
    ),
    tiersFrom(0),
    tiersFrom(7),
    tiersFrom(14),
    record([0, 1, 5], [4, 4, 0], [8, 8, 2_000_000], [24, 8, 2_000_000], [48, 4, 1]),
    session(1, ...admin, sent(16)),
    results([1, 1, 0], [2, 2, 0], [3, 3, 0]),
    results([4, 4, 0], [5, 5, 0], [6, 6, 0]),
    results([7, 7, 0], [8, 8, 0], [16, 16, 0]),
    record([0, 1, 5], [4, 4, 1], [24, 8, 1]),
    record(
      [0, 1, 5],
      [4, 4, 2],
      [8, 8, 999_990],
      [16, 8, 9],
      [24, 8, 1_000_100],
      [48, 4, 1],
      [52, 4, 1],
    ),
    session(1, sent(10)),
    results(sent(10)),
    record(
      [0, 1, 8],
      [1, 1, 1],
      [3, 1, 4],
      [5, 1, 3],
      [8, 8, 10],
      [16, 8, 21],
      [24, 8, 100],
      [32, 8, 3],
      [40, 8, 6],
      [48, 8, 1],
      [56, 4, START_SECONDS + 50],
    ),
    record([0, 1, 9], [8, 8, 4]),
    record(
      [0, 1, 5],
      [1, 1, 15],
      [4, 4, 5],
      [8, 8, 1_000_001],
      [24, 8, 1_000_000 - 100 - 1 - held],
      [32, 8, held],
      [40, 8, timeNs + 30_000_000_000n],
      [48, 4, 3],
      [52, 4, 2],
    ),
    session(1, sent(13), sent(14), sent(15, 209)),
    results(sent(13), sent(14), sent(15, 209)),
    session(4, sent(12)),
    results(sent(12)),
    session(9, sent(11)),
    results(sent(11)),
    record([0, 1, 8], [4, 1, 2], [8, 8, 12], [16, 8, 52], [24, 8, 90], [32, 8, 7], [48, 8, 2]),
    record([0, 1, 8], [2, 1, 3], [8, 8, 13], [16, 8, 53], [24, 8, 130], [32, 8, 6], [48, 8, 3]),
    record([0, 1, 9], [16, 8, 120]),
  ];
}

function byteTests(makeEngine: MakeEngine, restore: RestoreEngine): void {
  test('the bytes of a snapshot', () => {
    const market = smallMarket(makeEngine);
    const records = expectedRecords(market.engine.stateHash());
    const content = Buffer.concat(records);
    const end = record([0, 1, 10], [8, 8, records.length]);
    end.set(sha256(content), 16);
    const snapshot = Buffer.from(market.snapshot());
    for (let at = 0; at < snapshot.length; at += RECORD_BYTES) {
      const expected = records[at / RECORD_BYTES] ?? end;
      const found = snapshot.subarray(at, at + RECORD_BYTES);
      assert.equal(found.toString('hex'), expected.toString('hex'), `record ${at / RECORD_BYTES}`);
    }
    assert.equal(snapshot.length, content.length + RECORD_BYTES);
    assert.deepEqual(Buffer.from(snapshotOf(restore([snapshot]))), snapshot);
  });

  test('a snapshot of a market that was not created', () => {
    const market = new TestMarket(makeEngine());
    market.create(1, -2);
    market.deposit(2, 0, 1);
    const again = market.restored(restore);
    assert.equal(again.engine.stateHash(), market.engine.stateHash());
    assert.equal(again.engine.sequence, 2n);
    assert.deepEqual(again.send({ kind: 32, requestId: 1 }), ['result INVALID_FEES of 1']);
    assert.deepEqual(again.create(1, 2), ['created 1 2']);
    assert.deepEqual(again.snapshot(), again.restored(restore).snapshot());
  });

  test('a result that the next command writes over is not in a snapshot', () => {
    const market = new TestMarket(makeEngine(CAPACITY), { maker: 0, taker: 0 });
    market.send({ kind: 2, account: 2, session: 7, requestId: 10 });
    market.raw(concatenate(Array.from({ length: 4_094 }, () => record([0, 1, 99]))));
    /** Of the second session: how many results it has, and the sequence before them. */
    const window = () => {
      const snapshot = Buffer.from(market.snapshot());
      const places = Array.from({ length: snapshot.length / RECORD_BYTES }, (_, at) => at * 64);
      const [, at = 0] = places.filter((place) => snapshot[place] === 6);
      return [snapshot.readUInt32LE(at + 4), snapshot.readBigUInt64LE(at + 32)];
    };
    assert.equal(market.engine.sequence, 4_096n);
    assert.deepEqual(window(), [1, 0n]);
    market.raw(record([0, 1, 99]));
    assert.deepEqual(window(), [0, 2n]);
    assert.deepEqual(market.restored(restore).snapshot(), market.snapshot());
  });

  test('a snapshot comes in chunks of whole records, and is read in pieces of any size', () => {
    const market = smallMarket(makeEngine);
    for (const chunk of market.engine.snapshot()) assert.equal(chunk.byteLength % RECORD_BYTES, 0);
    const snapshot = market.snapshot();
    for (const size of [1, 7, 63, 64, 65, 1_000, 100_000]) {
      const pieces = Array.from({ length: Math.ceil(snapshot.byteLength / size) }, (_, index) =>
        snapshot.subarray(index * size, (index + 1) * size),
      );
      const engine = restore([new Uint8Array(0), ...pieces, new Uint8Array(0)]);
      assert.equal(engine.stateHash(), market.engine.stateHash(), `pieces of ${size}`);
    }
  });

  test('thousands of orders, sessions and results', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    market.fund(2n ** 40n, 2, 3);
    for (let index = 0; index < 5_000; index += 1) {
      const place = (index * 7) % 5_000;
      market.buy(2 + (index % 2), index, 1 + (place >> 2), 1, { session: index % 200 });
    }
    const again = market.restored(restore);
    assert.equal(again.engine.openOrders(), 5_000);
    assert.deepEqual(again.engine.depth(Side.BUY, 2_000), market.engine.depth(Side.BUY, 2_000));
    assert.deepEqual(again.snapshot(), market.snapshot());
    const [one, other] = [market, again].map((each) => each.sell(3, 9_999, 1, 5_000));
    assert.deepEqual(one, other);
  });
}

function goingOnTests(makeEngine: MakeEngine, restore: RestoreEngine): void {
  test('what is restored answers to queries as the original does', () => {
    const market = smallMarket(makeEngine);
    const again = market.restored(restore);
    assert.equal(again.engine.nextTimerNs(), market.engine.nextTimerNs());
    assert.equal(again.engine.lastPrice(), 100n);
    assert.equal(again.engine.openRecords(), 2);
    assert.equal(again.depth(Side.SELL), '3@100/1');
    assert.deepEqual(again.openOrders(5), market.openOrders(5));
    for (const account of [0, 1, 2, 5])
      assert.equal(again.balance(account), market.balance(account));
    again.setState(0);
    again.goTo(50);
    assert.deepEqual(again.clock().slice(0, -1), [
      'cancelled 5/52 buy 7@90 cancel-after',
      'level buy 0@90/0',
      'cancelled 5/53 buy 6@130 cancel-after',
      'all both of 5 cancelled: 2 cancel-after',
      'cancelled 2/21 sell 9@100 expired',
      'level sell 0@100/0',
    ]);
  });

  for (const seed of [11, 12, 13]) {
    test(`a flow goes on from its snapshots as if there were none (seed ${seed})`, () => {
      const whole = makeEngine(FLOW_CAPACITY);
      let parts = makeEngine(FLOW_CAPACITY);
      let groups = 0;
      for (const group of new RandomFlow(seed).groups(8_000)) {
        assert.deepEqual(eventsOf(parts, group), eventsOf(whole, group));
        groups += 1;
        if (groups % 5 !== 0) continue;
        const snapshot = snapshotOf(parts);
        parts = restore([snapshot]);
        assert.equal(parts.stateHash(), whole.stateHash());
        assert.deepEqual(snapshotOf(parts), snapshot);
      }
      assert.deepEqual(snapshotOf(parts), snapshotOf(whole));
    });
  }
}

function refusalTests(makeEngine: MakeEngine, restore: RestoreEngine): void {
  const refuse = (bytes: Uint8Array, code: string, options = {}) => {
    assert.throws(
      () => restore([bytes], options),
      (error) => {
        assert(error instanceof SnapshotError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, new RegExp(`^${code}: `));
        return true;
      },
    );
  };

  test('a snapshot that is cut', () => {
    const snapshot = smallMarket(makeEngine).snapshot();
    refuse(new Uint8Array(0), 'SNAPSHOT_CUT');
    for (const length of [1, 63, 64, 65, 640, snapshot.length - 64, snapshot.length - 1]) {
      refuse(snapshot.subarray(0, length), 'SNAPSHOT_CUT');
    }
    const half = [snapshot.subarray(0, 64 * 8), snapshot.subarray(64 * 20)];
    assert.throws(() => restore(half), SnapshotError);
  });

  test('a snapshot with a byte that is different', () => {
    const snapshot = smallMarket(makeEngine).snapshot();
    // The reader's own tests try every byte; this many meet every offset of a record.
    for (let at = 0; at < snapshot.length; at += 27) {
      const damaged = snapshot.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      assert.throws(() => restore([damaged]), SnapshotError, `byte ${at}`);
    }
    const damaged = snapshot.slice();
    damaged[64 * 15 + 24] = 99;
    refuse(damaged, 'SNAPSHOT_DAMAGED');
    refuse(concatenate([snapshot, new Uint8Array(64)]), 'SNAPSHOT_DAMAGED');
    refuse(concatenate([snapshot, new Uint8Array(1)]), 'SNAPSHOT_CUT');
  });

  test('a snapshot of another version, or no snapshot', () => {
    const snapshot = smallMarket(makeEngine).snapshot();
    refuse(
      Uint8Array.from(snapshot, (byte, at) => (at === 1 ? 1 : byte)),
      'SNAPSHOT_VERSION',
    );
    refuse(
      Uint8Array.from(snapshot, (byte, at) => (at === 2 ? 2 : byte)),
      'SNAPSHOT_VERSION',
    );
    refuse(
      Uint8Array.from(snapshot, (byte, at) => (at === 4 ? 0 : byte)),
      'SNAPSHOT_VERSION',
    );
    refuse(new Uint8Array(640), 'SNAPSHOT_VERSION');
  });

  test('a snapshot of a market with other capacities', () => {
    const snapshot = smallMarket(makeEngine).snapshot();
    assert.equal(restore([snapshot], CAPACITY).sequence, 16n);
    for (const name of Object.keys(CAPACITY) as (keyof typeof CAPACITY)[]) {
      refuse(snapshot, 'SNAPSHOT_CAPACITY', { [name]: CAPACITY[name] * 2 });
    }
  });

  test('a snapshot whose content is not what its state hash is of', () => {
    const snapshot = Buffer.from(smallMarket(makeEngine).snapshot());
    snapshot.writeUInt8((snapshot[16] ?? 0) ^ 1, 16);
    snapshot.set(sha256(snapshot.subarray(0, -64)), snapshot.length - 48);
    refuse(snapshot, 'SNAPSHOT_STATE_HASH');
  });
}

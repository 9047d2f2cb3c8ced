// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EpochMark } from '@foldbook/protocol';
import fc from 'fast-check';
import type { ChainHead, DiffRecord, Settlement } from './diff-record.ts';
import { EpochBatcher } from './epoch-batcher.ts';
import { ProverError } from './prover-error.ts';

const created: DiffRecord = {
  type: 'market-created',
  sequence: 1,
  account: 0,
  session: 0,
  requestId: 1n,
  makerFeePpm: -100,
  takerFeePpm: 300,
  maxFeePpm: 300,
  baseSymbol: 'BTC',
  quoteSymbol: 'USD',
  priceDecimals: 2,
  quantityDecimals: 8,
};

function settlement(recordIndex: number): Settlement {
  const base = BigInt(recordIndex + 1);
  return {
    type: 'settlement',
    kind: 4,
    a: 0,
    b: 2,
    price: 0n,
    base,
    quote: 0n,
    sequence: recordIndex + 2,
    recordIndex,
  };
}

function mark(epoch: number, recordFirst: number, recordCount: number, first: number): EpochMark {
  return {
    type: 'epoch',
    sequence: first + 9,
    epoch,
    recordFirst,
    recordCount,
    stateHash: BigInt(1_000 + epoch),
    sequenceFirst: first,
    timeNs: BigInt(epoch),
  };
}

function chainHead(epoch: number): ChainHead {
  return {
    type: 'chain-head',
    sequence: 10 * epoch + 10,
    head: new Uint8Array(32).fill(epoch + 1),
    logSequence: 3 * epoch + 3,
    logFirst: 3 * epoch + 1,
  };
}

/** Creation, an epoch of 3 records, an empty one, one of 2. */
const stream: readonly DiffRecord[] = [
  created,
  settlement(0),
  settlement(1),
  settlement(2),
  mark(0, 0, 3, 1),
  chainHead(0),
  mark(1, 3, 0, 11),
  chainHead(1),
  settlement(3),
  settlement(4),
  mark(2, 3, 2, 21),
  chainHead(2),
];

/** Closed epochs, their records as objects that can be compared. */
function run(stream: readonly DiffRecord[]) {
  const batcher = new EpochBatcher('TEST');
  return stream
    .map((record) => batcher.push(record))
    .filter((epoch) => epoch !== undefined)
    .map((epoch) => ({ ...epoch, records: [...epoch.records] }));
}

function refuses(records: readonly DiffRecord[], code: string, message: RegExp): void {
  assert.throws(
    () => run(records),
    (error) => error instanceof ProverError && error.code === code && message.test(error.message),
  );
}

test('epochs come out at their chain heads, with records, ranges and heads', () => {
  const epochs = run(stream);
  assert.deepEqual(
    epochs.map(({ epoch, recordFirst, records }) => [epoch, recordFirst, records.length]),
    [
      [0, 0, 3],
      [1, 3, 0],
      [2, 3, 2],
    ],
  );
  const [first, second] = epochs;
  assert.deepEqual(first?.logHeadStart, new Uint8Array(32));
  assert.deepEqual(second?.logHeadStart, first?.logHeadEnd);
  assert.deepEqual([second?.logFirst, second?.logLast], [4, 6]);
  assert.deepEqual([second?.sequenceFirst, second?.sequenceLast], [11, 20]);
  assert.deepEqual(first?.records[1], { kind: 4, a: 0, b: 2, price: 0n, dBase: 2n, dQuote: 0n });
});

test('a stream that repeats itself from any earlier place gives the same epochs', () => {
  const expected = run(stream);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(stream.length), fc.nat(stream.length)), { maxLength: 4 }),
      (restarts) => {
        const repeated: DiffRecord[] = [];
        let reached = 0;
        for (const [end, back] of restarts) {
          const until = Math.max(reached, end);
          repeated.push(...stream.slice(Math.max(0, reached - back), until));
          reached = until;
        }
        repeated.push(...stream.slice(reached));
        assert.deepEqual(run(repeated), expected);
      },
    ),
  );
});

test('a record, a mark or a chain head left out is refused, never skipped', () => {
  const without = (...indexes: readonly number[]) =>
    stream.filter((_, index) => !indexes.includes(index));
  refuses(without(0), 'DIFF_GAP', /before its creation/);
  refuses(without(2), 'DIFF_GAP', /record 2 follows record 0/);
  refuses(without(3), 'DIFF_GAP', /has 3 records from 0 on, read were 2/);
  refuses(without(4, 5), 'DIFF_GAP', /epoch 1 is marked, the next one is 0/);
  refuses(without(7), 'DIFF_GAP', /no chain head follows the mark of epoch 1/);
  refuses(without(10), 'DIFF_GAP', /chain head comes without its epoch mark/);
});

test('an epoch whose sequences do not follow the one before is refused', () => {
  refuses(
    [...stream.slice(0, 6), mark(1, 3, 0, 12)],
    'DIFF_GAP',
    /covers sequences 12\.\.21, and should start at 11/,
  );
});

test('a repetition that says something else is refused', () => {
  refuses(
    [created, { ...created, takerFeePpm: 301 }],
    'DIFF_CONFLICT',
    /created twice, and differs/,
  );
  const other = { ...mark(0, 0, 3, 1), stateHash: 5n };
  refuses([...stream.slice(0, 5), other], 'DIFF_CONFLICT', /epoch 0 is marked twice/);
  refuses([...stream.slice(0, 6), other], 'DIFF_CONFLICT', /epoch 0 is marked twice/);
  const otherHead = { ...chainHead(0), head: new Uint8Array(32).fill(9) };
  refuses([...stream.slice(0, 6), otherHead], 'DIFF_CONFLICT', /epoch 0 has two chain heads/);
});

test('a repeated record of the open epoch that differs in any field is refused', () => {
  const fields: Partial<Settlement>[] = [
    { kind: 6 },
    { a: 3 },
    { b: 3 },
    { price: 1n },
    { base: 9n },
    { quote: 1n },
  ];
  for (const field of fields) {
    const other = { ...settlement(1), ...field };
    refuses([...stream.slice(0, 4), other], 'DIFF_CONFLICT', /record 1 comes twice, and differs/);
  }
  assert.equal(run([...stream.slice(0, 4), settlement(1), ...stream.slice(4)]).length, 3);
});

const answered = { account: 0, session: 0, requestId: 5n };
const feesChanged: DiffRecord = {
  ...{ type: 'fees-changed', ...answered, sequence: 12, tier: 3 },
  ...{ makerFeePpm: 5, takerFeePpm: 6 },
};
const tierChanged: DiffRecord = {
  ...{ type: 'tier-changed', ...answered, sequence: 14, account: 9, tier: 3 },
};
const configured: DiffRecord = {
  ...{ type: 'configured', ...answered, sequence: 15, minPrice: 1n, maxPrice: 2n },
  ...{ maxQuantity: 3n, bandPpm: 4, maxOpenOrders: 5 },
};
/** Changes before, between and behind the records of the second epoch. */
const changing: readonly DiffRecord[] = [
  ...stream.slice(0, 6),
  feesChanged,
  { ...settlement(3), sequence: 13 },
  tierChanged,
  configured,
  mark(1, 3, 1, 11),
  chainHead(1),
];

test('changes of the rules come out with their epoch, each at the record that follows it', () => {
  const [first, second] = run(changing);
  assert.deepEqual(
    first?.changes.map(({ kind, record }) => [kind, record]),
    [['creation', 0n]],
  );
  const placed = second?.changes.map(({ kind, record, sequence }) => [kind, record, sequence]);
  assert.deepEqual(placed, [
    ['fees', 3n, 12n],
    ['tier', 4n, 14n],
    ['limits', 4n, 15n],
  ]);
});

test('a repeated change of rules is dropped if it says the same, and refused if not', () => {
  const expected = run(changing);
  for (let from = 0; from < changing.length; from++) {
    for (let to = from; to < changing.length; to++) {
      const repeated = [...changing.slice(0, to + 1), ...changing.slice(from)];
      assert.deepEqual(run(repeated), expected, `from ${from} after ${to}`);
    }
  }
  const before = changing.slice(0, 8);
  for (const other of [
    { ...feesChanged, takerFeePpm: 7 },
    { ...feesChanged, tier: 4 },
    { ...tierChanged, sequence: 12 },
    { ...tierChanged, sequence: 13 },
  ]) {
    refuses([...before, other], 'DIFF_CONFLICT', /the rules change at sequence 1[23] unlike/);
  }
  refuses([feesChanged], 'DIFF_GAP', /before its creation/);
  refuses([...changing.slice(0, 11), { ...configured, sequence: 21 }], 'DIFF_GAP', /no chain head/);
});

test('an epoch of two million records is held', () => {
  const count = 2 ** 21 + 1;
  const batcher = new EpochBatcher('TEST');
  batcher.push(created);
  for (let index = 0; index < count; index++) batcher.push(settlement(index));
  batcher.push({ ...mark(0, 0, count, 1), sequence: count + 10 });
  const closed = batcher.push({ ...chainHead(0), sequence: count + 10 });
  assert(closed !== undefined);
  assert.equal(closed.records.length, count);
  assert.equal(closed.records.get(count - 1).dBase, BigInt(count));
});

test('a record that breaks its rules is refused as it comes', () => {
  for (const wrong of [{ a: 1 }, { b: 2 ** 24 }, { base: 2n ** 64n - 1n }, { price: 1n }]) {
    const broken = { ...settlement(1), ...wrong };
    refuses([created, settlement(0), broken], 'RECORD_INVALID', /record 1 of epoch 0/);
  }
});

test('an epoch beyond the bound is refused', () => {
  const batcher = new EpochBatcher('TEST', 2);
  for (const record of stream.slice(0, 3)) batcher.push(record);
  assert.throws(() => batcher.push(settlement(2)), { code: 'EPOCH_TOO_LARGE' });
});

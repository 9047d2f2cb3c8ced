/** The chain of rules, and the fees that follow from them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkFees } from './check-rules.ts';
import type { Level } from './level-claims.ts';
import type { ReasonCode } from './reason-codes.ts';
import { RecordList } from './record-list.ts';
import { RuleBook } from './rule-book.ts';
import type { Creation, RuleChange } from './rules.ts';
import type { SettlementRecord } from './settlement-record.ts';
import { ChainBuilder, type Cheats } from './testing/chain-builder.ts';
import type { ChangeAt, Unplaced } from './testing/chain-draft.ts';
import { memorySource } from './testing/memory-store.ts';
import { everyKind, record, trades } from './testing/records.ts';
import { verifyChain } from './verify-chain.ts';

const place = (record: bigint, sequence: bigint, change: Unplaced): RuleChange => ({
  ...change,
  record,
  sequence,
});
const creation: Omit<Creation, 'record' | 'sequence'> = {
  ...{ kind: 'creation', makerFeePpm: -100, takerFeePpm: 300, maxFeePpm: 2_000 },
  ...{ priceDecimals: 0, quantityDecimals: 0, baseSymbol: '', quoteSymbol: '' },
};
const fees = (tier: number, makerFeePpm: number, takerFeePpm: number) =>
  ({ kind: 'fees', tier, makerFeePpm, takerFeePpm }) as const;
const tier = (account: number, tier: number) => ({ kind: 'tier', account, tier }) as const;

describe('a book of rules', () => {
  const book = (...changes: readonly Unplaced[]) => {
    const rules = new RuleBook();
    const wrong = changes.map((change, at) => rules.apply(place(0n, BigInt(at), change)));
    return { rules, wrong: wrong.find((words) => words !== undefined) };
  };

  test('has the rates of each account by its tier', () => {
    const { rules, wrong } = book(creation, fees(3, 50, 400), tier(7, 3), tier(8, 3), tier(8, 0));
    assert.equal(wrong, undefined);
    assert.equal(rules.ratesOf(7).takerFeePpm, 400);
    assert.equal(rules.ratesOf(8).takerFeePpm, 300);
    assert.deepEqual([rules.tierOf(7), rules.tierOf(8)], [3, 0]);
  });

  test('refuses what no market takes', () => {
    for (const [changes, words] of [
      [[fees(1, 0, 0)], /before creation/],
      [[creation, creation], /created twice/],
      [[creation, fees(1, 0, 2_001)], /2000 is the most/],
      [[creation, fees(1, 0, 99)], /negative together/],
      [[{ ...creation, makerFeePpm: -301 }], /negative together/],
    ] as const) {
      assert.match(book(...changes).wrong ?? '', words);
    }
  });

  test('rounds fees up and rebates down, and says none of nothing', () => {
    const { rules } = book(creation);
    assert.deepEqual(rules.charges(2, 3, 10_001n), [
      { account: 2, amount: 4n, isRebate: false },
      { account: 3, amount: 1n, isRebate: true },
    ]);
    assert.deepEqual(rules.charges(2, 3, 9_999n), [{ account: 2, amount: 3n, isRebate: false }]);
  });
});

describe('fees of records', () => {
  const rates = fees(0, -100, 300);
  const other = fees(1, 200, 600);
  const setup = [creation, rates, other, tier(9, 1)];
  const check = (records: readonly SettlementRecord[], later: readonly ChangeAt[] = []) => {
    const changes = setup.map((change, at) => place(50n, BigInt(at), change));
    for (const { before, change } of later) {
      changes.push(place(50n + BigInt(before), BigInt(changes.length), change));
    }
    const list = RecordList.from(records);
    const verdict = checkFees({ recordFirst: 50n, records: list, changes }, new RuleBook());
    return verdict.ok ? 'accepted' : verdict.message;
  };
  const sale = record.trade(2, 9, 100, 1_000);

  test('of either side as the taker, the taker first', () => {
    assert.equal(check([sale, record.fee(2, 30), record.fee(9, 20)]), 'accepted');
    assert.equal(check([sale, record.fee(9, 60), record.rebate(2, 10)]), 'accepted');
    for (const wrong of [
      [sale, record.fee(9, 20), record.fee(2, 30)],
      [sale, record.fee(2, 31), record.fee(9, 20)],
      [sale, record.fee(2, 30)],
      [sale],
      [sale, record.fee(9, 60), record.fee(2, 10)],
      [sale, record.fee(2, 30), record.rebate(9, 10)],
      [sale, record.depositBase(5, 1), record.fee(2, 30), record.fee(9, 20)],
    ]) {
      assert.match(check(wrong), /^record 0 of the epoch: the trade is not followed by a fee of/);
    }
  });

  test('stand behind a trade alone; a rebate elsewhere is a collection', () => {
    const charged = [sale, record.fee(2, 30), record.fee(9, 20)];
    assert.match(check([...charged, record.fee(2, 30)]), /^record 3 .*a fee without its trade/);
    assert.match(check([record.fee(2, 1)]), /^record 0 .*a fee without its trade/);
    assert.equal(check([...charged, record.rebate(4, 50), sale, ...charged.slice(1)]), 'accepted');
  });

  test('follow the rules that are in force at the trade', () => {
    const charged = [sale, record.fee(2, 30), record.fee(9, 20)];
    const dearer = { before: 3, change: fees(0, 0, 700) };
    assert.equal(check([...charged, ...charged], [{ ...dearer, before: 6 }]), 'accepted');
    assert.match(check([...charged, ...charged], [dearer]), /^record 3 .*a fee of 70/);
    const after = [sale, record.fee(2, 70), record.fee(9, 20)];
    assert.equal(check([...charged, ...after], [dearer]), 'accepted');
    // Of what a tier's change between a trade and its fees says, the next trade is the first.
    assert.equal(check([...charged, ...after], [{ ...dearer, before: 1 }]), 'accepted');
  });
});

describe('a chain of rules', () => {
  const verdict = async (level: Level, cheats: Cheats, changes?: readonly ChangeAt[]) => {
    const chain = new ChainBuilder();
    chain.addEpoch(everyKind);
    chain.addEpoch(trades(2), cheats, changes);
    const options = { trustedKeys: chain.trustedKeys, level };
    const result = await verifyChain(memorySource(chain.files), options);
    return result.ok ? 'accepted' : result.firstFailure.code;
  };
  const limits: ChangeAt = {
    before: 2,
    change: {
      kind: 'limits',
      ...{ minPrice: 5n, maxPrice: 0n, maxQuantity: 0n, bandPpm: 0, maxOpenOrders: 0 },
    },
  };
  const cases: readonly (readonly [string, ReasonCode | 'accepted', Cheats['draft']])[] = [
    ['as it is', 'accepted', undefined],
    [
      'a second creation',
      'RULES_INVALID',
      (d) => {
        d.changes = [again(d)];
      },
    ],
    [
      'a change before the epoch',
      'RULES_ORDER',
      (d) => {
        move(d, -1n, 0n);
      },
    ],
    [
      'a change behind the epoch',
      'RULES_ORDER',
      (d) => {
        move(d, 3n, 0n);
      },
    ],
    [
      'a command before the epoch',
      'RULES_ORDER',
      (d) => {
        move(d, 0n, -9n);
      },
    ],
    [
      'a command behind the epoch',
      'RULES_ORDER',
      (d) => {
        move(d, 0n, 900n);
      },
    ],
    [
      'a command twice',
      'RULES_ORDER',
      (d) => {
        d.changes = [...d.changes, ...d.changes];
      },
    ],
  ];
  const again = ({ changes }: { changes: RuleChange[] }): RuleChange => ({
    ...creation,
    record: changes[0]?.record ?? 0n,
    sequence: changes[0]?.sequence ?? 0n,
  });
  const move = (draft: { changes: RuleChange[] }, records: bigint, sequences: bigint): void => {
    draft.changes = draft.changes.map((change) => ({
      ...change,
      record: change.record - (records < 0n ? 3n : 0n) + (records > 0n ? 1n : 0n),
      sequence: change.sequence + sequences,
    }));
  };
  for (const [name, code, draft] of cases) {
    test(name, async () => {
      const cheats = draft === undefined ? {} : { draft };
      for (const level of ['settlement', 'data'] as const) {
        assert.equal(await verdict(level, cheats, [limits]), code);
      }
    });
  }

  test('other changes than the header has', async () => {
    const epoch: Cheats['epoch'] = (file) => ({
      ...file,
      changes: file.changes.map((change) => ({ ...change, record: change.record - 1n })),
    });
    assert.equal(await verdict('settlement', { epoch }, [limits]), 'RULES_HASH');
  });

  test('a creation that is not that of the genesis, or none', async () => {
    for (const draft of [
      (d: { changes: RuleChange[] }) => {
        d.changes = d.changes.map((c) => (c.kind === 'creation' ? { ...c, maxFeePpm: 7 } : c));
      },
      (d: { changes: RuleChange[] }) => {
        d.changes = d.changes.slice(1);
      },
    ]) {
      const chain = new ChainBuilder();
      chain.addEpoch(trades(0), { draft });
      const result = await verifyChain(memorySource(chain.files), {
        trustedKeys: chain.trustedKeys,
      });
      assert(!result.ok);
      assert.equal(result.firstFailure.code, 'RULES_HASH');
    }
  });

  test('fees by other rates pass by their proofs, and not by their records', async () => {
    const dearer: ChangeAt = { before: 1, change: fees(0, 0, 5_000) };
    assert.equal(await verdict('settlement', {}, [dearer]), 'accepted');
    assert.equal(await verdict('data', {}, [dearer]), 'FEE_RULES');
  });

  test('a records file that is not the published one is refused at data', async () => {
    const header: Cheats['header'] = (fields) => {
      fields.dataDigest = new Uint8Array(32);
    };
    assert.equal(await verdict('settlement', { header }), 'accepted');
    assert.equal(await verdict('data', { header }), 'DATA_DIGEST');
  });
});

/**
 * An operator who signs falsehoods and whose Groth16 proofs hold for any statement: what the
 * verifier catches beyond the proofs. Where the statement itself is a lie, level settlement relies
 * on the proofs and accepts, level data recomputes and refuses.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccountTree } from './account-tree.ts';
import { loadChainKeys } from './chain-keys.ts';
import { initialChainState } from './chain-state.ts';
import { decodeEpochFile } from './epoch-file.ts';
import type { EpochHeader } from './header.ts';
import type { Level } from './level-claims.ts';
import { packRecords } from './packed-records.ts';
import type { ReasonCode } from './reason-codes.ts';
import { RecordList } from './record-list.ts';
import { RuleBook } from './rule-book.ts';
import type { SettlementRecord } from './settlement-record.ts';
import {
  ChainBuilder,
  type Cheats,
  type Draft,
  filled,
  type Sums,
} from './testing/chain-builder.ts';
import { memorySource } from './testing/memory-store.ts';
import { everyKind, record, trades } from './testing/records.ts';
import { verifyChain } from './verify-chain.ts';
import { verifyEpoch } from './verify-epoch.ts';

/** The code that the second of two epochs is refused for, or "accepted". */
async function verdict(
  level: Level,
  cheats: Cheats,
  records: readonly SettlementRecord[] = trades(17),
): Promise<ReasonCode | 'accepted'> {
  const chain = new ChainBuilder();
  chain.addEpoch(everyKind);
  chain.addEpoch(records, cheats);
  const trustedKeys = chain.trustedKeys;
  const result = await verifyChain(memorySource(chain.files), { trustedKeys, level });
  if (result.ok) return 'accepted';
  assert.equal(result.firstFailure.epoch, 1, JSON.stringify(result.firstFailure));
  return result.firstFailure.code;
}

type Change = (header: EpochHeader) => Partial<EpochHeader>;
const headerCases: readonly (readonly [string, ReasonCode, Change])[] = [
  ['market', 'MARKET', () => ({ market: 9 })],
  ['chain id', 'CHAIN_ID', () => ({ chainId: filled(1) })],
  ['epoch number', 'EPOCH_ORDER', () => ({ epoch: 2n })],
  ['predecessor', 'HEADER_CHAIN', () => ({ previous: filled(1) })],
  ['rules', 'RULES_HASH', () => ({ rulesHash: filled(1) })],
  ['old root', 'ROOT_CHAIN', () => ({ rootOld: 5n })],
  ['new root', 'ROOT_FINAL', () => ({ rootNew: 5n })],
  ['log head at the start', 'LOG_CHAIN', () => ({ logHeadStart: filled(1) })],
  ['log range that overlaps', 'LOG_CHAIN', () => ({ logFirst: 4n })],
  ['log range turned round', 'HEADER_RANGE', (h) => ({ logLast: h.logFirst - 1n })],
  ['first sequence', 'SEQUENCE_CHAIN', (h) => ({ sequenceFirst: h.sequenceFirst + 1n })],
  ['sequences turned round', 'HEADER_RANGE', (h) => ({ sequenceLast: h.sequenceFirst - 1n })],
  ['first record', 'RECORD_CHAIN', (h) => ({ recordFirst: h.recordFirst - 1n })],
  ['more records', 'BATCH_TILING', (h) => ({ recordCount: h.recordCount + 1 })],
  ['fewer records', 'BATCH_TILING', (h) => ({ recordCount: h.recordCount - 1 })],
  ['more batches', 'EPOCH_FILE_FORMAT', (h) => ({ batchCount: h.batchCount + 1 })],
  ['no account proofs', 'EPOCH_FILE_FORMAT', () => ({ accountProofCount: 0 })],
  ['time', 'TIME_ORDER', (h) => ({ timeNs: h.timeNs - 10n })],
  ['digest list', 'DIGEST_LIST', () => ({ digestListHash: filled(1) })],
  ['changes of rules', 'EPOCH_FILE_FORMAT', (h) => ({ changeCount: h.changeCount + 1 })],
];
for (const [name, code, change] of headerCases) {
  test(`signed lie in the header: ${name}`, async () => {
    const header: Cheats['header'] = (fields) => Object.assign(fields, change(fields));
    assert.equal(await verdict('settlement', { header }), code);
  });
}

test('what only replay can check is bound by the next epoch', async () => {
  const chain = new ChainBuilder();
  chain.addEpoch(everyKind, {
    header: (fields) => Object.assign(fields, { stateHash: 0n, logHeadEnd: filled(77) }),
  });
  chain.addEpoch(trades(2));
  const options = { trustedKeys: chain.trustedKeys };
  assert((await verifyChain(memorySource(chain.files), options)).ok);
});

type DraftCase = readonly [string, ReasonCode | 'accepted', ReasonCode, (draft: Draft) => void];
const draftCases: readonly DraftCase[] = [
  [
    'the records divided otherwise',
    'accepted',
    'BATCH_DIGEST',
    ({ batches: [first, second] }) => {
      assert(first && second);
      Object.assign(first, { count: 14 });
      Object.assign(second, { count: 3, seq0: first.seq0 + 14n });
    },
  ],
  [
    'a batch left out',
    'BATCH_TILING',
    'BATCH_TILING',
    ({ batches }) => {
      batches.pop();
    },
  ],
  [
    'the account proof left out',
    'ACCUMULATOR_MISMATCH',
    'ACCUMULATOR_MISMATCH',
    ({ accounts }) => {
      accounts.pop();
    },
  ],
  [
    'an account proof more',
    'ROOT_FINAL',
    'ROOT_FINAL',
    ({ accounts }) => {
      accounts.push({ size: 4, backEnd: 1, count: 1, digest: 5n, rootOut: 5n });
    },
  ],
  [
    'a digest of other records',
    'accepted',
    'BATCH_DIGEST',
    ({ batches }) => Object.assign(batches[1] ?? {}, { digest: 5n }),
  ],
  [
    'a digest of other account changes',
    'accepted',
    'ACCOUNT_DIGEST',
    ({ accounts }) => Object.assign(accounts[0] ?? {}, { digest: 5n }),
  ],
  [
    'a root of other balances',
    'accepted',
    'ACCOUNT_ROOT',
    (draft) => {
      Object.assign(draft.accounts[0] ?? {}, { rootOut: 5n });
      draft.header = { ...draft.header, rootNew: 5n };
    },
  ],
  [
    'an account count that leaves one out',
    'accepted',
    'ACCOUNT_TILING',
    ({ accounts }) => Object.assign(accounts[0] ?? {}, { count: 1 }),
  ],
];
for (const [name, settlement, data, draft] of draftCases) {
  test(`signed lie before the challenge: ${name}`, async () => {
    assert.equal(await verdict('settlement', { draft }), settlement);
    assert.equal(await verdict('data', { draft }), data);
  });
}

type SumsCase = readonly [string, ReasonCode | 'accepted', ReasonCode, (sums: Sums) => void];
const sumsCases: readonly SumsCase[] = [
  [
    'a batch moves more',
    'ACCUMULATOR_MISMATCH',
    'ACCUMULATOR_MISMATCH',
    (s) => add(s.batches, 0, 1n),
  ],
  ['accounts gain', 'ACCUMULATOR_MISMATCH', 'ACCUMULATOR_MISMATCH', (s) => add(s.accounts, 0, 1n)],
  [
    'two batches in balance',
    'accepted',
    'BATCH_ACCUMULATOR',
    (s) => {
      add(s.batches, 0, 1n);
      add(s.batches, 1, -1n);
    },
  ],
  [
    'records and accounts in balance',
    'accepted',
    'BATCH_ACCUMULATOR',
    (s) => {
      add(s.batches, 0, 1n);
      add(s.accounts, 0, 1n);
    },
  ],
];
for (const [name, settlement, data, sums] of sumsCases) {
  test(`proved lie in the sums: ${name}`, async () => {
    assert.equal(await verdict('settlement', { sums }), settlement);
    assert.equal(await verdict('data', { sums }), data);
  });
}

test('proved lie in the sums: two account proofs in balance', async () => {
  const sums = (s: Sums): void => {
    add(s.accounts, 0, 1n);
    add(s.accounts, 1, -1n);
  };
  const records = [...everyKind, record.depositBase(9, 4)];
  assert.equal(await verdict('settlement', { sums }, records), 'accepted');
  assert.equal(await verdict('data', { sums }, records), 'ACCOUNT_ACCUMULATOR');
});

const trade = record.trade(2, 3, 5, 5);
const fee = record.fee(3, 5);
const falseCases: readonly (readonly [string, SettlementRecord, SettlementRecord])[] = [
  ['a trade at a false product', { ...trade, dQuote: 26n }, trade],
  ['a trade that mints', { ...trade, a: 0 }, trade],
  ['a fee between users', { ...fee, a: 2 }, fee],
];
for (const [name, lie, right] of falseCases) {
  test(`proved lie in the records: ${name}, which no file can hold`, async () => {
    const published = [right];
    assert.equal(await verdict('settlement', { published }, [lie]), 'accepted');
    assert.equal(await verdict('data', { published }, [lie]), 'BATCH_DIGEST');
    assert.throws(() => packRecords([lie]), /record 0 cannot be packed/);
  });

  test(`proved lie in the records: ${name}, wherever they were read`, async () => {
    const chain = new ChainBuilder();
    chain.addEpoch([lie], { published: [right] });
    const { genesis, genesisHash, files } = chain;
    const keys = await loadChainKeys(memorySource(files), genesis, chain.trustedKeys);
    const epoch = decodeEpochFile(files.get('epochs/00000000.fbe') ?? new Uint8Array());
    assert(keys.ok && epoch.ok);
    const recordsFile = files.get('epochs/00000000.fbr') ?? new Uint8Array();
    const records = RecordList.from([lie]);
    const outcome = verifyEpoch(
      { genesis, genesisHash, operatorKeys: chain.operatorKeys, keys },
      initialChainState(genesisHash),
      epoch.value,
      {
        ...{ proofs: false, rules: new RuleBook() },
        data: { records, recordsFile, tree: new AccountTree() },
      },
    );
    assert(!outcome.ok);
    assert.equal(outcome.code, 'RECORD_INVALID');
  });
}

const recordCases: readonly (readonly [string, ReasonCode, SettlementRecord])[] = [
  ['an overdraft in base', 'BALANCE_RANGE', record.withdrawBase(2, 1_000)],
  ['an overdraft in quote', 'BALANCE_RANGE', record.withdrawQuote(2, 1_000_000)],
  ['an overdraft of the fee account', 'BALANCE_RANGE', record.rebate(2, 1_000)],
  ['a deposit beyond 2^63 in all', 'BALANCE_RANGE', record.depositBase(5, 2n ** 63n - 1n)],
];
for (const [name, code, lie] of recordCases) {
  test(`proved lie in the records: ${name}`, async () => {
    assert.equal(await verdict('settlement', {}, [lie]), 'accepted');
    assert.equal(await verdict('data', {}, [lie]), code);
  });
}

test('account proofs in an epoch without records are refused', async () => {
  const draft = ({ accounts }: Draft): void => {
    accounts.push({ size: 4, backEnd: 1, count: 1, digest: 5n, rootOut: 5n });
  };
  assert.equal(await verdict('settlement', { draft }, []), 'ACCOUNT_TILING');
});

function add(sums: bigint[], index: number, amount: bigint): void {
  sums[index] = (sums[index] ?? 0n) + amount;
}

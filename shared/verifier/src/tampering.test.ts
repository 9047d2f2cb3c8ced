/** Every kind of change to a store that an honest operator signed: refused, with its reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptedKey } from './accepted-keys.ts';
import { at } from './assert.ts';
import { decodeEpochFile, type EpochFile, encodeEpochFile } from './epoch-file.ts';
import { decodeGenesis, encodeGenesis, type Genesis } from './genesis.ts';
import { packRecords, unpackRecords } from './packed-records.ts';
import type { ReasonCode } from './reason-codes.ts';
import type { SettlementRecord } from './settlement-record.ts';
import { ChainBuilder, filled } from './testing/chain-builder.ts';
import { flipBit } from './testing/fuzz.ts';
import { memorySource } from './testing/memory-store.ts';
import { everyKind, record, trades } from './testing/records.ts';
import { createTrapdoorKey } from './testing/trapdoor-prover.ts';
import { type ChainOptions, verifyChain } from './verify-chain.ts';

type Files = Map<string, Uint8Array>;

function build(options: ConstructorParameters<typeof ChainBuilder>[0] = {}): ChainBuilder {
  const chain = new ChainBuilder(options);
  chain.addEpoch([...everyKind, record.depositBase(9, 4), record.depositQuote(10, 9)]);
  chain.addEpoch(trades(17));
  chain.addEpoch(trades(17).toReversed());
  return chain;
}

const honest = build();
const foreignChain = build({ genesis: { nonce: filled(99) } });
const foreignMarket = build({ market: 4, name: 'ETH-USD' });
const epoch = (number: number): string => `epochs/0000000${number}.fbe`;
const records = (number: number): string => `epochs/0000000${number}.fbr`;
const batchKeyFile = `keys/${honest.batchKey.trusted.digest}.vk`;
const accountsKeyFile = `keys/${honest.accountsKey.trusted.digest}.vk`;

function file(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  assert(bytes, name);
  return bytes;
}

/** Refused for `code`, at `epoch` if it is in one. */
async function refuse(
  tamper: (files: Files) => void,
  code: ReasonCode,
  where?: number,
  options: ChainOptions = {},
): Promise<void> {
  const files = new Map(honest.files);
  tamper(files);
  const trustedKeys = honest.trustedKeys;
  const result = await verifyChain(memorySource(files), { trustedKeys, ...options });
  assert(!result.ok, `accepted, expected ${code}`);
  assert.equal(result.firstFailure.code, code, JSON.stringify(result.firstFailure));
  assert.equal(result.firstFailure.epoch, where, JSON.stringify(result.firstFailure));
}

const storeCases: readonly (readonly [
  string,
  ReasonCode,
  number | undefined,
  (f: Files) => void,
])[] = [
  ['no genesis', 'GENESIS_MISSING', undefined, (f) => f.delete('genesis.fbg')],
  ['no batch key', 'KEY_MISSING', undefined, (f) => f.delete(batchKeyFile)],
  ['no accounts key', 'KEY_MISSING', undefined, (f) => f.delete(accountsKeyFile)],
  ['no first epoch', 'EPOCH_MISSING', undefined, (f) => f.delete(epoch(0))],
  ['no middle epoch', 'EPOCH_MISSING', undefined, (f) => f.delete(epoch(1))],
  ['epoch renamed', 'EPOCH_MISSING', undefined, (f) => rename(f, epoch(2), epoch(5))],
  ['backup copy', 'STORE_STRAY_FILE', undefined, (f) => copy(f, epoch(1), 'epochs/1.fbe.bak')],
  ['far records', 'STORE_STRAY_FILE', undefined, (f) => copy(f, records(1), records(4))],
  ['epochs swapped', 'EPOCH_ORDER', 0, (f) => swap(f, epoch(0), epoch(1))],
  ['epoch twice', 'EPOCH_ORDER', 2, (f) => copy(f, epoch(1), epoch(2))],
  ['epoch appended', 'EPOCH_ORDER', 3, (f) => copy(f, epoch(0), epoch(3))],
  ['foreign chain', 'CHAIN_ID', 1, (f) => f.set(epoch(1), file(foreignChain.files, epoch(1)))],
  ['foreign market', 'MARKET', 1, (f) => f.set(epoch(1), file(foreignMarket.files, epoch(1)))],
  ['records swapped', 'BATCH_DIGEST', 1, (f) => swap(f, records(1), records(2))],
  ['records of another size', 'RECORDS_COUNT', 0, (f) => swap(f, records(0), records(1))],
  ['empty epoch file', 'EPOCH_FILE_FORMAT', 1, (f) => f.set(epoch(1), new Uint8Array(0))],
  [
    'epoch file cut',
    'EPOCH_FILE_FORMAT',
    1,
    (f) => f.set(epoch(1), file(f, epoch(1)).slice(0, -1)),
  ],
  ['keys swapped', 'KEY_DIGEST', undefined, (f) => swap(f, batchKeyFile, accountsKeyFile)],
  ['key changed', 'KEY_DIGEST', undefined, (f) => flip(f, batchKeyFile, 500)],
  ['insecure flag cleared', 'KEY_DIGEST', undefined, (f) => flip(f, accountsKeyFile, 6)],
];
for (const [name, code, where, tamper] of storeCases) {
  test(`store: ${name}`, () => refuse(tamper, code, where));
}

test('store: records that are not there at level data', () =>
  refuse((files) => files.delete(records(1)), 'MISSING_RECORDS', 1, { level: 'data' }));

test('store: another genesis than was asked for', () =>
  refuse(() => {}, 'GENESIS_UNEXPECTED', undefined, { genesisHash: '00'.repeat(32) }));

test('store: another market than was asked for', async () => {
  const source = { ...memorySource(honest.files), market: 'ETH-USD' };
  const result = await verifyChain(source, { trustedKeys: honest.trustedKeys });
  assert(!result.ok);
  assert.equal(result.firstFailure.code, 'GENESIS_MARKET');
});

test('store: keys that this verifier does not know, or not for that', async () => {
  await refuse(() => {}, 'KEY_UNKNOWN', undefined, { trustedKeys: [] });
  const pinned = await verifyChain(memorySource(honest.files));
  assert(!pinned.ok);
  assert.equal(pinned.firstFailure.code, 'KEY_UNKNOWN');
  const swapped = honest.trustedKeys.map((key) => {
    return { ...key, role: key.role === 'batch' ? ('accounts' as const) : ('batch' as const) };
  });
  await refuse(() => {}, 'KEY_UNKNOWN', undefined, { trustedKeys: swapped });
  const secure = honest.trustedKeys.map((key) => ({ ...key, insecure: false }));
  await refuse(() => {}, 'KEY_FORMAT', undefined, { trustedKeys: secure });
});

test('store: a trusted key for another number of signals', async () => {
  const odd = createTrapdoorKey('batch', 15, 'odd', 7);
  const digest = Uint8Array.from(Buffer.from(odd.trusted.digest, 'hex'));
  const keys = honest.genesis.keys.with(0, { ...at(honest.genesis.keys, 0), digest });
  const chain = build({ genesis: { keys } });
  chain.files.set(`keys/${odd.trusted.digest}.vk`, odd.bytes);
  const trustedKeys = [odd.trusted, chain.accountsKey.trusted];
  const result = await verifyChain(memorySource(chain.files), { trustedKeys });
  assert(!result.ok);
  assert.equal(result.firstFailure.code, 'KEY_FORMAT');
});

const withKey = (index: number, change: Partial<AcceptedKey>) =>
  honest.genesis.keys.with(index, { ...at(honest.genesis.keys, index), ...change });
const folding = (): AcceptedKey => ({ ...at(withKey(1, {}), 1), backEnd: 2 });

const genesisCases: readonly (readonly [Partial<Genesis>, ReasonCode, number | undefined])[] = [
  [{ market: 4 }, 'MARKET', 0],
  [{ name: 'BTC-EUR' }, 'CHAIN_ID', 0],
  [{ nonce: filled(5) }, 'CHAIN_ID', 0],
  [{ operatorKey: filled(6) }, 'CHAIN_ID', 0],
  [{ emptyRoot: 5n }, 'GENESIS_EMPTY_ROOT', undefined],
  [{ rulesHash: filled(7) }, 'CHAIN_ID', 0],
  [{ keys: withKey(0, { digest: filled(8) }) }, 'KEY_UNKNOWN', undefined],
  [{ keys: withKey(1, { digest: filled(8) }) }, 'KEY_UNKNOWN', undefined],
  [{ keys: withKey(0, { size: 16 }) }, 'KEY_UNKNOWN', undefined],
  [{ keys: [...withKey(1, {}), folding()] }, 'KEY_UNKNOWN', undefined],
];
for (const [change, code, where] of genesisCases) {
  test(`genesis: ${Object.keys(change).join()} changed`, () =>
    refuse(
      (files) => {
        const decoded = decodeGenesis(file(files, 'genesis.fbg'));
        assert(decoded.ok);
        files.set('genesis.fbg', encodeGenesis({ ...decoded.value, ...change }));
      },
      code,
      where,
    ));
}

/** Offsets in the header; what is not named here is refused for its signature. */
const headerFields: readonly (readonly [string, number, ReasonCode?])[] = [
  ['magic', 0, 'EPOCH_FILE_FORMAT'],
  ['version', 4, 'EPOCH_FILE_FORMAT'],
  ['chain', 6, 'EPOCH_FILE_FORMAT'],
  ['zero', 7, 'EPOCH_FILE_FORMAT'],
  ['market', 8, 'MARKET'],
  ['zero', 12, 'EPOCH_FILE_FORMAT'],
  ['epoch', 16, 'EPOCH_ORDER'],
  ['chainId', 24, 'CHAIN_ID'],
  ['previous', 56],
  ['rulesHash', 88],
  ['logHeadStart', 120],
  ['logHeadEnd', 152],
  ['logFirst', 184],
  ['logLast', 192],
  ['sequenceFirst', 200],
  ['sequenceLast', 208],
  ['recordFirst', 216],
  ['recordCount', 224],
  ['batchCount', 228, 'EPOCH_FILE_FORMAT'],
  ['accountProofCount', 232, 'EPOCH_FILE_FORMAT'],
  ['changeCount', 236, 'EPOCH_FILE_FORMAT'],
  ['stateHash', 240],
  ['timeNs', 248],
  ['rootOld', 287],
  ['rootNew', 319],
  ['digestListHash', 320],
  ['dataDigest', 352],
  ['signature', 384],
  ['signature', 447],
];
for (const [name, offset, code = 'HEADER_SIGNATURE'] of headerFields) {
  test(`header: ${name} changed at byte ${offset}`, () =>
    refuse((files) => flip(files, epoch(1), 8 + offset), code, 1));
}

const limits = {
  kind: 'limits' as const,
  ...{ record: 0n, sequence: 9n, minPrice: 0n, maxPrice: 0n, maxQuantity: 0n },
  ...{ bandPpm: 0, maxOpenOrders: 0 },
};

type Edit = (epoch: EpochFile) => EpochFile;
const editCases: readonly (readonly [string, ReasonCode, Edit])[] = [
  ['size of a batch', 'KEY_NOT_ACCEPTED', batchEdit(0, { size: 240 })],
  ['back end of a batch', 'KEY_NOT_ACCEPTED', batchEdit(0, { backEnd: 2 })],
  [
    'back end of a batch 9',
    'BACKEND_UNKNOWN',
    batchEdit(0, { backEnd: 9, proof: new Uint8Array(9) }),
  ],
  ['back end of accounts', 'BACKEND_UNKNOWN', accountsEdit({ backEnd: 0 })],
  [
    'a change of rules more',
    'EPOCH_FILE_FORMAT',
    (e) => ({ ...e, changes: [...e.changes, limits] }),
  ],
  ['count of a full batch', 'BATCH_TILING', batchEdit(0, { count: 14 })],
  ['count of the last batch', 'BATCH_TILING', batchEdit(1, { count: 3 })],
  ['count of a batch 0', 'BATCH_TILING', batchEdit(1, { count: 0 })],
  ['digest of a batch', 'DIGEST_LIST', batchEdit(0, { digest: 5n })],
  ['sum of a batch', 'ACCUMULATOR_MISMATCH', batchEdit(0, { acc: 5n })],
  ['count of accounts', 'DIGEST_LIST', accountsEdit({ count: 3 })],
  ['count of accounts 5', 'ACCOUNT_TILING', accountsEdit({ count: 5 })],
  ['count of accounts 0', 'ACCOUNT_TILING', accountsEdit({ count: 0 })],
  ['root of accounts', 'DIGEST_LIST', accountsEdit({ rootOut: 5n })],
  ['sum of accounts', 'ACCUMULATOR_MISMATCH', accountsEdit({ acc: 5n })],
  ['digest of accounts', 'DIGEST_LIST', accountsEdit({ digest: 5n })],
  ['sums of two batches, in balance', 'BATCH_ACCUMULATOR', (e) => balance(e)],
  ['batches swapped', 'DIGEST_LIST', (e) => ({ ...e, batches: e.batches.toReversed() })],
  ['proofs of two batches swapped', 'GROTH16_REFUSED', (e) => swapProofs(e)],
  ['a proof of other signals', 'GROTH16_REFUSED', batchEdit(0, { proof: otherProof() })],
  ['a proof under the other key', 'GROTH16_REFUSED', accountsEdit({ proof: otherProof() })],
  ['a proof of nothing', 'PROOF_FORMAT', accountsEdit({ proof: new Uint8Array(128) })],
];
for (const [name, code, edit] of editCases) {
  test(`epoch: ${name}`, () =>
    refuse(
      (files) => {
        const decoded = decodeEpochFile(file(files, epoch(1)));
        assert(decoded.ok);
        files.set(epoch(1), encodeEpochFile(edit(decoded.value)));
      },
      code,
      1,
    ));
}

test('epoch: sums in balance do not pass level settlement either', () =>
  refuse(
    (files) => {
      const decoded = decodeEpochFile(file(files, epoch(1)));
      assert(decoded.ok);
      files.set(epoch(1), encodeEpochFile(balance(decoded.value)));
    },
    'GROTH16_REFUSED',
    1,
    { level: 'settlement' },
  ));

for (const [point, offset] of [
  ['A', 0],
  ['B', 32],
  ['C', 96],
] as const) {
  test(`epoch: ${point} of a batch proof and of an account proof changed`, async () => {
    const firstBatch = 8 + 384 + 64 + 4 + 4;
    await isRefused(firstBatch + 76 + offset);
    const accounts = firstBatch + 2 * 204 + 4;
    await isRefused(accounts + 108 + offset);
  });
}

/** Half of the changed x are of no point, the others of one for which nothing is proved. */
async function isRefused(place: number): Promise<void> {
  const files = new Map(honest.files);
  flip(files, epoch(1), place);
  const result = await verifyChain(memorySource(files), { trustedKeys: honest.trustedKeys });
  assert(!result.ok);
  assert.match(result.firstFailure.code, /^(PROOF_FORMAT|GROTH16_REFUSED)$/);
}

const anyTrade = at(trades(1), 0);
const { a, b, price, dBase } = anyTrade;
const recordCases: readonly (readonly [string, SettlementRecord])[] = [
  ['kind', record.depositBase(b, dBase)],
  ['a', record.trade(9, b, price, dBase)],
  ['b', record.trade(a, 9, price, dBase)],
  ['price and quote', record.trade(a, b, price + 1n, dBase)],
  ['lots and quote', record.trade(a, b, price, dBase + 1n)],
];
for (const [name, changed] of recordCases) {
  test(`records: ${name} changed`, () =>
    refuse((files) => editRecords(files, (list) => list.with(0, changed)), 'BATCH_DIGEST', 1));
}

test('records: order changed', () =>
  refuse((files) => editRecords(files, (list) => list.toReversed()), 'BATCH_DIGEST', 1));

test('records: one less, one more', async () => {
  await refuse((files) => editRecords(files, (list) => list.slice(1)), 'RECORDS_COUNT', 1);
  await refuse((files) => editRecords(files, (list) => [...list, anyTrade]), 'RECORDS_COUNT', 1);
});

test('records: malformed', () =>
  refuse((files) => flip(files, records(1), 12 + 7), 'RECORDS_FORMAT', 1));

function batchEdit(index: number, change: Partial<EpochFile['batches'][number]>): Edit {
  return (epoch) => ({
    ...epoch,
    batches: epoch.batches.map((batch, i) => (i === index ? { ...batch, ...change } : batch)),
  });
}

function accountsEdit(change: Partial<EpochFile['accounts'][number]>): Edit {
  return (epoch) => ({
    ...epoch,
    accounts: epoch.accounts.map((proof) => ({ ...proof, ...change })),
  });
}

/** Moves one from the first batch's sum to the second's. */
function balance(epoch: EpochFile): EpochFile {
  const [first, second] = epoch.batches;
  assert(first && second);
  const batches = [
    { ...first, acc: first.acc - 1n },
    { ...second, acc: second.acc + 1n },
  ];
  return { ...epoch, batches };
}

function swapProofs(epoch: EpochFile): EpochFile {
  const [first, second] = epoch.batches;
  assert(first && second);
  const batches = [
    { ...first, proof: second.proof },
    { ...second, proof: first.proof },
  ];
  return { ...epoch, batches };
}

function otherProof(): Uint8Array {
  return honest.batchKey.prove([1n, 2n, 3n, 4n, 5n, 6n]);
}

function editRecords(
  files: Files,
  edit: (records: SettlementRecord[]) => SettlementRecord[],
): void {
  const decoded = unpackRecords(file(files, records(1)));
  assert(decoded.ok);
  files.set(records(1), packRecords(edit([...decoded.value])));
}

function copy(files: Files, from: string, to: string): void {
  files.set(to, file(files, from));
}

function rename(files: Files, from: string, to: string): void {
  copy(files, from, to);
  files.delete(from);
}

function swap(files: Files, one: string, other: string): void {
  const [first, second] = [file(files, one), file(files, other)];
  files.set(one, second);
  files.set(other, first);
}

function flip(files: Files, name: string, index: number): void {
  files.set(name, flipBit(file(files, name), index, 0));
}

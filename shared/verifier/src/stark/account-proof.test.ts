import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type AccountTable, openAccount, PlainTree } from '@foldbook/stark/verify';
import {
  ACCOUNT_PROOF_BYTES_MAX,
  checkAccountProof,
  decodeAccountProof,
  encodeAccountProof,
} from '../account-proof.ts';
import { bytesToHex } from '../bytes.ts';
import { KEY_CHANGES_MAX, signKeyChange } from '../key-changes.ts';
import { publicKeyOf, signHeader } from '../signature.ts';
import { ChainBuilder, filled } from '../testing/chain-builder.ts';
import { checkDecoder, flipBit } from '../testing/fuzz.ts';
import { plainOwed } from '../testing/plain-account-proof.ts';
import { everyKind, record } from '../testing/records.ts';
import { StarkChainBuilder } from '../testing/stark-chain-builder.ts';
import type { StarkAccountProof } from './account-proof.ts';
import { decodeStarkEpochFile } from './epoch-file.ts';
import { encodeStarkHeader } from './header.ts';

const chain = new StarkChainBuilder();
chain.addEpoch([...everyKind, record.depositBase(700_001, 4), record.depositBase(5, 6)]);
const genesis = chain.files.get('genesis.fbg') ?? new Uint8Array();
const epoch = decodeStarkEpochFile(chain.files.get('epochs/00000000.fbe') ?? new Uint8Array());
assert(epoch.ok);
const { header, headerBytes, signature } = epoch.value;
const tree = new PlainTree(chain.accounts);

function fileOf(account: number, change: Partial<StarkAccountProof> = {}): Uint8Array {
  const opening = openAccount(tree, account);
  const signed = { genesis, keyChanges: [], headerBytes, signature };
  return encodeAccountProof({ chain: 'stark', account, opening, ...signed, ...change });
}

function verdict(bytes: Uint8Array): string {
  const result = checkAccountProof(bytes);
  const isOwed = plainOwed(bytes) !== undefined;
  assert.equal(isOwed, result.ok, 'both readers say the same');
  return result.ok ? 'accepted' : result.code;
}

/** A header that ends with other balances, signed like any other. */
function over(accounts: AccountTable) {
  const forged = new PlainTree(accounts);
  const bytes = encodeStarkHeader({ ...header, accountsRoot: forged.root });
  const signed = { headerBytes: bytes, signature: signHeader(bytes, chain.secretKey) };
  return { forged, signed };
}

test('an account sees what it is owed, and what is owed in all', () => {
  for (const [account, base, quote] of [
    [0, 1_008n, 999_900n],
    [1, 0n, 35n],
    [2, 993n, 3_405n],
    [3, 5n, 996_460n],
    [5, 6n, 0n],
    [700_001, 4n, 0n],
    // No record named these: between two rows, and behind the last one.
    [4, 0n, 0n],
    [700_000, 0n, 0n],
    [700_002, 0n, 0n],
    [2 ** 24 - 1, 0n, 0n],
  ] as const) {
    const file = fileOf(account);
    const result = checkAccountProof(file);
    assert(result.ok, inspect(result));
    assert.deepEqual(result.balance, { base, quote }, `account ${account}`);
    assert.deepEqual(result.owed, { base: 1_008n, quote: 999_900n });
    assert.deepEqual([result.chain, result.account, result.epoch], ['stark', account, 0n]);
    assert.equal(result.market, 'BTC-USD');
    assert.equal(result.root, bytesToHex(header.accountsRoot));
    assert.equal(result.genesisHash, bytesToHex(chain.genesisHash));
    assert.equal(result.headHash, bytesToHex(chain.state.previousHash));
    assert.deepEqual(plainOwed(file), { account, amounts: [base, quote, 1_008n, 999_900n] });
  }
});

test('no byte can change unseen', () => {
  // Two rows, which leave no other account a place, and the supply's: all that a file may have.
  const absent = fileOf(4);
  assert.equal(verdict(absent), 'accepted');
  // Rows, places and ids one by one; of what is behind them each field.
  for (let index = 0; index < absent.length; index += index < 330 ? 1 : 7) {
    assert.notEqual(verdict(flipBit(absent, index, index % 8)), 'accepted', `byte ${index}`);
  }
  const wide = checkAccountProof(flipBit(fileOf(6), 8, 0));
  assert(wide.ok && wide.account === 7, 'the same rows show the same of another one between them');
  const there = fileOf(700_001);
  for (let index = 0; index < 130; index++) {
    assert.notEqual(verdict(flipBit(there, index, index % 8)), 'accepted', `byte ${index}`);
  }
});

test('the bytes are those of the files that fuzzing begins with', () => {
  for (const [name, account] of [
    ['owed-stark.fba', 700_001],
    ['nothing-stark.fba', 4],
  ] as const) {
    const file = new URL(`../../corpus/account-proof/${name}`, import.meta.url);
    assert.equal(bytesToHex(readFileSync(file)), bytesToHex(fileOf(account)), name);
  }
});

test('one encoding, which no reader of the other chain takes', () => {
  for (const account of [3, 4]) {
    checkDecoder(fileOf(account), decodeAccountProof, encodeAccountProof, 60);
  }
  const unknown = fileOf(3);
  unknown[4] = 4;
  const decoded = decodeAccountProof(unknown);
  assert(!decoded.ok && /version 4; this verifier reads version 3/.test(decoded.error.message));
});

test('rows of other accounts, other balances and forged ways are refused', () => {
  const opening = openAccount(tree, 3);
  const { row, supply } = opening;
  const changed = (change: Partial<typeof opening>, account = 3): string =>
    verdict(fileOf(account, { opening: { ...opening, account, ...change } }));
  assert.equal(changed({}), 'accepted');
  assert.equal(changed({ row: { ...row, base: row.base + 1n } }), 'ACCOUNT_PATH');
  assert.equal(changed({ row: { ...row, quote: row.quote - 1n } }), 'ACCOUNT_PATH');
  assert.equal(changed({ supply: { ...supply, base: supply.base - 1n } }), 'ACCOUNT_PATH');
  assert.equal(changed({ place: 2 }), 'ACCOUNT_PATH');
  const siblings = row.siblings.toReversed();
  assert.equal(changed({ row: { ...row, siblings } }), 'ACCOUNT_PATH');
  // Five rows have ways up as long as six have.
  assert.equal(changed({ rows: 5 }), 'ACCOUNT_PATH');
  const four = openAccount(tree, 4);
  assert.equal(changed(four, 4), 'accepted');
  assert.equal(changed({ ...four, row: { ...four.row, id: 5 } }, 4), 'ACCOUNT_ROWS');
  const behind = { next: { ...openAccount(tree, 5).row, id: 3 } };
  assert.equal(changed({ ...four, ...behind, place: 3 }, 4), 'ACCOUNT_ROWS');
  const first = { place: 1, row: openAccount(tree, 1).row, next: openAccount(tree, 2).row };
  assert.equal(changed(first), 'ACCOUNT_ROWS', 'the neighbours do not enclose it');
  const far = { place: 2, row: openAccount(tree, 2).row, next: { ...row, id: 4 } };
  assert.equal(changed(far), 'ACCOUNT_PATH', 'a neighbour that is none');
});

test('an account that has more than all together is refused, whatever was signed', () => {
  const { ids, base, quote } = chain.accounts;
  for (const [account, more, expected] of [
    [2, 1_009n, 'ACCOUNT_ABOVE_SUPPLY'],
    [2, 1_008n, 'accepted'],
  ] as const) {
    const row = ids.indexOf(account);
    const { forged, signed } = over({ ids, base: base.with(row, more), quote });
    const opening = openAccount(forged, account);
    assert.equal(verdict(fileOf(account, { ...signed, opening })), expected);
    assert.equal(verdict(fileOf(account, { opening })), 'ACCOUNT_PATH', 'nobody signed it');
  }
});

test('rows where rising ids cannot have them are refused, whatever was signed', () => {
  const { ids, base, quote } = chain.accounts;
  assert.deepEqual([...ids], [0, 1, 2, 3, 5, 700_001]);
  const renamed = (row: number, id: number) => over({ ids: ids.with(row, id), base, quote });
  for (const [row, id, account] of [
    // No fee account; the supply once more; an id with more rows before it than lower ids.
    [1, 2, 1],
    [2, 0, 0],
    [3, 2, 2],
    // Two ids are left above this one, and three rows.
    [2, 2 ** 24 - 3, 2 ** 24 - 3],
  ] as const) {
    const { forged, signed } = renamed(row, id);
    const place = id === account ? row : row - 1;
    const next = id === account ? undefined : forged.open(row);
    const own = { account, rows: ids.length, place, row: forged.open(place), next };
    const opening = { ...own, supply: forged.open(0) };
    assert.equal(verdict(fileOf(account, { ...signed, opening })), 'ACCOUNT_ROWS');
  }
  const { forged, signed } = renamed(5, 2 ** 24 - 1);
  const opening = openAccount(forged, 2 ** 24 - 1);
  assert.equal(verdict(fileOf(2 ** 24 - 1, { ...signed, opening })), 'accepted');
});

test('another header, signer or chain is refused', () => {
  assert.equal(
    verdict(fileOf(2, { headerBytes: flipBit(headerBytes, 200, 1) })),
    'HEADER_SIGNATURE',
  );
  assert.equal(verdict(fileOf(2, { signature: flipBit(signature, 3, 1) })), 'HEADER_SIGNATURE');
  const other = new StarkChainBuilder({ genesis: { nonce: new Uint8Array(32) } });
  const theirs = other.files.get('genesis.fbg') ?? new Uint8Array();
  assert.equal(verdict(fileOf(2, { genesis: theirs })), 'CHAIN_ID');
  const poseidon = new ChainBuilder().files.get('genesis.fbg') ?? new Uint8Array();
  assert.equal(verdict(fileOf(2, { genesis: poseidon })), 'GENESIS_FORMAT');
  // Signed as it is, and of the other kind, or of a market that is not the genesis's.
  for (const [offset, code] of [
    [6, 'HEADER_FORMAT'],
    [8, 'CHAIN_ID'],
  ] as const) {
    const altered = headerBytes.with(offset, 1);
    const signed = { headerBytes: altered, signature: signHeader(altered, chain.secretKey) };
    assert.equal(verdict(fileOf(2, signed)), code);
  }
});

test('a balance of 2^63 or more is none, whoever signed it', () => {
  const { ids, base, quote } = chain.accounts;
  for (const row of [0, 2, 4]) {
    const { forged, signed } = over({ ids, base, quote: quote.with(row, 2n ** 63n) });
    // Account 2 has a row; 4 is between those of 3 and 5.
    const account = row === 4 ? 4 : 2;
    const opening = openAccount(forged, account);
    assert.equal(verdict(fileOf(account, { ...signed, opening })), 'ACCOUNT_PROOF_FORMAT');
  }
});

test('a change of the key leads to the signer, and the longest file is taken', () => {
  const newKey = signHeader(headerBytes, filled(21));
  const change = (firstEpoch: bigint) =>
    signKeyChange({ chainId: chain.genesisHash, firstEpoch }, chain.secretKey, filled(21));
  const result = checkAccountProof(fileOf(3, { keyChanges: [change(0n)], signature: newKey }));
  assert(result.ok && result.operatorKey === bytesToHex(publicKeyOf(filled(21))));
  const refusal = (proof: Partial<StarkAccountProof>) => {
    const refused = checkAccountProof(fileOf(3, proof));
    return refused.ok || refused.code;
  };
  assert.equal(refusal({ keyChanges: [change(1n)], signature: newKey }), 'HEADER_SIGNATURE');
  // The old key, once it was changed; and a change that was signed for another chain.
  assert.equal(refusal({ keyChanges: [change(0n)] }), 'HEADER_SIGNATURE');
  const elsewhere = { chainId: new ChainBuilder().genesisHash, firstEpoch: 0n };
  const foreign = signKeyChange(elsewhere, chain.secretKey, filled(21));
  assert.equal(refusal({ keyChanges: [foreign], signature: newKey }), 'KEY_CHANGE_SIGNATURE');
  const siblings = Array.from({ length: 22 }, () => filled(1));
  const row = { id: 5, base: 0n, quote: 0n, siblings };
  const opening = { account: 6, rows: 2 ** 22, place: 7, row, next: { ...row, id: 7 } };
  const longest = fileOf(6, {
    opening: { ...opening, supply: { ...row, id: 0 } },
    genesis: new Uint8Array(4_096),
    keyChanges: Array.from({ length: KEY_CHANGES_MAX }, () => change(0n)),
  });
  assert(decodeAccountProof(longest).ok && longest.length <= ACCOUNT_PROOF_BYTES_MAX);
});

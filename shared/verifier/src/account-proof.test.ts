import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAccountProof, decodeAccountProof, encodeAccountProof } from './account-proof.ts';
import { decodeEpochFile } from './epoch-file.ts';
import type { PoseidonAccountProof } from './poseidon-account-proof.ts';
import { ChainBuilder } from './testing/chain-builder.ts';
import { checkDecoder, flipBit } from './testing/fuzz.ts';
import { everyKind, record } from './testing/records.ts';

const chain = new ChainBuilder();
chain.addEpoch([...everyKind, record.depositBase(700_001, 4)]);
const epoch = decodeEpochFile(chain.files.get('epochs/00000000.fbe') ?? new Uint8Array());
assert(epoch.ok);
const { headerBytes, signature } = epoch.value;

const open = (account: number) => ({ ...chain.tree.get(account), path: chain.tree.path(account) });

function proofOf(account: number, change: Partial<PoseidonAccountProof> = {}): Uint8Array {
  const genesis = chain.files.get('genesis.fbg') ?? new Uint8Array();
  const leaves = { leaf: open(account), supply: open(0) };
  const signed = { genesis, keyChanges: chain.keyChanges, headerBytes, signature };
  return encodeAccountProof({ chain: 'poseidon', ...signed, account, ...leaves, ...change });
}

function verdict(bytes: Uint8Array): string {
  const result = checkAccountProof(bytes);
  return result.ok ? 'accepted' : result.code;
}

test('an account sees what it is owed, and what is owed in all', () => {
  for (const account of [0, 1, 2, 3, 700_001, 9_999_999]) {
    const result = checkAccountProof(proofOf(account));
    assert(result.ok);
    assert.deepEqual(result.balance, { ...chain.tree.get(account) });
    assert.deepEqual(result.owed, { base: 1_002n, quote: 999_900n });
    assert.deepEqual([result.account, result.market, result.epoch], [account, 'BTC-USD', 0n]);
    assert.equal(BigInt(`0x${result.root}`), chain.tree.root());
  }
});

test('another balance, account, total or path is refused', () => {
  const leaf = open(2);
  const supply = open(0);
  for (const change of [
    { leaf: { ...leaf, base: leaf.base + 1n } },
    { leaf: { ...leaf, quote: leaf.quote + 1n } },
    { account: 3 },
    { account: 18 },
    { leaf: { ...leaf, path: leaf.path.toReversed() } },
    { supply: { ...supply, base: supply.base - 1n } },
    { supply: leaf },
  ]) {
    assert.equal(verdict(proofOf(2, change)), 'ACCOUNT_PATH');
  }
});

test('an account that has more than all together is refused, whatever was signed', () => {
  for (const [base, quote, expected] of [
    [9_000_000_000_000_000_000n, 0n, 'ACCOUNT_ABOVE_SUPPLY'],
    [0n, 8n, 'ACCOUNT_ABOVE_SUPPLY'],
    [0n, 7n, 'accepted'],
  ] as const) {
    const forged = new ChainBuilder();
    forged.addEpoch([record.depositQuote(2, 7)], {
      draft: ({ header, accounts: [first] }) => {
        forged.tree.set(66, base, quote);
        const root = forged.tree.root();
        Object.assign(header, { rootNew: root });
        Object.assign(first ?? {}, { rootOut: root });
      },
    });
    const file = decodeEpochFile(forged.files.get('epochs/00000000.fbe') ?? new Uint8Array());
    assert(file.ok);
    const openForged = (id: number) => ({ ...forged.tree.get(id), path: forged.tree.path(id) });
    const bytes = encodeAccountProof({
      chain: 'poseidon',
      genesis: forged.files.get('genesis.fbg') ?? new Uint8Array(),
      keyChanges: [],
      headerBytes: file.value.headerBytes,
      signature: file.value.signature,
      ...{ account: 66, leaf: openForged(66), supply: openForged(0) },
    });
    assert.equal(verdict(bytes), expected);
  }
});

test('another header, signer or chain is refused', () => {
  assert.equal(
    verdict(proofOf(2, { headerBytes: flipBit(headerBytes, 200, 1) })),
    'HEADER_SIGNATURE',
  );
  assert.equal(verdict(proofOf(2, { signature: flipBit(signature, 3, 1) })), 'HEADER_SIGNATURE');
  const other = new ChainBuilder({ genesis: { nonce: new Uint8Array(32) } });
  const genesis = other.files.get('genesis.fbg') ?? new Uint8Array();
  assert.equal(verdict(proofOf(2, { genesis })), 'CHAIN_ID');
  assert.equal(verdict(proofOf(2, { genesis: new Uint8Array(9) })), 'GENESIS_FORMAT');
});

test('no byte can change unseen', () => {
  const bytes = proofOf(700_001);
  assert.equal(verdict(bytes), 'accepted');
  // Each path element is 32 bytes: every 31st byte meets all of them, and each place in one.
  for (let index = 0; index < bytes.length; index += index < 28 ? 1 : 31) {
    assert.notEqual(verdict(flipBit(bytes, index, index % 8)), 'accepted', `byte ${index}`);
  }
});

test('one encoding', () => {
  checkDecoder(proofOf(2), decodeAccountProof, encodeAccountProof, 60);
});

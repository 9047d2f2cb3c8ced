/** Account proofs of one signed header that no account table has both of. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type AccountTable,
  airDigest,
  DEFAULT_PARAMETERS,
  genesisDigest,
  openAccount,
  PlainTree,
} from '@foldbook/stark/verify';
import { ACCOUNT_PROOF_BYTES_MAX, checkAccountProof, encodeAccountProof } from './account-proof.ts';
import { bytesToHex } from './bytes.ts';
import { decodeEpochFile } from './epoch-file.ts';
import { checkEvidence, type EvidencePins, evidenceText } from './evidence.ts';
import { genesisHash } from './genesis.ts';
import { type KeyChange, signKeyChange } from './key-changes.ts';
import { publicKeyOf, signHeader } from './signature.ts';
import { encodeStarkGenesis } from './stark/genesis.ts';
import { encodeStarkHeader } from './stark/header.ts';
import { ChainBuilder, filled } from './testing/chain-builder.ts';
import { flipBit } from './testing/fuzz.ts';
import { plainContradict } from './testing/plain-account-proof.ts';
import { record } from './testing/records.ts';

const [OLD, NEW, STRANGER] = [5, 6, 8].map(filled) as [...[Uint8Array, Uint8Array, Uint8Array]];
const zero = filled(0);
const genesis = encodeStarkGenesis({
  ...{ market: 1, name: 'TEST', nonce: zero, rulesHash: zero, operatorKey: publicKeyOf(OLD) },
  ...{ emptyRoot: genesisDigest(DEFAULT_PARAMETERS.logBlowup), airDigest: airDigest() },
  parameters: DEFAULT_PARAMETERS,
});
const chainId = genesisHash(genesis);
const changeTo = (secret: Uint8Array, firstEpoch: bigint) =>
  signKeyChange({ chainId, firstEpoch }, OLD, secret);

/** Of rows as they come: account and base. */
function treeOf(...rows: readonly (readonly [number, bigint])[]): PlainTree {
  const table: AccountTable = {
    ids: Uint32Array.from(rows.map(([id]) => id)),
    base: BigUint64Array.from(rows.map(([, base]) => base)),
    quote: new BigUint64Array(rows.length),
  };
  return new PlainTree(table);
}

interface Signing {
  readonly epoch?: bigint;
  readonly timeNs?: bigint;
  readonly secret?: Uint8Array;
  readonly keyChanges?: readonly KeyChange[];
}

/** @param places - of the account's row, or of the two that leave it none */
function proofOf(
  tree: PlainTree,
  account: number,
  places: readonly number[],
  { epoch = 3n, timeNs = 9n, secret = OLD, keyChanges = [] }: Signing = {},
): Uint8Array {
  const headerBytes = encodeStarkHeader({
    ...{ market: 1, epoch, chainId, previous: zero, rulesHash: zero, changeCount: 0 },
    ...{ logHeadStart: zero, logHeadEnd: filled(1), logFirst: 12n, logLast: 14n },
    ...{ sequenceFirst: 2n, sequenceLast: 4n, recordFirst: 0n, recordCount: 1, stateHash: 0n },
    ...{ timeNs, digestListHash: zero, dataDigest: zero, rootOld: zero, rootNew: filled(2) },
    ...{ partCount: 1, accountsRoot: tree.root },
  });
  const [place = 0] = places;
  const [row = tree.open(0), next] = places.map((one) => tree.open(one));
  const opening = { account, rows: tree.table.ids.length, place, row, next, supply: tree.open(0) };
  const signature = signHeader(headerBytes, secret);
  const signed = { genesis, keyChanges, headerBytes, signature };
  return encodeAccountProof({ chain: 'stark', account, opening, ...signed });
}

/** Account 3 twice. */
const twice = treeOf([0, 20n], [1, 0n], [3, 5n], [3, 9n]);
const five = proofOf(twice, 3, [2]);
const nine = proofOf(twice, 3, [3]);
/** Account 3 behind account 7: there, and not there. */
const unordered = treeOf([0, 20n], [1, 0n], [7, 2n], [3, 5n]);
const present = proofOf(unordered, 3, [3]);
const absent = proofOf(unordered, 3, [1, 2]);

const textOf = (...proofs: readonly Uint8Array[]) => evidenceText({ kind: 'accounts', proofs });
const check = (proofs: readonly Uint8Array[], pins: EvidencePins = {}) =>
  checkEvidence(textOf(...proofs), pins);
const pin = (secret: Uint8Array): EvidencePins => ({ operatorKey: publicKeyOf(secret) });

/** Of two proofs in any order, and by both readers. */
function code(a: Uint8Array, b: Uint8Array, pins: EvidencePins = {}): string {
  const [checked, turned] = [check([a, b], pins), check([b, a], pins)];
  const isNone = checked.ok ? false : checked.code !== 'EVIDENCE_SIGNER';
  assert.equal(plainContradict(a, b), !isNone, 'both readers say the same');
  const words = [checked, turned].map((one) => (one.ok ? one.against : one.code));
  assert.equal(words[0], words[1]);
  return words[0] ?? '';
}

test('what one header says of one account in two ways convicts who signed it', () => {
  const operator = bytesToHex(publicKeyOf(OLD));
  const more = treeOf([0, 20n], [1, 0n], [3, 5n], [9, 1n], [4, 2n]);
  for (const [a, b, words] of [
    [
      ...[five, nine],
      'epoch 3: the plain tree has account 3 in row 2 (base 5, quote 0), and account 3 in row 3 ' +
        '(base 9, quote 0), and no rising ids have both',
    ],
    [
      present,
      absent,
      /has account 7 in row 2 \(base 2, quote 0\), and account 3 in row 3 \(base 5/,
    ],
    // Of other accounts, too: with a row between for which no id is left.
    [proofOf(more, 3, [2]), proofOf(more, 4, [4]), /has account 3 in row 2 .* account 4 in row 4/],
  ] as const) {
    for (const file of [a, b]) assert(checkAccountProof(file).ok, 'each by itself is taken');
    for (const pins of [{}, pin(OLD)]) assert.equal(code(a, b, pins), 'signed');
    assert.equal(code(a, b, pin(STRANGER)), 'EVIDENCE_SIGNER');
    const checked = check([a, b], pin(OLD));
    assert(checked.ok);
    if (typeof words === 'string') assert.equal(checked.words, words);
    else assert.match(checked.words, words);
    assert.deepEqual([checked.kind, checked.market], ['accounts', 'TEST']);
    assert.deepEqual([checked.operatorKey, checked.receiptKeys], [operator, []]);
    assert.deepEqual(checked.signers, [{ key: operator, retiredFrom: null }]);
  }
});

test('proofs that one table has are none, and no proofs of two headers', () => {
  const table = treeOf([0, 20n], [1, 0n], [3, 5n], [7, 9n], [12, 6n]);
  const openings = Array.from({ length: 14 }, (_, account) => {
    const { place, next } = openAccount(table, account);
    return proofOf(table, account, next === undefined ? [place] : [place, place + 1]);
  });
  for (const [index, a] of openings.entries()) {
    const b = openings[(5 * index + 3) % openings.length] ?? a;
    assert.equal(code(a, b), 'EVIDENCE_FITS', `${index}`);
    assert.equal(code(a, a), 'EVIDENCE_FITS', 'one statement twice');
  }
  assert.equal(code(five, proofOf(twice, 1, [1])), 'EVIDENCE_FITS', 'of another account');
  // Each of a header of its own, which kind "headers" is for, or of no header that differs.
  for (const signing of [{ epoch: 4n }, { timeNs: 10n }]) {
    assert.equal(code(five, proofOf(twice, 3, [3], signing)), 'EVIDENCE_FORMAT');
  }
  const checked = check([five, present]);
  assert(!checked.ok);
  assert.match(checked.message, /^the proofs are of two headers: those that contradict each other/);
});

test('a proof that does not hold by itself is part of no evidence', () => {
  for (const [other, reason] of [
    [proofOf(twice, 3, [3], { secret: STRANGER }), 'HEADER_SIGNATURE'],
    [flipBit(nine, 40, 1), 'ACCOUNT_PATH'],
    [proofOf(twice, 3, [3], { keyChanges: [changeTo(NEW, 2n)] }), 'HEADER_SIGNATURE'],
    [new Uint8Array(ACCOUNT_PROOF_BYTES_MAX + 1), 'ACCOUNT_PROOF_FORMAT'],
    [new Uint8Array(), 'ACCOUNT_PROOF_FORMAT'],
    // A second supply, which no proof shows of any account.
    [proofOf(treeOf([0, 20n], [1, 0n], [0, 1n]), 0, [2]), 'ACCOUNT_ROWS'],
  ] as const) {
    assert.equal(code(five, other), reason);
  }
  for (const proofs of [[], [five], [five, nine, five]]) {
    const checked = check(proofs);
    assert(!checked.ok && checked.code === 'EVIDENCE_FORMAT');
    assert.match(checked.message, /^two account proofs are needed/);
  }
});

/** Who signed the header, and from when on others may have had the key. */
function signersOf(a: Uint8Array, b: Uint8Array, pins: EvidencePins = {}) {
  const checked = check([a, b], pins);
  assert(checked.ok);
  return [checked.against, checked.signers] as const;
}

test('of a key that was changed only the epochs of its time count without doubt', () => {
  const [old, now, stolen] = [OLD, NEW, STRANGER].map((secret) => bytesToHex(publicKeyOf(secret)));
  const own = { epoch: 4n, secret: NEW, keyChanges: [changeTo(NEW, 4n)] };
  const early = { keyChanges: [changeTo(NEW, 4n)] };
  assert.deepEqual(signersOf(five, proofOf(twice, 3, [3], early)), [
    'signed',
    [{ key: old, retiredFrom: null }],
  ]);
  const changed = proofOf(twice, 3, [2], own);
  assert.deepEqual(signersOf(changed, proofOf(twice, 3, [3], own), pin(NEW)), [
    'signed',
    [{ key: now, retiredFrom: null }],
  ]);
  // By either key, but one header: that the new one signed it stands.
  assert.deepEqual(signersOf(changed, proofOf(twice, 3, [3], { epoch: 4n })), [
    'signed',
    [
      { key: now, retiredFrom: null },
      { key: old, retiredFrom: 4n },
    ],
  ]);
  const thiefs = { epoch: 4n, secret: STRANGER, keyChanges: [changeTo(STRANGER, 4n)] };
  assert.deepEqual(signersOf(changed, proofOf(twice, 3, [3], thiefs)), [
    'retired',
    [
      { key: now, retiredFrom: 4n },
      { key: stolen, retiredFrom: 4n },
    ],
  ]);
});

test('a Poseidon tree has one leaf an account: its proofs agree under one root', () => {
  const chain = new ChainBuilder();
  chain.addEpoch([record.depositBase(3, 5), record.depositBase(4, 6)]);
  const epoch = decodeEpochFile(chain.files.get('epochs/00000000.fbe') ?? new Uint8Array());
  assert(epoch.ok);
  const { headerBytes, signature } = epoch.value;
  const open = (id: number) => ({ ...chain.tree.get(id), path: chain.tree.path(id) });
  const [three, four] = [3, 4].map((account) =>
    encodeAccountProof({
      ...{ chain: 'poseidon', account, leaf: open(account), supply: open(0) },
      ...{ genesis: chain.files.get('genesis.fbg') ?? new Uint8Array(), keyChanges: [] },
      ...{ headerBytes, signature },
    }),
  );
  assert(three !== undefined && four !== undefined);
  for (const other of [three, four]) assert.equal(code(three, other), 'EVIDENCE_FITS');
  assert.equal(code(three, five), 'EVIDENCE_FORMAT');
});

test('no byte of it can change unseen', () => {
  for (let index = 0; index < nine.length; index += index < 160 ? 1 : 7) {
    const altered = flipBit(nine, index, index % 8);
    assert(!check([five, altered]).ok, `byte ${index}`);
    assert(!plainContradict(five, altered), `byte ${index}`);
  }
});

test('it is of version 3, and any value in any place of it is read or refused', () => {
  const text = textOf(present, absent);
  assert.equal(JSON.parse(text).v, 3);
  for (const v of [1, 2]) {
    const checked = checkEvidence(text.replace('"v": 3', `"v": ${v}`));
    assert(!checked.ok && checked.code === 'EVIDENCE_FORMAT');
    assert.equal(checked.message, `v is ${v}, and what it holds is of version 3`);
  }
  for (const proofs of [undefined, null, 7, 'ab', {}, ['ab', 7], ['a', 'b'], [[], []]]) {
    const checked = checkEvidence(JSON.stringify({ ...JSON.parse(text), proofs }));
    assert(!checked.ok && checked.code === 'EVIDENCE_FORMAT', JSON.stringify(proofs));
  }
});

test('the bytes are those of the files that fuzzing begins with', () => {
  for (const [name, text] of [
    ['accounts.json', textOf(five, nine)],
    ['accounts-absent.json', textOf(present, absent)],
  ] as const) {
    const file = new URL(`../corpus/evidence/${name}`, import.meta.url);
    assert.equal(readFileSync(file, 'utf8'), text, name);
  }
});

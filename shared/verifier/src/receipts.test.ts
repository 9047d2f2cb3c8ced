import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  decodeReceipt,
  RECEIPT_BYTES,
  type ReceiptFields,
  receiptMessage,
} from '@foldbook/protocol/receipt';
import fc from 'fast-check';
import { hexToBytes } from './bytes.ts';
import { checkEvidence, type Evidence, evidenceText } from './evidence.ts';
import { encodeGenesis, type Genesis, genesisHash } from './genesis.ts';
import { type EpochHeader, encodeHeader } from './header.ts';
import { groupDiffers } from './log-group.ts';
import { ReceiptBook, receiptConflict } from './receipt-book.ts';
import { certifiersFor, checkReceipt, isCertified } from './receipt-check.ts';
import { placeInEpoch } from './receipt-place.ts';
import { isSoundKey, publicKeyOf, signHeader } from './signature.ts';
import { certificateOf, TestLog } from './testing/receipts.ts';

const SECRET = new Uint8Array(32).fill(4);
const OPERATOR = new Uint8Array(32).fill(5);
const CERTIFICATE = certificateOf(publicKeyOf(SECRET), OPERATOR);
const operatorKey = publicKeyOf(OPERATOR);
const zero = new Uint8Array(32);

const honest = () => new TestLog(SECRET).append([1]).append([2, 3]).append([4, 5, 6]).append([7]);

test('a receipt with any byte changed is refused', () => {
  const { bytes } = honest().receipt(1);
  for (let at = 0; at < RECEIPT_BYTES; at += 1) {
    const other = bytes.slice();
    other[at] = (other[at] ?? 0) ^ 0x01;
    assert(!checkReceipt(other).ok, `byte ${at}`);
  }
});

test('a receipt that names a key whose secret it was not signed with is refused', () => {
  const { bytes } = honest().receipt(1);
  const forged = bytes.slice();
  forged.set(publicKeyOf(OPERATOR), 160);
  const checked = checkReceipt(forged);
  assert(!checked.ok && checked.code === 'RECEIPT_SIGNATURE');
});

test('what the strict check takes OpenSSL takes, and refuses with it', () => {
  const { bytes } = honest().receipt(0);
  fc.assert(
    fc.property(fc.nat(RECEIPT_BYTES - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const other = bytes.slice();
      other[at] = byte;
      const read = decodeReceipt(other);
      if (!read.ok) return;
      const x = Buffer.from(read.value.publicKey).toString('base64url');
      let taken = isSoundKey(read.value.publicKey);
      if (taken) {
        const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
        taken = verify(null, receiptMessage(other), key, read.value.signature);
      }
      assert.equal(taken, checkReceipt(other).ok);
    }),
    { numRuns: 60 },
  );
  // The points of small order, whose signatures verifiers may take or not.
  for (const key of ['01'.padEnd(64, '0'), `ec${'ff'.repeat(30)}7f`, '00'.repeat(32)]) {
    assert(!isSoundKey(hexToBytes(key)));
  }
});

test('a certificate ties one key to one operator', () => {
  const { publicKey } = honest().receipt(0);
  assert.deepEqual(certifiersFor(publicKey, [CERTIFICATE]), [operatorKey]);
  assert(isCertified(publicKey, operatorKey, [CERTIFICATE]));
  assert(!isCertified(publicKey, publicKey, [CERTIFICATE]));
  assert.deepEqual(certifiersFor(operatorKey, [CERTIFICATE]), []);
  for (let at = 0; at < CERTIFICATE.length; at += 1) {
    const other = CERTIFICATE.slice();
    other[at] = (other[at] ?? 0) ^ 0x80;
    assert.deepEqual(certifiersFor(publicKey, [other]), [], `byte ${at}`);
  }
});

describe('receipts of one market', () => {
  const log = honest();
  const other = new TestLog(SECRET).append([1]).append([2, 9]).append([4, 5, 6]);
  const lies: readonly [string, number, Partial<ReceiptFields>, RegExp][] = [
    ['two markets in one place', 1, { market: 'ELSE' }, /12 of partition 0 .* of TEST and .* ELSE/],
    ['another head', 1, { head: zero }, /two chain heads/],
    ['another time', 1, { timeNs: 99n }, /timeNs 2 and 99/],
    ['another term', 1, { term: 6 }, /term 5 and 6/],
    ['another place in the log', 1, { logSequence: 13 }, /logSequence 12 and 13/],
    ['one place, two groups', 2, { logSequence: 12 }, /logSequence 12 and 12|first 2 and 4/],
    ['a group that overlaps', 2, { first: 3, ownFirst: 4 }, /logSequence 12 and 14/],
    ['an order turned round', 2, { logSequence: 11 }, /comes first in the log/],
    ['terms that fall', 2, { term: 4 }, /in term 5, 4 in 4/],
    ['other commands of mine', 1, { ownHash: zero }, /holds two commands/],
    ['commands that overlap', 1, { ownCount: 2 }, /holds two commands/],
  ];
  for (const [name, index, change, words] of lies) {
    test(`disagree: ${name}`, () => {
      const [a, b] = [log.receipt(1), log.receipt(index, change)];
      assert.match(receiptConflict(a, b) ?? 'none', words);
      assert.equal(receiptConflict(b, a) === undefined, false);
      const book = new ReceiptBook();
      for (const at of [0, 1, 3]) assert.equal(book.add(log.receipt(at)), undefined);
      const conflict = book.add(b);
      assert(conflict !== undefined);
      const receipts = [conflict.earlier.bytes, conflict.later.bytes];
      const text = evidenceText({ kind: 'receipts', receipts, certificates: [CERTIFICATE] });
      const checked = checkEvidence(text, { operatorKey });
      assert(checked.ok, checked.ok ? '' : checked.message);
      assert.equal(checked.against, 'signed');
    });
  }

  test('agree where they are true, in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 1, 2]), (order) => {
        const book = new ReceiptBook(3);
        for (const at of order) assert.equal(book.add(log.receipt(at)), undefined);
      }),
      { numRuns: 10 },
    );
    const second = { ownFirst: 3, ownHash: zero };
    assert.equal(receiptConflict(log.receipt(1), log.receipt(1, second)), undefined);
    const another = { market: 'ELSE', partition: 1 };
    const book = new ReceiptBook(2);
    for (const at of [0, 1, 2]) assert.equal(book.add(log.receipt(at)), undefined);
    // A partition's log of three places: the first was forgotten, the last was not.
    assert.equal(book.add(log.receipt(0, { market: 'ELSE' })), undefined);
    assert.equal(book.add(log.receipt(2, another)), undefined);
    assert.match(book.add(log.receipt(2, { market: 'THIRD' }))?.words ?? '', /holds a group of/);
    assert.equal(receiptConflict(log.receipt(1), other.receipt(1, another)), undefined);
    const next = { market: 'ELSE', logSequence: 13 };
    assert.equal(receiptConflict(log.receipt(1), other.receipt(1, next)), undefined);
    const elsewhere = { partition: 1, logSequence: 3, term: 9 };
    assert.equal(receiptConflict(log.receipt(1), log.receipt(2, elsewhere)), undefined);
  });
});

const keyOf = (role: 'batch' | 'accounts') => ({ role, backEnd: 1, size: 9, digest: zero });
const genesis: Genesis = {
  ...{ market: 1, name: 'TEST', nonce: zero, operatorKey, emptyRoot: 1n },
  ...{ rulesHash: zero, keys: [keyOf('batch'), keyOf('accounts')] },
};
const genesisBytes = encodeGenesis(genesis);

/** The epoch of the second to the last group of a log. */
function epochOf(log: TestLog, change: Partial<EpochHeader> = {}) {
  const [start, first] = log.groups;
  const last = log.groups.at(-1);
  assert(start !== undefined && first !== undefined && last !== undefined);
  const header: EpochHeader = {
    ...{ market: 1, epoch: 3n, chainId: genesisHash(genesisBytes), previous: zero },
    ...{ rulesHash: zero, logHeadStart: start.head, logHeadEnd: last.head },
    ...{ logFirst: 12n, logLast: BigInt(8 + 2 * log.groups.length) },
    ...{ sequenceFirst: BigInt(first.first), sequenceLast: BigInt(last.last), recordFirst: 0n },
    ...{ recordCount: 1, batchCount: 1, accountProofCount: 1, stateHash: 0n, timeNs: 9n },
    ...{ rootOld: 0n, rootNew: 0n, digestListHash: zero, dataDigest: zero, changeCount: 0 },
    ...change,
  };
  const bytes = encodeHeader(header);
  return { header, signed: { header: bytes, signature: signHeader(bytes, OPERATOR) } };
}

test('where a receipt stands to an epoch', () => {
  const log = honest();
  const { header } = epochOf(log);
  const at = (index: number, change: Partial<ReceiptFields> = {}) =>
    placeInEpoch(log.receipt(index, change), header).at;
  assert.deepEqual([at(0), at(1), at(2), at(3)], ['before', 'inside', 'inside', 'end']);
  assert.equal(at(3, { first: 8, last: 8, ownFirst: 8, logSequence: 20 }), 'behind');
  for (const [index, change] of [
    [3, { head: zero }],
    [3, { logSequence: 15 }],
    [1, { logSequence: 13 }],
    [1, { logSequence: 10 }],
    [2, { logSequence: 16 }],
    [2, { last: 8 }],
    [0, { logSequence: 20 }],
  ] as const) {
    assert.equal(at(index, change), 'nowhere', JSON.stringify(change));
  }
});

test('a true receipt is no evidence; one of another group is, with the groups behind it', () => {
  const log = honest();
  const { signed } = epochOf(log);
  const [before] = log.groups;
  assert(before !== undefined);
  const groups = log.groups.slice(1).map(({ payload }) => payload);
  const parts = { kind: 'header', genesis: genesisBytes, epoch: signed } as const;
  const rest = { headBefore: before.head, groups, certificates: [CERTIFICATE] };
  const check = (
    receipt: Uint8Array,
    change: Partial<Extract<Evidence, { kind: 'header' }>> = {},
  ) => checkEvidence(evidenceText({ ...parts, receipt, ...rest, ...change }), { operatorKey });
  for (const index of [1, 2, 3]) {
    const checked = check(log.receipt(index).bytes);
    assert(!checked.ok && checked.code === 'EVIDENCE_FITS', JSON.stringify(checked));
  }
  // The owner showed this client another group at the same place.
  const lie = new TestLog(SECRET).append([1]).append([2, 9]).receipt(1);
  const checked = check(lie.bytes);
  assert(checked.ok && checked.kind === 'header' && checked.against === 'signed');
  assert.match(checked.words, /^epoch 3: .*head after 3/);
  assert.equal(checked.receiptKeys[0]?.certifiedBy, checked.operatorKey);
  assert(check(log.receipt(3, { head: zero }).bytes, { groups: [] }).ok);
  const own = check(log.receipt(1, { ownHash: zero }).bytes);
  assert(own.ok && /does not hold the commands/.test(own.words));
  // Altered evidence.
  const altered = groups.map((group, index) => (index === 2 ? group.map((b) => b ^ 1) : group));
  for (const change of [
    { groups: altered },
    { groups: groups.slice(0, 2) },
    { groups: groups.slice(1) },
    { headBefore: zero },
    { epoch: { ...signed, signature: signed.signature.map((byte) => byte ^ 1) } },
    { epoch: { ...signed, header: signed.header.with(200, 77) } },
    { genesis: encodeGenesis({ ...genesis, nonce: new Uint8Array(32).fill(1) }) },
    { genesis: encodeGenesis({ ...genesis, operatorKey: publicKeyOf(SECRET) }) },
    { certificates: [] },
    { receipt: lie.bytes.with(100, 1) },
  ]) {
    assert(!check(lie.bytes, change).ok, Object.keys(change).join());
  }
  assert(!checkEvidence('{}').ok && !checkEvidence('no json').ok && !checkEvidence('7').ok);
});

test('a log that holds something else is shown by its groups, from a signed head on', () => {
  const log = honest();
  const lie = new TestLog(SECRET).append([1]).append([2, 9]);
  const groups = lie.groups.map(({ payload }) => payload);
  const parts = { kind: 'log', genesis: undefined, anchor: undefined } as const;
  const text = (receipt: Uint8Array) =>
    evidenceText({ ...parts, receipt, groups, certificates: [CERTIFICATE] });
  const checked = checkEvidence(text(log.receipt(1).bytes), { operatorKey });
  assert(checked.ok && checked.against === 'log');
  assert(!checkEvidence(text(lie.receipt(1).bytes)).ok);
  assert(!checkEvidence(text(log.receipt(3).bytes)).ok);
  assert.equal(groupDiffers(lie.receipt(1), lie.groups[1] ?? assert.fail()), undefined);
});

test('two headers of one epoch are evidence against the operator', () => {
  const [a, b] = [epochOf(honest()), epochOf(honest(), { timeNs: 10n })];
  const text = (headers: (typeof a.signed)[]) =>
    evidenceText({ kind: 'headers', genesis: genesisBytes, headers });
  assert(checkEvidence(text([a.signed, b.signed]), { operatorKey }).ok);
  for (const headers of [[a.signed, a.signed], [a.signed]]) {
    assert(!checkEvidence(text(headers)).ok);
  }
  const pins = { operatorKey: publicKeyOf(SECRET) };
  const other = checkEvidence(text([a.signed, b.signed]), pins);
  assert(!other.ok && other.code === 'EVIDENCE_SIGNER');
});

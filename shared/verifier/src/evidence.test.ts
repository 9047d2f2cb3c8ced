/** Whose evidence it is, and what two signed headers or two lists of key changes can't both say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkAccountProof, decodeAccountProof, encodeAccountProof } from './account-proof.ts';
import { at } from './assert.ts';
import { bytesToHex } from './bytes.ts';
import { decodeEpochFile } from './epoch-file.ts';
import {
  checkEvidence,
  EVIDENCE_CHARACTERS_MAX,
  EVIDENCE_VALUES_MAX,
  type Evidence,
  type EvidencePins,
  evidenceText,
  type SignedHeader,
} from './evidence.ts';
import { EVIDENCE_CERTIFICATES_MAX, readEvidence } from './evidence-file.ts';
import { encodeGenesis, genesisHash } from './genesis.ts';
import { decodeHeader, type EpochHeader, encodeHeader } from './header.ts';
import { encodeKeyChanges, signKeyChange } from './key-changes.ts';
import { publicKeyOf, signHeader } from './signature.ts';
import { ChainBuilder, type Cheats, filled } from './testing/chain-builder.ts';
import { certificateOf, receiptOf, TestLog } from './testing/receipts.ts';
import { record } from './testing/records.ts';

const [OLD, NEW, NODE, STRANGER] = [5, 6, 4, 8].map(filled) as [
  ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array],
];
const zero = filled(0);
const keyOf = (role: 'batch' | 'accounts') => ({ role, backEnd: 1, size: 9, digest: zero });
const genesis = encodeGenesis({
  ...{ market: 1, name: 'TEST', nonce: zero, operatorKey: publicKeyOf(OLD), emptyRoot: 1n },
  ...{ rulesHash: zero, keys: [keyOf('batch'), keyOf('accounts')] },
});
const chainId = genesisHash(genesis);
/** To NEW from epoch 4 on. */
const keyChanges = encodeKeyChanges([signKeyChange({ chainId, firstEpoch: 4n }, OLD, NEW)]);

const log = new TestLog(NODE).append([1]).append([2, 3]).append([4]);
/** Of the second to the third group, signed by the key of its epoch. */
function epochOf(epoch: bigint, change: Partial<EpochHeader> = {}): SignedHeader {
  const header: EpochHeader = {
    ...{ market: 1, epoch, chainId, previous: zero, rulesHash: zero, changeCount: 0 },
    ...{ logHeadStart: at(log.groups, 0).head, logHeadEnd: at(log.groups, 2).head },
    ...{ logFirst: 12n, logLast: 14n, sequenceFirst: 2n, sequenceLast: 4n, recordFirst: 0n },
    ...{ recordCount: 1, batchCount: 1, accountProofCount: 1, stateHash: 0n, timeNs: 9n },
    ...{ rootOld: 0n, rootNew: 0n, digestListHash: zero, dataDigest: zero },
    ...change,
  };
  const bytes = encodeHeader(header);
  const signature = signHeader(bytes, epoch < 4n ? OLD : NEW);
  return { header: bytes, signature, keyChanges: epoch < 4n ? undefined : keyChanges };
}

const code = (evidence: Evidence, pins: EvidencePins = {}): string => {
  const checked = checkEvidence(evidenceText(evidence), pins);
  return checked.ok ? checked.against : checked.code;
};
const pin = (secret: Uint8Array): EvidencePins => ({ operatorKey: publicKeyOf(secret) });
const certifiedBy = (...secrets: readonly Uint8Array[]) =>
  secrets.map((secret) => certificateOf(publicKeyOf(NODE), secret));

/** A receipt that no epoch fits, against an epoch. */
const againstHeader = (epoch: bigint, certificates: readonly Uint8Array[]): Evidence => ({
  ...{ kind: 'header', receipt: log.receipt(2, { head: zero }).bytes, genesis },
  ...{ epoch: epochOf(epoch), headBefore: zero, groups: [], certificates },
});
/** A receipt of the group behind an epoch, against another group there. */
function againstLog(epoch: bigint, certificates: readonly Uint8Array[]): Evidence {
  const groups = [at(new TestLog(NODE).append([9]).groups, 0).payload];
  const { timeNs } = log.receipt(2);
  const next = { first: 5, last: 5, ownFirst: 5, logSequence: 16, timeNs };
  const receipt = log.receipt(2, next).bytes;
  return { kind: 'log', receipt, genesis, anchor: epochOf(epoch), groups, certificates };
}

test('a receipt counts against an operator that certified its key, and nobody else', () => {
  for (const make of [againstHeader, againstLog]) {
    const against = make === againstHeader ? 'signed' : 'log';
    const own = make(2n, certifiedBy(OLD));
    for (const pins of [{}, pin(OLD)]) assert.equal(code(own, pins), against);
    assert.equal(code(own, pin(STRANGER)), 'EVIDENCE_SIGNER');
    // A stranger's receipt, with the stranger's word for it or with none.
    for (const certificates of [[], certifiedBy(STRANGER)]) {
      for (const pins of [{}, pin(OLD), pin(STRANGER)]) {
        assert.equal(code(make(2n, certificates), pins), 'EVIDENCE_SIGNER', make.name);
      }
    }
    const checked = checkEvidence(evidenceText(make(2n, certifiedBy(STRANGER, OLD))));
    assert(checked.ok);
    const [operator] = [checked.operatorKey];
    assert.equal(operator, bytesToHex(publicKeyOf(OLD)));
    assert.equal(checked.receiptKeys[0]?.certifiedBy, operator);
    assert.deepEqual(checked.signers, [{ key: operator, retiredFrom: null }]);
  }
});

test('what a key certified counts without doubt up to its end', () => {
  const now = bytesToHex(publicKeyOf(NEW));
  // The epoch before the change: by either key. An anchor stands for the epoch behind it.
  assert.equal(code(againstHeader(3n, certifiedBy(OLD))), 'signed');
  assert.equal(code(againstLog(2n, certifiedBy(OLD))), 'log');
  assert.equal(code({ ...againstHeader(3n, certifiedBy(NEW)) }), 'EVIDENCE_SIGNER', 'no list');
  const early = { ...againstHeader(3n, certifiedBy(NEW)), epoch: { ...epochOf(3n), keyChanges } };
  assert.equal(code(early as Evidence), 'signed');
  for (const make of [againstHeader, againstLog]) {
    const against = make === againstHeader ? 'signed' : 'log';
    // Nobody may disown a receipt that was given, nor be framed with a key that was given up.
    const late = checkEvidence(evidenceText(make(4n, certifiedBy(OLD))));
    assert(late.ok);
    assert.equal(late.against, make === againstHeader ? 'retired' : 'log');
    assert.equal(late.receiptKeys[0]?.retiredFrom, 4n);
    for (const pins of [{}, pin(OLD), pin(NEW)]) {
      assert.equal(code(make(4n, certifiedBy(NEW)), pins), against);
      assert.equal(code(make(4n, certifiedBy(OLD, NEW)), pins), against);
    }
    assert.equal(code(make(4n, certifiedBy(NEW)), pin(STRANGER)), 'EVIDENCE_SIGNER');
    const checked = checkEvidence(evidenceText(make(4n, certifiedBy(NEW))));
    assert(checked.ok);
    assert.deepEqual(checked.signers, [{ key: now, retiredFrom: null }]);
    assert.equal(checked.receiptKeys[0]?.retiredFrom, null);
  }
  // The list is checked as everywhere.
  const unsigned = encodeKeyChanges([signKeyChange({ chainId, firstEpoch: 4n }, STRANGER, NEW)]);
  for (const [list, reason] of [
    [undefined, 'HEADER_SIGNATURE'],
    [unsigned, 'KEY_CHANGE_SIGNATURE'],
    [new Uint8Array(3), 'KEY_CHANGES_FORMAT'],
  ] as const) {
    const parts = { ...againstHeader(4n, certifiedBy(NEW)) };
    const epoch = { ...epochOf(4n), keyChanges: list };
    assert.equal(code({ ...parts, epoch } as Evidence), reason);
  }
});

test('two nodes are one operator where one of its keys certified both', () => {
  const [a, other] = [log.receipt(1), log.receipt(1, { timeNs: 77n })];
  const second = filled(44);
  const { bytes, publicKey } = receiptOf(other, second);
  const both = (certificates: readonly Uint8Array[]): Evidence => {
    return { kind: 'receipts', receipts: [a.bytes, bytes], certificates };
  };
  const ofSecond = (secret: Uint8Array) => certificateOf(publicKey, secret);
  assert.equal(code(both([...certifiedBy(OLD, NEW), ofSecond(NEW)])), 'signed');
  assert.equal(code(both([...certifiedBy(OLD, NEW), ofSecond(NEW)]), pin(NEW)), 'signed');
  assert.equal(code(both([...certifiedBy(OLD, NEW), ofSecond(NEW)]), pin(OLD)), 'EVIDENCE_SIGNER');
  assert.equal(code(both([...certifiedBy(OLD), ofSecond(NEW)])), 'EVIDENCE_SIGNER');
  assert.equal(code(both([...certifiedBy(OLD)])), 'EVIDENCE_SIGNER');
});

/** A chain of three epochs; the one after the first is bent. */
function chainWith(cheats: Cheats = {}, amount = 5, changeKey = false): ChainBuilder {
  const chain = new ChainBuilder();
  chain.addEpoch([record.depositBase(2, 100)]);
  if (changeKey) chain.changeKey(NEW);
  chain.addEpoch([record.depositBase(3, amount)], cheats);
  chain.addEpoch([record.depositBase(4, 7)]);
  return chain;
}

function signedOf(chain: ChainBuilder, epoch: number): SignedHeader {
  const decoded = decodeEpochFile(
    chain.files.get(`epochs/0000000${epoch}.fbe`) ?? new Uint8Array(),
  );
  assert(decoded.ok);
  const { headerBytes: header, signature } = decoded.value;
  return { header, signature, keyChanges: chain.files.get('operator-keys.fbk') };
}

const headersOf = (a: SignedHeader, b: SignedHeader, chain = honest): Evidence => ({
  ...{ kind: 'headers', genesis: chain.files.get('genesis.fbg') ?? new Uint8Array() },
  headers: [a, b],
});
const honest = chainWith();

test('headers of one history agree, whichever two they are', () => {
  const fees = { kind: 'fees', tier: 1, makerFeePpm: 0, takerFeePpm: 90 } as const;
  const changed = chainWith();
  changed.addEpoch([], {}, [{ before: 0, change: fees }]);
  const rules = headersOf(signedOf(changed, 2), signedOf(changed, 3));
  assert.equal(code(rules), 'EVIDENCE_FITS', 'the rules may change');
  for (const chain of [honest, chainWith({}, 5, true)]) {
    for (const [a, b] of [
      [0, 1],
      [1, 0],
      [1, 2],
      [0, 2],
      [1, 1],
    ] as const) {
      const evidence = headersOf(signedOf(chain, a), signedOf(chain, b), chain);
      assert.equal(code(evidence), 'EVIDENCE_FITS', `${a} and ${b}`);
    }
  }
});

test('a header that does not go on from the one before is evidence, whatever it is', () => {
  const bend = (change: Partial<EpochHeader>): ChainBuilder =>
    chainWith({ header: (header) => void Object.assign(header, change) });
  const first = signedOf(honest, 0);
  for (const [change, words] of [
    [{ previous: filled(9) }, /previous header hash/],
    [{ rootOld: 9n }, /old root/],
    [{ logHeadStart: filled(9) }, /log head at the start/],
    [{ logFirst: 1n }, /log starts at 1/],
    [{ sequenceFirst: 3n }, /first sequence is 3/],
    [{ recordFirst: 0n }, /first record is 0/],
    [{ recordFirst: 2n }, /first record is 2/],
    [{ rulesHash: filled(9) }, /without a change of the rules/],
    [{ timeNs: 0n }, /closed at 0 ns, the epoch before at/],
  ] as const) {
    const evidence = headersOf(first, signedOf(bend(change), 1));
    const checked = checkEvidence(evidenceText(evidence), {
      operatorKey: honest.genesis.operatorKey,
    });
    assert(checked.ok, words.source);
    assert.match(checked.words, words);
    assert.match(checked.words, /^epoch 1 does not go on from epoch 0/);
  }
  // What is wrong with a header alone contradicts no other one.
  const alone = headersOf(first, signedOf(bend({ logLast: 5n }), 1));
  assert.equal(code(alone), 'EVIDENCE_FITS');
});

test('epochs apart contradict each other where the later one begins too soon', () => {
  const late = (change: Partial<EpochHeader>) => {
    const bytes = encodeHeader({ ...header, ...change });
    return { header: bytes, signature: signHeader(bytes, honest.secretKey) };
  };
  const decoded = decodeEpochFile(honest.files.get('epochs/00000002.fbe') ?? new Uint8Array());
  assert(decoded.ok);
  const { header } = decoded.value;
  const first = signedOf(honest, 0);
  assert.equal(code(headersOf(first, late({ previous: filled(3) }))), 'EVIDENCE_FITS');
  const early = decodeHeader(first.header);
  assert(early.ok);
  const { logLast, sequenceLast, timeNs, recordFirst, recordCount } = early.value;
  const least = {
    // One epoch is between: a group of one command.
    ...{ logFirst: logLast + 2n, sequenceFirst: sequenceLast + 2n },
    ...{ recordFirst: recordFirst + BigInt(recordCount), timeNs },
  };
  assert.equal(code(headersOf(first, late({ ...least, epoch: 2n }))), 'EVIDENCE_FITS');
  for (const name of ['logFirst', 'sequenceFirst', 'recordFirst', 'timeNs'] as const) {
    const change = { ...least, [name]: least[name] - 1n };
    assert.equal(code(headersOf(first, late(change))), 'signed', name);
    assert.equal(code(headersOf(late(change), first)), 'signed', 'in any order');
  }
  const far = { ...least, logFirst: logLast + 8n, sequenceFirst: sequenceLast + 8n };
  assert.equal(code(headersOf(first, late({ ...far, epoch: 8n }))), 'EVIDENCE_FITS');
  assert.equal(code(headersOf(first, late({ ...far, epoch: 9n }))), 'signed', '8 epochs in 7');
});

test('an operator that shows two users other supplies in two epochs convicts itself', () => {
  // One history for the first user, up to epoch 1; another for the second, who asks later.
  const [one, other] = [chainWith({}, 5), chainWith({}, 5_000)];
  const proofOf = (chain: ChainBuilder, signed: SignedHeader, account: number): Uint8Array => {
    const open = (id: number) => ({ ...chain.tree.get(id), path: chain.tree.path(id) });
    return encodeAccountProof({
      chain: 'poseidon',
      ...{ genesis: chain.files.get('genesis.fbg') ?? new Uint8Array(), keyChanges: [] },
      ...{ headerBytes: signed.header, signature: signed.signature },
      ...{ account, leaf: open(account), supply: open(0) },
    });
  };
  const early = new ChainBuilder();
  early.addEpoch([record.depositBase(2, 100)]);
  early.addEpoch([record.depositBase(3, 5)]);
  const files = [proofOf(early, signedOf(one, 1), 3), proofOf(other, signedOf(other, 2), 4)];
  const supplies = files.map((file) => {
    const checked = checkAccountProof(file);
    assert(checked.ok, 'each is accepted by its user');
    return [checked.epoch, checked.owed.base];
  });
  assert.deepEqual(supplies, [
    [1n, 105n],
    [2n, 5_107n],
  ]);
  const [a, b] = files.map((file) => {
    const proof = decodeAccountProof(file);
    assert(proof.ok);
    return { header: proof.value.headerBytes, signature: proof.value.signature };
  });
  assert(a !== undefined && b !== undefined);
  const checked = checkEvidence(evidenceText(headersOf(a, b)), {
    operatorKey: honest.genesis.operatorKey,
  });
  assert(checked.ok && checked.against === 'signed');
  assert.match(checked.words, /epoch 2 does not go on from epoch 1: previous header hash/);
});

test('two histories by an old key and by the new one are evidence, each with its list', () => {
  const [moved, stayed] = [chainWith({}, 5, true), chainWith({}, 6)];
  const evidence = headersOf(signedOf(moved, 1), signedOf(stayed, 1));
  const checked = checkEvidence(evidenceText(evidence), pin(NEW));
  assert(checked.ok);
  const [now, old] = [NEW, honest.secretKey].map((secret) => bytesToHex(publicKeyOf(secret)));
  assert.deepEqual(checked.signers, [
    { key: now, retiredFrom: null },
    { key: old, retiredFrom: 1n },
  ]);
  assert.equal(checked.operatorKey, old);
  // Whoever has the old key could have signed it: nobody is framed with a key that was given up.
  assert.equal(checked.against, 'retired');
  // The old key's header does not stand as the new one's.
  const swapped = { ...signedOf(stayed, 1), keyChanges: signedOf(moved, 1).keyChanges };
  assert.equal(code(headersOf(signedOf(moved, 1), swapped)), 'HEADER_SIGNATURE');
});

test('of a key that was changed only the epochs of its time count without doubt', () => {
  const [old, now] = [OLD, NEW].map((secret) => bytesToHex(publicKeyOf(secret)));
  const signedBy = (
    secret: Uint8Array,
    epoch: bigint,
    list?: Uint8Array,
    change: Partial<EpochHeader> = {},
  ): SignedHeader => {
    const { header } = epochOf(epoch, change);
    return { header, signature: signHeader(header, secret), keyChanges: list };
  };
  const headers = (a: SignedHeader, b: SignedHeader): Evidence => {
    return { kind: 'headers', genesis, headers: [a, b] };
  };
  const forged = { rootNew: 77n };
  const own = signedBy(NEW, 9n, keyChanges);
  // A thief of the old key, without the list; in any order, whatever key is pinned.
  const stolen = signedBy(OLD, 9n, undefined, forged);
  for (const [evidence, pins] of [
    [headers(own, stolen), {}],
    [headers(stolen, own), pin(OLD)],
    [headers(own, stolen), pin(NEW)],
  ] as const) {
    const checked = checkEvidence(evidenceText(evidence), pins);
    assert(checked.ok && checked.against === 'retired');
    const { signers } = checked;
    assert.equal(signers.find(({ key }) => key === old)?.retiredFrom, 4n);
    assert.equal(signers.find(({ key }) => key === now)?.retiredFrom, null);
  }
  // The list may come with a header of the old key's own time: the key is named once, as retired.
  const before = signedBy(OLD, 3n, keyChanges);
  const late = { logFirst: 1n };
  const one = checkEvidence(evidenceText(headers(before, signedBy(OLD, 9n, undefined, late))));
  assert(one.ok && one.against === 'retired');
  assert.deepEqual(one.signers, [{ key: old, retiredFrom: 4n }]);
  // Nobody disowns what its key signed in its time, by changing it later.
  const twice = headers(before, signedBy(OLD, 3n, undefined, forged));
  assert.equal(code(twice), 'signed');
  assert.equal(code(headers(own, signedBy(NEW, 9n, keyChanges, forged))), 'signed');
  // A list of the thief's own: neither key stands without doubt, but for epochs before both.
  const thiefs = encodeKeyChanges([signKeyChange({ chainId, firstEpoch: 6n }, OLD, STRANGER)]);
  for (const pair of [
    headers(own, signedBy(STRANGER, 9n, thiefs, forged)),
    headers(signedBy(NEW, 5n, keyChanges), signedBy(OLD, 5n, thiefs, forged)),
    headers(before, signedBy(STRANGER, 9n, thiefs, late)),
  ]) {
    assert.equal(code(pair), 'retired');
  }
  assert.equal(code(headers(before, signedBy(OLD, 3n, thiefs, forged))), 'signed');
});

test('a pinned later key is not taken in by a header of the one before', () => {
  // An epoch behind the change, by the old key and without the list.
  const { header } = epochOf(9n);
  const epoch = { header, signature: signHeader(header, OLD), keyChanges: undefined };
  const forged = { ...againstHeader(9n, certifiedBy(OLD, NEW)), epoch } as Evidence;
  assert.equal(code(forged), 'signed', 'who does not know of the change');
  assert.equal(code(forged, pin(NEW)), 'EVIDENCE_SIGNER');
  const anchored = { ...againstLog(9n, certifiedBy(OLD, NEW)), anchor: epoch } as Evidence;
  assert.equal(code(anchored, pin(NEW)), 'EVIDENCE_SIGNER');
});

test('two lists that part are evidence against who signed both', () => {
  const list = (firstEpoch: bigint, secret = NEW, signer = OLD) =>
    encodeKeyChanges([signKeyChange({ chainId, firstEpoch }, signer, secret)]);
  const lists = (a: Uint8Array, b: Uint8Array): Evidence => {
    return { kind: 'keys', genesis, lists: [a, b] };
  };
  for (const other of [list(5n), list(4n, STRANGER)]) {
    const checked = checkEvidence(evidenceText(lists(keyChanges, other)), pin(OLD));
    // One change is by a key that the other one had ended: its owner's word, or a thief's.
    assert(checked.ok && checked.against === 'retired');
    assert.deepEqual(checked.signers, [{ key: bytesToHex(publicKeyOf(OLD)), retiredFrom: 4n }]);
    assert.match(checked.words, /was changed to .* from epoch 4 on, and to/);
    assert.equal(code(lists(keyChanges, other), pin(NODE)), 'EVIDENCE_SIGNER');
  }
  assert.equal(code(lists(keyChanges, keyChanges)), 'EVIDENCE_FITS');
  const longer = encodeKeyChanges([
    signKeyChange({ chainId, firstEpoch: 4n }, OLD, NEW),
    signKeyChange({ chainId, firstEpoch: 6n }, NEW, STRANGER),
  ]);
  assert.equal(code(lists(longer, keyChanges)), 'EVIDENCE_FITS');
  assert.equal(code(lists(keyChanges, list(5n, NEW, STRANGER))), 'KEY_CHANGE_SIGNATURE');
  for (const wrong of [[], [keyChanges], [keyChanges, list(5n), list(6n)]]) {
    assert.equal(code({ kind: 'keys', genesis, lists: wrong }), 'EVIDENCE_FORMAT');
  }
});

test('evidence that was altered anywhere is none, and never ends the check', () => {
  // The client was shown another group in the place of the second.
  const ofGroup: Evidence = {
    ...{ kind: 'header', genesis, epoch: epochOf(4n), certificates: certifiedBy(NEW) },
    receipt: new TestLog(NODE).append([1]).append([2, 9]).receipt(1).bytes,
    headBefore: at(log.groups, 0).head,
    groups: log.groups.slice(1).map(({ payload }) => payload),
  };
  const texts = [
    headersOf(signedOf(chainWith({}, 5, true), 1), signedOf(chainWith({}, 6), 1)),
    ofGroup,
    {
      ...{ kind: 'keys' as const, genesis },
      lists: [keyChanges, encodeKeyChanges([signKeyChange({ chainId, firstEpoch: 9n }, OLD, NEW)])],
    },
  ].map(evidenceText);
  const place = fc.record({ which: fc.nat(2), at: fc.nat(), digit: fc.nat(14) });
  fc.assert(
    fc.property(place, ({ which, at: where, digit }) => {
      const text = texts[which] ?? '';
      assert(checkEvidence(text).ok);
      const places = [...text.matchAll(/(?<=[0-9a-f]{40})[0-9a-f]/g)].map(({ index }) => index);
      const index = places[where % places.length] ?? 0;
      const digits = '0123456789abcdef'.replace(text[index] ?? '', '');
      const altered = `${text.slice(0, index)}${digits[digit]}${text.slice(index + 1)}`;
      assert(!checkEvidence(altered).ok, `${which} at ${index}`);
    }),
    { numRuns: 80 },
  );
});

test('a file has the certificates of its receipts, once; one with too many is refused', () => {
  const [own = zero] = certifiedBy(OLD);
  const others = certificateOf(publicKeyOf(STRANGER), OLD);
  const text = evidenceText(againstHeader(2n, [others, own, zero, own]));
  const read = readEvidence(text);
  assert(read.ok && read.evidence.kind === 'header');
  assert.deepEqual(read.evidence.certificates, [own]);
  const more = (count: number) => {
    const listed = JSON.stringify(Array.from({ length: count }, () => bytesToHex(own)));
    return checkEvidence(text.replace(/"certificates": \[[^\]]*\]/, `"certificates": ${listed}`));
  };
  assert.equal(more(2).ok, true);
  const checked = more(EVIDENCE_CERTIFICATES_MAX + 1);
  assert(!checked.ok && checked.code === 'EVIDENCE_FORMAT');
  assert.equal(checked.message, '1025 certificates; 1024 are the most');
});

test('no file ends the check, whatever it holds', () => {
  const file = (fields: string) => `{"format":"foldbook-evidence",${fields}}`;
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const [digits, many] = ['ab'.repeat(8_000_000), `[${'"",'.repeat(100_000)}""]`];
  const nothing = '"",'.repeat(EVIDENCE_VALUES_MAX);
  for (const [name, text, words] of [
    ['no JSON', '', /./],
    ['no object', 'null', /^the file is no object/],
    [
      'a version that has words of its own',
      file('"v":{"toString":1}'),
      /^v is a value of type obj/,
    ],
    ['a deep version', file(`"v":${nested(200_000)}`), /^v is a value of type object/],
    ['a later version', file('"v":4'), /^v is 4; this verifier reads versions 1 to 3$/],
    ['long hex', file(`"v":1,"kind":"keys","genesis":"${digits}","lists":[]`), /./],
    ['half a byte', file('"v":1,"kind":"keys","genesis":"abc"'), /^genesis is not in hex/],
    ['no digits', file('"v":1,"kind":"keys","genesis":"0g"'), /^genesis is not in hex/],
    ['many receipts', file(`"v":1,"kind":"receipts","receipts":${many},"certificates":[]`), /^two/],
    ['no header', file('"v":1,"kind":"headers","genesis":"","headers":[null]'), /is no object/],
    ['more values', file(`"v":3,"kind":"accounts","proofs":[${nothing}""]`), /^the file has more /],
    ['more objects', `${'['.repeat(EVIDENCE_VALUES_MAX)}`, /^the file has more than 1048576 v/],
    ['a long file', ' '.repeat(EVIDENCE_CHARACTERS_MAX + 1), /are the most$/],
  ] as const) {
    const checked = checkEvidence(text);
    assert(!checked.ok, name);
    if (name !== 'long hex') assert.equal(checked.code, 'EVIDENCE_FORMAT', name);
    assert.match(checked.message, words, name);
  }
});

test('a file with any value in any place of it is read or refused', () => {
  const texts = [
    headersOf(signedOf(honest, 0), signedOf(honest, 1)),
    againstHeader(4n, certifiedBy(NEW)),
    againstLog(4n, certifiedBy(NEW)),
    { kind: 'receipts' as const, receipts: [log.receipt(1).bytes], certificates: [] },
    { kind: 'keys' as const, genesis, lists: [keyChanges, keyChanges] },
  ].map(evidenceText);
  const odd = fc.oneof(fc.jsonValue(), fc.constantFrom('', '00', 'ff'.repeat(384), [], {}, null));
  const place = fc.record({ which: fc.nat(4), at: fc.nat(), value: odd });
  fc.assert(
    fc.property(place, ({ which, at: where, value }) => {
      const parsed: unknown = JSON.parse(texts[which] ?? '');
      const places = placesIn(parsed);
      const { holder, name } = at(places, where % places.length);
      holder[name] = value;
      assert.equal(typeof checkEvidence(JSON.stringify(parsed)).ok, 'boolean');
    }),
    { numRuns: 200 },
  );
});

interface Place {
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

/** Every member of a value of JSON, and theirs. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...placesIn(holder[name])]);
}

/** Headers of STARK chains as evidence, and two chains of one market that tell of two histories. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { airDigest, DEFAULT_PARAMETERS, genesisDigest } from '@foldbook/stark/verify';
import fc from 'fast-check';
import { at } from './assert.ts';
import { bytesToHex } from './bytes.ts';
import {
  type ChainSide,
  checkEvidence,
  type Evidence,
  type EvidencePins,
  evidenceText,
  type SignedHeader,
} from './evidence.ts';
import { encodeGenesis, genesisHash } from './genesis.ts';
import { encodeHeader, type HeaderFields } from './header.ts';
import { encodeKeyChanges, signKeyChange } from './key-changes.ts';
import { compareByLog } from './log-conflict.ts';
import { publicKeyOf, signHeader } from './signature.ts';
import { encodeStarkGenesis } from './stark/genesis.ts';
import { encodeStarkHeader } from './stark/header.ts';
import { filled } from './testing/chain-draft.ts';
import { certificateOf, TestLog } from './testing/receipts.ts';

const [OLD, NEW, NODE, STRANGER] = [5, 6, 4, 8].map(filled) as [
  ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array],
];
const zero = filled(0);
const log = new TestLog(NODE).append([1]).append([2, 3]).append([4]);

type Fields = Omit<HeaderFields<unknown>, 'chainId' | 'rootOld' | 'rootNew'>;
/** Of the second to the third group. */
const second: Fields = {
  ...{ market: 1, epoch: 3n, previous: zero, rulesHash: zero, changeCount: 0 },
  ...{ logHeadStart: at(log.groups, 0).head, logHeadEnd: at(log.groups, 2).head },
  ...{ logFirst: 12n, logLast: 14n, sequenceFirst: 2n, sequenceLast: 4n, recordFirst: 0n },
  ...{ recordCount: 1, stateHash: 0n, timeNs: 9n, digestListHash: zero, dataDigest: zero },
};
/** Of the first group to the third. */
const first: Fields = { ...second, epoch: 0n, logHeadStart: zero, sequenceFirst: 1n };

interface TestChain {
  readonly genesis: Uint8Array;
  readonly chainId: Uint8Array;
  readonly encode: (fields: Fields) => Uint8Array;
}

const start = { market: 1, name: 'TEST', nonce: zero, rulesHash: zero };

function starkChain(secret = OLD, fields: Partial<typeof start> = {}): TestChain {
  const genesis = encodeStarkGenesis({
    ...{ ...start, ...fields, operatorKey: publicKeyOf(secret) },
    emptyRoot: genesisDigest(DEFAULT_PARAMETERS.logBlowup),
    ...{ airDigest: airDigest(), parameters: DEFAULT_PARAMETERS },
  });
  const chainId = genesisHash(genesis);
  const own = { chainId, rootOld: zero, rootNew: zero, partCount: 1, accountsRoot: zero };
  return { genesis, chainId, encode: (header) => encodeStarkHeader({ ...header, ...own }) };
}

function poseidonChain(secret = OLD, fields: Partial<typeof start> = {}): TestChain {
  const keyOf = (role: 'batch' | 'accounts') => ({ role, backEnd: 1, size: 9, digest: zero });
  const genesis = encodeGenesis({
    ...{ ...start, ...fields, operatorKey: publicKeyOf(secret), emptyRoot: 1n },
    keys: [keyOf('batch'), keyOf('accounts')],
  });
  const chainId = genesisHash(genesis);
  const own = { chainId, rootOld: 0n, rootNew: 0n, batchCount: 1, accountProofCount: 1 };
  return { genesis, chainId, encode: (header) => encodeHeader({ ...header, ...own }) };
}

const stark = starkChain();
const poseidon = poseidonChain();

interface Signing {
  readonly secret?: Uint8Array;
  readonly keyChanges?: Uint8Array;
}

function sideOf(
  { genesis, encode }: TestChain,
  fields: Fields,
  { secret = OLD, keyChanges }: Signing = {},
): ChainSide {
  const header = encode(fields);
  return { genesis, header, signature: signHeader(header, secret), keyChanges };
}

/** The same without its genesis. */
function signedOf(chain: TestChain, fields: Fields): SignedHeader {
  const { header, signature } = sideOf(chain, fields);
  return { header, signature };
}

const listOf = ({ chainId }: TestChain, firstEpoch: bigint, to = NEW) =>
  encodeKeyChanges([signKeyChange({ chainId, firstEpoch }, OLD, to)]);

const pair = (...sides: readonly ChainSide[]): Evidence => ({ kind: 'chains', sides });
const pin = (secret: Uint8Array): EvidencePins => ({ operatorKey: publicKeyOf(secret) });

function code(evidence: Evidence, pins: EvidencePins = {}): string {
  const checked = checkEvidence(evidenceText(evidence), pins);
  return checked.ok ? checked.against : `${checked.code}: ${checked.message}`;
}

test('a STARK chain is held to its receipts, headers and lists as any other', () => {
  const { genesis } = stark;
  const certificates = [certificateOf(publicKeyOf(NODE), OLD)];
  const receipt = log.receipt(2, { head: zero }).bytes;
  const epoch = sideOf(stark, second);
  const parts = { genesis, epoch, headBefore: zero, groups: [], certificates };
  const againstHeader: Evidence = { kind: 'header', receipt, ...parts };
  const headers = (other: Partial<Fields>): Evidence => {
    return { kind: 'headers', genesis, headers: [epoch, sideOf(stark, { ...second, ...other })] };
  };
  const lists = [listOf(stark, 4n), listOf(stark, 5n)];
  assert.equal(code(againstHeader), 'signed');
  assert.equal(code(headers({ recordCount: 2 }), pin(OLD)), 'signed');
  assert.equal(code(headers({ epoch: 4n })), 'signed', 'it does not go on');
  assert.match(code(headers({})), /^EVIDENCE_FITS/);
  assert.equal(code({ kind: 'keys', genesis, lists }), 'retired');
  const groups = [at(new TestLog(NODE).append([9]).groups, 0).payload];
  const next = { first: 5, last: 5, ownFirst: 5, logSequence: 16, timeNs: log.receipt(2).timeNs };
  const behind = log.receipt(2, next).bytes;
  const shown = { genesis, anchor: epoch, groups, certificates };
  assert.equal(code({ kind: 'log', receipt: behind, ...shown }), 'log');
  // A header is read as its genesis says.
  assert.match(code({ ...againstHeader, genesis: poseidon.genesis }), /^HEADER_FORMAT/);
  const foreign = { kind: 'header', receipt, ...parts, epoch: sideOf(poseidon, second) } as const;
  assert.match(code(foreign), /^HEADER_FORMAT/);
});

test('a file names the lowest version that has room for it, and no other', () => {
  const headers = ({ genesis }: TestChain, one: ChainSide): Evidence => {
    return { kind: 'headers', genesis, headers: [one, one] };
  };
  const ofOne = evidenceText(headers(poseidon, sideOf(poseidon, second)));
  const ofStark = evidenceText(headers(stark, sideOf(stark, second)));
  const ofTwo = evidenceText(pair(sideOf(stark, second), sideOf(poseidon, second)));
  const versions = [ofOne, ofStark, ofTwo].map((text) => JSON.parse(text).v);
  assert.deepEqual(versions, [1, 2, 2]);
  for (const [text, version] of [
    [ofOne, 1],
    [ofStark, 2],
    [ofTwo, 2],
  ] as const) {
    const other = text.replace(`"v": ${version}`, `"v": ${3 - version}`);
    const checked = checkEvidence(other);
    assert(!checked.ok);
    const words = `v is ${3 - version}, and what it holds is of version ${version}`;
    assert.deepEqual([checked.code, checked.message], ['EVIDENCE_FORMAT', words]);
  }
});

test('of one log two chains say the same, or their operator lied in one', () => {
  const fits = pair(sideOf(stark, second), sideOf(poseidon, second));
  assert.match(code(fits), /^EVIDENCE_FITS: the two chains agree/);
  for (const change of [
    { recordCount: 2 },
    { recordFirst: 1n },
    { dataDigest: filled(1) },
    { rulesHash: filled(1) },
    { changeCount: 1 },
    { stateHash: 1n },
    { timeNs: 8n },
    { epoch: 4n },
    { sequenceFirst: 3n },
    { sequenceLast: 5n },
    // The other history of one that goes on from the same head, and that which leads to it.
    { logHeadEnd: filled(1) },
    { logHeadStart: filled(1) },
  ] satisfies Partial<Fields>[]) {
    const [field = ''] = Object.keys(change);
    const other = sideOf(poseidon, { ...second, ...change });
    for (const sides of [
      [sideOf(stark, second), other],
      [other, sideOf(stark, second)],
    ]) {
      const checked = checkEvidence(evidenceText(pair(...sides)), pin(OLD));
      assert(checked.ok, field);
      const operator = bytesToHex(publicKeyOf(OLD));
      assert.deepEqual([checked.against, checked.market], ['signed', 'TEST']);
      assert.equal(checked.operatorKey, operator);
      assert.deepEqual(checked.signers, [{ key: operator, retiredFrom: null }]);
      assert.match(checked.words, new RegExp(`of two chains .*: ${field} is `));
    }
  }
  // A log that moved has other sequences; what belongs to one chain alone differs as it likes.
  for (const change of [{ logFirst: 1n }, { logLast: 99n }, { previous: filled(3) }]) {
    const other = sideOf(poseidon, { ...second, ...change, digestListHash: filled(4) });
    assert.match(code(pair(sideOf(stark, second), other)), /^EVIDENCE_FITS/);
  }
});

/** A chain's headers over a log that has an end of an epoch behind each of these groups. */
function headersOf(heads: readonly Uint8Array[], ends: readonly number[], offset: bigint) {
  const closed = ends.toSorted((a, b) => a - b);
  return closed.map((end, index) => {
    const start = (closed[index - 1] ?? -1) + 1;
    return {
      ...{ ...second, chainId: zero, rootOld: 0n, rootNew: 0n, epoch: BigInt(index) },
      logHeadStart: heads[start - 1] ?? zero,
      logHeadEnd: at(heads, end),
      // Groups of other markets lie between, and another chain may have read a copy of the log.
      ...{ logFirst: offset + BigInt(3 * start), logLast: offset + BigInt(3 * end) },
      ...{ sequenceFirst: BigInt(start + 1), sequenceLast: BigInt(end + 1) },
      // Every third epoch has no record.
      ...{ recordFirst: BigInt(2 * start), recordCount: index % 3 === 2 ? 0 : 2 },
      ...{ timeNs: BigInt(end >> 1), stateHash: BigInt(end) },
    };
  });
}

test('no two headers of honest chains are evidence, and of another history some are', () => {
  const ends = fc.uniqueArray(fc.nat(11), { minLength: 1, maxLength: 12 });
  const headsFrom = (seed: number) =>
    Array.from({ length: 12 }, (_, group) => filled(seed + group));
  const heads = headsFrom(100);
  fc.assert(
    fc.property(ends, fc.nat(12), fc.bigInt(0n, 99n), fc.nat(), (closes, lag, offset, pick) => {
      const epochs = headersOf(heads, closes, 0n);
      // The other one is behind, or ahead, and was begun at any time.
      const others = headersOf(heads, closes, offset).slice(0, lag);
      // Begun anew, on an empty log, it is of no log that the first one is of.
      const anew = headersOf(headsFrom(200), closes, offset);
      const conflicts = (left: typeof epochs, right: typeof epochs) =>
        left.flatMap((one) => right.filter((other) => compareByLog(one, other).words));
      assert.deepEqual(conflicts(epochs, [...others, ...anew]), []);
      assert.deepEqual(conflicts([...others, ...anew], epochs), []);
      // Of the same log told with an epoch less: not the last one, as it would be if that is due.
      const without = closes.filter((_, index) => index !== pick % closes.length);
      const isSeen = conflicts(epochs, headersOf(heads, without, 0n)).length > 0;
      assert.equal(isSeen, without.includes(Math.max(...closes)));
    }),
    { numRuns: 60 },
  );
});

test('a market that was begun anew contradicts nothing', () => {
  const anew = (fields: Fields): Evidence =>
    pair(sideOf(stark, fields), sideOf(poseidon, { ...fields, logHeadEnd: filled(9), timeNs: 1n }));
  // Everybody's first epoch begins with the same head: of two logs, no group is one.
  assert.match(code(anew(first)), /^EVIDENCE_FITS: no log head that both have/);
  const other = { ...second, logHeadStart: filled(8), logHeadEnd: filled(9), timeNs: 1n };
  assert.match(
    code(pair(sideOf(stark, second), sideOf(poseidon, other))),
    /^EVIDENCE_FITS: no log head that both have/,
  );
  // Going on with a copy of the log is another thing, as it is for receipts.
  assert.equal(code(anew(second)), 'signed');
  // Of one log it is the same from the first epoch on.
  const lie = sideOf(poseidon, { ...first, recordCount: 7 });
  assert.equal(code(pair(sideOf(stark, first), lie)), 'signed');
});

test('two chains are of two geneses, one market and one owner', () => {
  const lie = { ...second, recordCount: 2 };
  const one = sideOf(stark, second);
  assert.match(code(pair(one, sideOf(stark, lie))), /^EVIDENCE_FORMAT: both sides are of one/);
  assert.match(code(pair(one)), /^EVIDENCE_FORMAT/);
  assert.match(code(pair(one, one, one)), /^EVIDENCE_FORMAT/);
  // Two of one kind are two chains, too.
  const twin = starkChain(OLD, { nonce: filled(1) });
  assert.equal(code(pair(one, sideOf(twin, lie))), 'signed');
  const elsewhere = poseidonChain(OLD, { name: 'OTHER' });
  assert.match(code(pair(one, sideOf(elsewhere, lie))), /^EVIDENCE_FITS: TEST and OTHER are two/);
  const foreign = sideOf(poseidonChain(STRANGER), lie, { secret: STRANGER });
  assert.match(code(pair(one, foreign)), /^EVIDENCE_SIGNER: .*nothing ties together/);
  // Who writes a genesis with another's key can sign nothing by it.
  const forged = sideOf(poseidon, lie, { secret: STRANGER });
  assert.match(code(pair(one, forged)), /^HEADER_SIGNATURE/);
  assert.match(code(pair(one, sideOf(poseidon, lie)), pin(STRANGER)), /^EVIDENCE_SIGNER/);
});

test('keys that were changed tie two chains together as far as one follows from the other', () => {
  const lie = (epoch: bigint): Fields => ({ ...second, epoch, recordCount: 2 });
  const keyChanges = listOf(poseidon, 5n);
  const byNew = sideOf(poseidon, lie(6n), { secret: NEW, keyChanges });
  // The STARK chain was behind when the key was changed: its list has the change later.
  const late = sideOf(stark, { ...second, epoch: 6n }, { keyChanges: listOf(stark, 7n) });
  const checked = checkEvidence(evidenceText(pair(late, byNew)), pin(NEW));
  assert(checked.ok);
  const [old, now] = [OLD, NEW].map((secret) => bytesToHex(publicKeyOf(secret)));
  // By then the old key had been given up in one chain: others may have had it.
  assert.equal(checked.against, 'retired');
  assert.equal(checked.operatorKey, old);
  assert.deepEqual(checked.signers, [
    { key: old, retiredFrom: 5n },
    { key: now, retiredFrom: null },
  ]);
  // A thief's chain, begun with the old key, of an epoch behind its end; and before it.
  const stolen = (epoch: bigint) => sideOf(stark, { ...second, epoch });
  assert.equal(code(pair(stolen(6n), byNew)), 'retired');
  // One head is of one epoch: a lower number does not take it back into the old key's time.
  assert.equal(code(pair(stolen(0n), byNew)), 'retired');
  const before = sideOf(poseidon, lie(4n), { keyChanges });
  assert.equal(code(pair(stolen(4n), before)), 'signed');
  // The thief's own list names a key before the old one's end, or behind it.
  for (const from of [3n, 6n]) {
    const ofThief = { secret: STRANGER, keyChanges: listOf(stark, from, STRANGER) };
    const theirs = sideOf(stark, { ...second, epoch: 6n }, ofThief);
    assert.equal(code(pair(theirs, byNew)), 'retired');
    if (from === 3n) {
      const early = sideOf(stark, { ...second, epoch: 4n }, ofThief);
      assert.equal(code(pair(early, before)), 'retired');
    }
  }
  // Begun by the new key: what the old one signed before the change is not its word.
  const young = starkChain(NEW);
  const anew = (epoch: bigint) => sideOf(young, { ...second, epoch }, { secret: NEW });
  assert.match(code(pair(anew(4n), before)), /^EVIDENCE_SIGNER/);
  assert.equal(code(pair(anew(6n), byNew)), 'signed');
});

test('such evidence that was altered anywhere is none', () => {
  const keyChanges = listOf(poseidon, 2n);
  const lie = { ...second, stateHash: 7n };
  const texts = [
    pair(sideOf(stark, second), sideOf(poseidon, lie, { secret: NEW, keyChanges })),
    {
      ...{ kind: 'headers' as const, genesis: stark.genesis },
      headers: [signedOf(stark, second), signedOf(stark, lie)],
    },
    {
      ...{ kind: 'header' as const, genesis: stark.genesis, epoch: signedOf(stark, second) },
      receipt: new TestLog(NODE).append([1]).append([2, 9]).receipt(1).bytes,
      headBefore: at(log.groups, 0).head,
      groups: log.groups.slice(1).map(({ payload }) => payload),
      certificates: [certificateOf(publicKeyOf(NODE), OLD)],
    },
  ].map(evidenceText);
  const places = texts.flatMap((text) => {
    assert(checkEvidence(text).ok);
    const own = text.matchAll(/(?<=[0-9a-f]{40})[0-9a-f]/g);
    return [...own].map(({ index }) => ({ text, index }));
  });
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.nat(14), ({ text, index }, digit) => {
      const digits = '0123456789abcdef'.replace(text[index] ?? '', '');
      const altered = `${text.slice(0, index)}${digits[digit]}${text.slice(index + 1)}`;
      assert(!checkEvidence(altered).ok, `at ${index}`);
    }),
    { numRuns: 80 },
  );
});

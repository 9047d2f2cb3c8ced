/** Changes of the operator's key: the list's form, what it may say, and what follows from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAccountProof, encodeAccountProof } from './account-proof.ts';
import { at } from './assert.ts';
import { bytesToHex, hexToBytes } from './bytes.ts';
import { decodeEpochFile } from './epoch-file.ts';
import {
  decodeKeyChanges,
  encodeKeyChanges,
  KEY_CHANGES_FILE,
  KEY_CHANGES_MAX,
  type KeyChange,
  signKeyChange,
} from './key-changes.ts';
import { CHANGE_LEFT_OUT } from './level-claims.ts';
import { keyListConflict, keyOfEpoch, operatorKeys, readOperatorKeys } from './operator-keys.ts';
import { chainCertifier } from './receipt-check.ts';
import { publicKeyOf } from './signature.ts';
import { ChainBuilder, filled } from './testing/chain-builder.ts';
import { checkDecoder, flipBit } from './testing/fuzz.ts';
import { memorySource } from './testing/memory-store.ts';
import { certificateOf } from './testing/receipts.ts';
import { everyKind, record } from './testing/records.ts';
import { readVectors } from './testing/vectors.ts';
import { type ChainOptions, verifyChain } from './verify-chain.ts';

const [FIRST, SECOND, THIRD, OTHER] = [7, 21, 22, 23].map(filled) as [
  ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array],
];
const operatorKey = publicKeyOf(FIRST);
const chainId = filled(3);
const change = (firstEpoch: bigint, oldSecret = FIRST, newSecret = SECOND, chain = chainId) =>
  signKeyChange({ chainId: chain, firstEpoch }, oldSecret, newSecret);
const twoChanges = [change(4n), change(9n, SECOND, THIRD)];

function listVerdict(changes: readonly KeyChange[], chain = chainId): string {
  const keys = operatorKeys({ operatorKey }, chain, changes);
  return keys.ok ? 'accepted' : keys.code;
}

function keysOf(changes: readonly KeyChange[]) {
  const keys = operatorKeys({ operatorKey }, chainId, changes);
  assert(keys.ok);
  return keys;
}

test('a list has one form, and counts that it does not hold are refused', () => {
  const file = encodeKeyChanges(twoChanges);
  assert.equal(file.length, 12 + 2 * 168);
  checkDecoder(file, decodeKeyChanges, encodeKeyChanges, 100);
  const empty = decodeKeyChanges(encodeKeyChanges([]));
  assert(!empty.ok && /no change/.test(empty.error.message));
  const most = Array.from({ length: KEY_CHANGES_MAX }, () => at(twoChanges, 0));
  assert(decodeKeyChanges(encodeKeyChanges(most)).ok);
  const more = new Uint8Array(12 + 168 * (KEY_CHANGES_MAX + 1));
  more.set(file.subarray(0, 8));
  more[8] = KEY_CHANGES_MAX + 1;
  const refusedList = decodeKeyChanges(more);
  assert(!refusedList.ok && /64 are the most/.test(refusedList.error.message));
  for (const offset of [0, 4, 6]) {
    const decoded = decodeKeyChanges(flipBit(file, offset, 1));
    assert(!decoded.ok && decoded.error.code === 'KEY_CHANGES_FORMAT', `offset ${offset}`);
  }
});

test('the bytes of a change, and its two signatures, are those of the vector', () => {
  const vector = readVectors<{
    readonly chainId: string;
    readonly secrets: readonly string[];
    readonly firstEpochs: readonly string[];
    readonly bytes: string;
  }>('key-changes');
  const secrets = vector.secrets.map(hexToBytes);
  const changes = vector.firstEpochs.map((firstEpoch, index) =>
    change(
      BigInt(firstEpoch),
      at(secrets, index),
      at(secrets, index + 1),
      hexToBytes(vector.chainId),
    ),
  );
  assert.equal(bytesToHex(encodeKeyChanges(changes)), vector.bytes);
});

test('no byte of a list can change unseen', () => {
  const file = encodeKeyChanges(twoChanges);
  assert(readOperatorKeys({ operatorKey }, chainId, file).ok);
  for (let index = 0; index < file.length; index++) {
    const bytes = flipBit(file, index, index % 8);
    assert(!readOperatorKeys({ operatorKey }, chainId, bytes).ok, `byte ${index}`);
  }
});

test('the key of an epoch is that of the last change that begins no later', () => {
  const keys = keysOf(twoChanges);
  const [first, second, third] = [FIRST, SECOND, THIRD].map(publicKeyOf);
  for (const [epoch, key] of [
    ...([0n, 3n] as const).map((epoch) => [epoch, first] as const),
    ...([4n, 8n] as const).map((epoch) => [epoch, second] as const),
    ...([9n, 2n ** 64n - 1n] as const).map((epoch) => [epoch, third] as const),
  ]) {
    assert.deepEqual(keyOfEpoch(keys, epoch), key, `epoch ${epoch}`);
  }
  assert.deepEqual(keyOfEpoch(keysOf([change(0n)]), 0n), second);
  const node = publicKeyOf(OTHER);
  const certifier = (...secrets: readonly Uint8Array[]) =>
    chainCertifier(
      node,
      keys,
      secrets.map((secret) => certificateOf(node, secret)),
    );
  assert.equal(certifier(OTHER), undefined);
  assert.deepEqual(certifier(FIRST), { operatorKey: first, endEpoch: 4n });
  assert.deepEqual(certifier(SECOND, FIRST, OTHER), { operatorKey: second, endEpoch: 9n });
  assert.deepEqual(certifier(FIRST, THIRD), { operatorKey: third, endEpoch: undefined });
});

test('changes out of order, to unsound or used keys, or not signed by both are refused', () => {
  const [one, two] = [at(twoChanges, 0), at(twoChanges, 1)];
  assert.equal(listVerdict(twoChanges), 'accepted');
  const small = { ...one, newKey: hexToBytes('01'.padEnd(64, '0')) };
  const noPoint = { ...one, newKey: filled(2) };
  const stranger = change(9n, OTHER, THIRD);
  const cases: readonly (readonly [string, string, readonly KeyChange[]])[] = [
    ['the same epoch', 'KEY_CHANGE_ORDER', [one, change(4n, SECOND, THIRD)]],
    ['an earlier epoch', 'KEY_CHANGE_ORDER', [one, change(3n, SECOND, THIRD)]],
    ['a key of small order', 'KEY_CHANGE_KEY', [small]],
    ['no key', 'KEY_CHANGE_KEY', [noPoint]],
    ['the same key', 'KEY_CHANGE_KEY', [change(4n, FIRST, FIRST)]],
    ['a key that was used before', 'KEY_CHANGE_KEY', [one, change(9n, SECOND, FIRST)]],
    ['the first left out', 'KEY_CHANGE_SIGNATURE', [two]],
    ['another one twice', 'KEY_CHANGE_SIGNATURE', [one, change(9n, FIRST, THIRD)]],
    ["a stranger's", 'KEY_CHANGE_SIGNATURE', [one, stranger]],
    ['another epoch', 'KEY_CHANGE_SIGNATURE', [{ ...one, firstEpoch: 5n }]],
    ['another key', 'KEY_CHANGE_SIGNATURE', [{ ...one, newKey: publicKeyOf(THIRD) }]],
    ['no word of the old key', 'KEY_CHANGE_SIGNATURE', [{ ...one, signature: one.consent }]],
    ['no word of the new key', 'KEY_CHANGE_SIGNATURE', [{ ...one, consent: one.signature }]],
  ];
  for (const [name, code, list] of cases) assert.equal(listVerdict(list), code, name);
  assert.equal(listVerdict(twoChanges, filled(4)), 'KEY_CHANGE_SIGNATURE', 'another chain');
});

test('lists that part are told from those that go on', () => {
  const [one] = twoChanges;
  assert(one !== undefined);
  for (const shorter of [[], [one]]) {
    assert.equal(keyListConflict(keysOf(shorter), keysOf(twoChanges)), undefined);
    assert.equal(keyListConflict(keysOf(twoChanges), keysOf(shorter)), undefined);
  }
  for (const [other, signer] of [
    [[change(5n)], FIRST],
    [[change(4n, FIRST, OTHER)], FIRST],
    [[one, change(10n, SECOND, THIRD)], SECOND],
    [[one, change(9n, SECOND, OTHER)], SECOND],
  ] as const) {
    const conflict = keyListConflict(keysOf(twoChanges), keysOf(other));
    assert.deepEqual(conflict?.signer, publicKeyOf(signer));
    assert.match(conflict.words, /was changed to [0-9a-f]{64} from epoch \d+ on, and to/);
  }
});

/** Three epochs, the last two by another key. */
function rotated(): ChainBuilder {
  const chain = new ChainBuilder();
  chain.addEpoch(everyKind);
  chain.changeKey(SECOND);
  chain.addEpoch([record.depositBase(5, 4)]);
  chain.addEpoch([record.depositBase(6, 4)]);
  return chain;
}

async function verdict(
  chain: ChainBuilder,
  files: ReadonlyMap<string, Uint8Array>,
  options: ChainOptions = {},
): Promise<string> {
  const { trustedKeys } = chain;
  const result = await verifyChain(memorySource(files), { trustedKeys, ...options });
  if (result.ok) return 'accepted';
  return [result.firstFailure.code, result.firstFailure.epoch].join(' ').trim();
}

test('a chain goes on under the key that it was changed to, and says so', async () => {
  const chain = rotated();
  const { trustedKeys } = chain;
  const result = await verifyChain(memorySource(chain.files), { trustedKeys });
  assert(
    result.ok,
    JSON.stringify(result, (_, value) => String(value)),
  );
  const [first, second] = [FIRST, SECOND].map((secret) => bytesToHex(publicKeyOf(secret)));
  const terms = [
    { firstEpoch: 0n, key: first },
    { firstEpoch: 1n, key: second },
  ];
  assert.deepEqual(result.operatorKeys, terms);
  assert(result.shown.some((claim) => claim.includes('signed by its epoch')));
  assert(result.notShown.some((claim) => claim.includes('nobody else has a key that was changed')));
  // An earlier key shows nothing of later changes.
  for (const [operatorKey, isLast] of [
    [undefined, false],
    [first, false],
    [second?.toUpperCase(), true],
  ] as const) {
    const pin = operatorKey === undefined ? {} : { operatorKey };
    const pinned = await verifyChain(memorySource(chain.files), { trustedKeys, ...pin });
    assert(pinned.ok);
    assert.equal(pinned.notShown.includes(CHANGE_LEFT_OUT), !isLast, operatorKey);
  }
});

test('a list that is missing, foreign or does not lead to the signer is refused', async () => {
  const chain = rotated();
  const withList = (list: Uint8Array | undefined) => {
    const files = new Map(chain.files);
    if (list === undefined) files.delete(KEY_CHANGES_FILE);
    else files.set(KEY_CHANGES_FILE, list);
    return verdict(chain, files);
  };
  const list = (firstEpoch: bigint, newSecret = SECOND) =>
    encodeKeyChanges([change(firstEpoch, FIRST, newSecret, chain.genesisHash)]);
  assert.equal(await withList(list(1n)), 'accepted');
  assert.equal(await withList(undefined), 'HEADER_SIGNATURE 1');
  assert.equal(await withList(list(0n)), 'HEADER_SIGNATURE 0');
  assert.equal(await withList(list(2n)), 'HEADER_SIGNATURE 1');
  assert.equal(await withList(list(1n, OTHER)), 'HEADER_SIGNATURE 1');
  assert.equal(await withList(encodeKeyChanges([change(1n)])), 'KEY_CHANGE_SIGNATURE');
  assert.equal(await withList(new Uint8Array(9)), 'KEY_CHANGES_FORMAT');
  const file = list(1n);
  for (let index = 0; index < file.length; index += 13) {
    const code = await withList(flipBit(file, index, index % 8));
    assert.match(code, /^KEY_CHANGE/, `byte ${index}`);
  }
});

test('whoever has the old key can fork, and who knows the new one is not taken in', async () => {
  const chain = rotated();
  const forged = new ChainBuilder();
  forged.addEpoch(everyKind);
  forged.addEpoch([record.depositBase(9, 4_000)]);
  assert.deepEqual(forged.genesisHash, chain.genesisHash);
  const [old, now] = [FIRST, SECOND].map((secret) => bytesToHex(publicKeyOf(secret)));
  assert(old !== undefined && now !== undefined);
  assert.equal(await verdict(forged, forged.files), 'accepted');
  assert.equal(await verdict(forged, forged.files, { operatorKey: now }), 'OPERATOR_KEY');
  assert.equal(await verdict(forged, forged.files, { operatorKey: old }), 'accepted');
  for (const operatorKey of [old, now, now.toUpperCase()]) {
    assert.equal(await verdict(chain, chain.files, { operatorKey }), 'accepted');
  }
});

test('an account proof carries the changes that lead to its signer', () => {
  const chain = rotated();
  const epoch = decodeEpochFile(chain.files.get('epochs/00000002.fbe') ?? new Uint8Array());
  assert(epoch.ok);
  const { headerBytes, signature } = epoch.value;
  const open = (id: number) => ({ ...chain.tree.get(id), path: chain.tree.path(id) });
  const genesis = chain.files.get('genesis.fbg') ?? new Uint8Array();
  const proof = { genesis, headerBytes, signature, account: 6, leaf: open(6), supply: open(0) };
  const proofOf = (keyChanges: readonly KeyChange[]) =>
    encodeAccountProof({ chain: 'poseidon', ...proof, keyChanges });
  const result = checkAccountProof(proofOf(chain.keyChanges));
  assert(result.ok);
  assert.equal(result.operatorKey, bytesToHex(publicKeyOf(SECOND)));
  const refusedFor = (keyChanges: readonly KeyChange[]) => {
    const checked = checkAccountProof(proofOf(keyChanges));
    return checked.ok ? 'accepted' : checked.code;
  };
  assert.equal(refusedFor([]), 'HEADER_SIGNATURE');
  assert.equal(refusedFor([change(1n)]), 'KEY_CHANGE_SIGNATURE');
  assert.equal(refusedFor([change(3n, FIRST, SECOND, chain.genesisHash)]), 'HEADER_SIGNATURE');
  const bytes = proofOf(chain.keyChanges);
  for (let index = bytes.length - 172; index < bytes.length; index += 5) {
    assert(!checkAccountProof(flipBit(bytes, index, index % 8)).ok, `byte ${index}`);
  }
});

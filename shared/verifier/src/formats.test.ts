import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import type { AcceptedKey } from './accepted-keys.ts';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from './bytes.ts';
import { decode } from './decoding.ts';
import { decodeEpochFile, encodeEpochFile } from './epoch-file.ts';
import { decodeGenesis, encodeGenesis, type Genesis, genesisHash } from './genesis.ts';
import { decodeHeader, type EpochHeader, encodeHeader, headerHash } from './header.ts';
import {
  encodeChanges,
  RULES_START,
  type RuleChange,
  readChanges,
  rulesHashAfter,
} from './rules.ts';
import { headerIsSigned, publicKeyOf, signHeader } from './signature.ts';
import { checkDecoder, flipBit } from './testing/fuzz.ts';
import { readVectors } from './testing/vectors.ts';
import {
  digestListHash,
  drawChallenge,
  encodeDigestList,
  type ListedAccounts,
  type ListedBatch,
  usableChallenge,
} from './transcript.ts';

/** Bytes as hex, numbers beyond 2^53 as decimal strings. */
type Texts<T> = {
  readonly [K in keyof T]: T[K] extends bigint | Uint8Array ? string : T[K];
};
type GenesisTexts = Omit<Texts<Genesis>, 'keys'> & { readonly keys: readonly Texts<AcceptedKey>[] };

const vectors = readVectors<{
  readonly genesis: { fields: GenesisTexts; bytes: string; hash: string };
  readonly header: { fields: Texts<EpochHeader>; bytes: string; hash: string };
  readonly digestList: {
    batches: readonly Texts<ListedBatch>[];
    accounts: readonly Texts<ListedAccounts>[];
    bytes: string;
    hash: string;
  };
  readonly challenge: { x: string; y: string };
  readonly epochFile: {
    signature: string;
    proof: string;
    batchAccs: readonly string[];
    accountAccs: readonly string[];
    bytes: string;
  };
  readonly rules: {
    changes: readonly Texts<RuleChange>[];
    bytes: string;
    creationHash: string;
    firstHash: string;
    secondHash: string;
  };
}>('formats');

const headerFile = hexToBytes(vectors.header.bytes);
const genesisFile = hexToBytes(vectors.genesis.bytes);
const epochFile = hexToBytes(vectors.epochFile.bytes);

/** A value with its bytes as hex and its bigints as decimal strings. */
function texts(value: object): Record<string, unknown> {
  const text = (field: unknown): unknown => {
    if (field instanceof Uint8Array) return bytesToHex(field);
    return typeof field === 'bigint' ? field.toString() : field;
  };
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, text(field)]));
}

const genesisTexts = (genesis: Genesis) => ({ ...texts(genesis), keys: genesis.keys.map(texts) });

test('header: fields, bytes and hash', () => {
  const decoded = decodeHeader(headerFile);
  assert(decoded.ok);
  assert.deepEqual(texts(decoded.value), vectors.header.fields);
  assert.equal(bytesToHex(encodeHeader(decoded.value)), vectors.header.bytes);
  assert.equal(bytesToHex(headerHash(headerFile)), vectors.header.hash);
  checkDecoder(headerFile, decodeHeader, encodeHeader);
});

test('header: reserved fields, version, chain kind and roots beyond the field are refused', () => {
  for (const offset of [0, 4, 6, 7, 12]) {
    const decoded = decodeHeader(flipBit(headerFile, offset, 1));
    assert(!decoded.ok, `offset ${offset}`);
    assert.equal(decoded.error.code, 'HEADER_FORMAT');
    assert.equal(decoded.error.offset, offset);
  }
  const wild = headerFile.slice();
  wild.fill(0xff, 256, 288);
  const decoded = decodeHeader(wild);
  assert(!decoded.ok);
  assert.equal(decoded.error.offset, 256);
});

test('genesis: fields, bytes and hash', () => {
  const decoded = decodeGenesis(genesisFile);
  assert(decoded.ok);
  assert.deepEqual(genesisTexts(decoded.value), vectors.genesis.fields);
  assert.equal(bytesToHex(encodeGenesis(decoded.value)), vectors.genesis.bytes);
  assert.equal(bytesToHex(genesisHash(genesisFile)), vectors.genesis.hash);
  checkDecoder(genesisFile, decodeGenesis, encodeGenesis);
});

test('genesis: names of other letters or lengths are refused', () => {
  const decoded = decodeGenesis(genesisFile);
  assert(decoded.ok);
  for (const name of ['', 'btc', 'BTC/USD', '..', 'BTC USD', 'X'.repeat(33)]) {
    assert(!decodeGenesis(encodeGenesis({ ...decoded.value, name })).ok, name);
  }
  const longest = 'X'.repeat(32);
  assert(decodeGenesis(encodeGenesis({ ...decoded.value, name: longest })).ok);
});

test('digest list and challenge', () => {
  const batches = vectors.digestList.batches.map(({ size, backEnd, seq0, count, digest }) => {
    return { size, backEnd, seq0: BigInt(seq0), count, digest: BigInt(digest) };
  });
  const accounts = vectors.digestList.accounts.map(({ size, backEnd, count, digest, rootOut }) => {
    return { size, backEnd, count, digest: BigInt(digest), rootOut: BigInt(rootOut) };
  });
  const list = encodeDigestList(batches, accounts);
  assert.equal(bytesToHex(list), vectors.digestList.bytes);
  assert.equal(bytesToHex(digestListHash(list)), vectors.digestList.hash);
  const decoded = decodeGenesis(genesisFile);
  assert(decoded.ok);
  const { keys } = decoded.value;
  const challenge = drawChallenge(headerFile, keys, list);
  assert(challenge);
  assert.deepEqual(texts(challenge), vectors.challenge);
  const others = [
    drawChallenge(flipBit(headerFile, 20, 0), keys, list),
    drawChallenge(headerFile, keys.toReversed(), list),
    drawChallenge(headerFile, keys.slice(1), list),
    drawChallenge(headerFile, keys, flipBit(list, 20, 0)),
  ].map((other) => other?.x);
  assert.equal(new Set([challenge.x, ...others]).size, 5);
});

test('a challenge below 2^24 is refused', () => {
  assert.equal(usableChallenge({ x: 2n ** 24n - 1n, y: 5n }), undefined);
  assert.deepEqual(usableChallenge({ x: 2n ** 24n, y: 5n }), { x: 2n ** 24n, y: 5n });
});

test('epoch file: contents and bytes', () => {
  const decoded = decodeEpochFile(epochFile);
  assert(decoded.ok);
  const { value } = decoded;
  const { signature, proof, batchAccs, accountAccs } = vectors.epochFile;
  assert.equal(bytesToHex(value.headerBytes), vectors.header.bytes);
  assert.equal(bytesToHex(value.signature), signature);
  assert.deepEqual(value.changes.map(texts), vectors.rules.changes.slice(2));
  assert.deepEqual(
    value.batches.map(texts),
    vectors.digestList.batches.map(({ size, backEnd, count, digest }, i) => {
      return { backEnd, size, count, digest, acc: batchAccs[i], proof };
    }),
  );
  assert.deepEqual(
    value.accounts.map(texts),
    vectors.digestList.accounts.map(({ size, backEnd, count, digest, rootOut }, i) => {
      return { rootOut, backEnd, size, count, digest, acc: accountAccs[i], proof };
    }),
  );
  checkDecoder(epochFile, decodeEpochFile, encodeEpochFile);
});

test('epoch file: counts beyond its length are refused before anything is read', () => {
  const changed = epochFile.slice();
  changed.fill(0xff, 8 + 228, 8 + 232);
  const decoded = decodeEpochFile(changed);
  assert(!decoded.ok);
  assert.match(decoded.error.message, /2 batches, the header has 4294967295/);
});

test('changes of the rules: contents, bytes and the chain over them', () => {
  const { changes, bytes, creationHash, firstHash, secondHash } = vectors.rules;
  const decodeChanges = (file: Uint8Array) =>
    decode(file, 'EPOCH_FILE_FORMAT', 'changes', (r) => readChanges(r, r.unsigned(4)));
  const decoded = decodeChanges(hexToBytes(bytes));
  assert(decoded.ok);
  const { value } = decoded;
  assert.deepEqual(value.map(texts), changes);
  const first = rulesHashAfter(RULES_START, value.slice(0, 2));
  assert.equal(bytesToHex(rulesHashAfter(RULES_START, value.slice(0, 1))), creationHash);
  assert.equal(bytesToHex(first), firstHash);
  assert.equal(bytesToHex(rulesHashAfter(first, value.slice(2))), secondHash);
  assert.equal(bytesToHex(rulesHashAfter(first, [])), firstHash);
  checkDecoder(hexToBytes(bytes), decodeChanges, encodeChanges);
});

test('genesis: a list of keys that is not ascending, or lacks a role, is refused', () => {
  const decoded = decodeGenesis(genesisFile);
  assert(decoded.ok);
  const { keys } = decoded.value;
  const [first] = keys;
  assert(first !== undefined);
  for (const [list, words] of [
    [keys.toReversed(), /not behind the one before/],
    [[first, ...keys], /not behind the one before/],
    [keys.filter(({ role }) => role === 'batch'), /no Groth16 key for accounts proofs/],
    [keys.filter(({ role, backEnd }) => role !== 'batch' || backEnd === 2), /no Groth16 key/],
    [[], /no Groth16 key for batch proofs/],
    [[{ ...first, backEnd: 3 }, ...keys.slice(1)], /back end 3 is not known/],
    [[{ ...first, size: 0 }, ...keys.slice(1)], /no rows/],
  ] as const) {
    const refusedGenesis = decodeGenesis(encodeGenesis({ ...decoded.value, keys: list }));
    assert(!refusedGenesis.ok);
    assert.match(refusedGenesis.error.message, words);
  }
});

test('files of the first version are named as such, with what to do', () => {
  for (const [file, decodeFile] of [
    [genesisFile, decodeGenesis],
    [headerFile, decodeHeader],
    [epochFile, decodeEpochFile],
  ] as const) {
    const older = file.slice();
    older[4] = 1;
    const decoded = decodeFile(older);
    assert(!decoded.ok);
    assert.match(decoded.error.message, /version 1; .* version 2: read it with the release that/);
  }
});

test("signatures are node's too, and hold for nothing else", () => {
  const secret = new Uint8Array(32).fill(9);
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secret]);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const message = concatBytes(utf8ToBytes('foldbook/epoch-header/v2\n'), headerFile);
  const signature = signHeader(headerFile, secret);
  assert.equal(bytesToHex(signature), sign(null, message, privateKey).toString('hex'));
  assert(verify(null, message, createPublicKey(privateKey), signature));

  const key = publicKeyOf(secret);
  assert(headerIsSigned(headerFile, signature, key));
  assert(!headerIsSigned(flipBit(headerFile, 200, 3), signature, key));
  assert(!headerIsSigned(headerFile, signature, publicKeyOf(new Uint8Array(32).fill(8))));
  for (let index = 0; index < 64; index += 7) {
    assert(!headerIsSigned(headerFile, flipBit(signature, index, 2), key));
  }
  // Keys of small order accept a signature of theirs for any message, if they are let.
  for (const first of [0, 1]) {
    const small = new Uint8Array(32);
    small[0] = first;
    const forged = new Uint8Array(64);
    forged[0] = first;
    assert(!headerIsSigned(headerFile, forged, small));
  }
  assert(!headerIsSigned(headerFile, signature.slice(1), key));
});

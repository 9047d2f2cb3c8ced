/** Files of the STARK chain, byte by byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { airDigest, DEFAULT_PARAMETERS, STATEMENT_BYTES } from '@foldbook/stark/verify';
import { decodeEpochFile } from '../epoch-file.ts';
import { decodeGenesis } from '../genesis.ts';
import { filled } from '../testing/chain-builder.ts';
import { decodeStarkEpochFile, encodeStarkEpochFile } from './epoch-file.ts';
import { decodeStarkGenesis, encodeStarkGenesis, isStarkGenesis } from './genesis.ts';
import { decodeStarkHeader, encodeStarkHeader, STARK_HEADER_BYTES } from './header.ts';

const genesis = {
  market: 3,
  name: 'BTC-USD',
  nonce: filled(1),
  operatorKey: filled(2),
  emptyRoot: filled(3),
  rulesHash: filled(4),
  airDigest: airDigest(),
  parameters: DEFAULT_PARAMETERS,
};
const header = {
  ...{ market: 3, epoch: 5n, chainId: filled(5), previous: filled(6), rulesHash: filled(7) },
  ...{ logHeadStart: filled(8), logHeadEnd: filled(9), logFirst: 1n, logLast: 2n },
  ...{ sequenceFirst: 3n, sequenceLast: 4n, recordFirst: 5n, recordCount: 6, changeCount: 0 },
  ...{ stateHash: 7n, timeNs: -8n, rootOld: filled(10), rootNew: filled(255) },
  ...{ digestListHash: filled(11), dataDigest: filled(12), partCount: 1, accountsRoot: filled(13) },
};
const headerBytes = encodeStarkHeader(header);
const epoch = {
  ...{ headerBytes, signature: new Uint8Array(64), changes: [] },
  parts: [{ statement: new Uint8Array(STATEMENT_BYTES).fill(1), proof: filled(14) }],
};

test('what is written is read again, and by no reader of the other chain', () => {
  const file = encodeStarkGenesis(genesis);
  assert.deepEqual(decodeStarkGenesis(file), { ok: true, value: genesis });
  assert(isStarkGenesis(file) && !decodeGenesis(file).ok);
  assert.equal(headerBytes.length, STARK_HEADER_BYTES);
  assert.deepEqual(decodeStarkHeader(headerBytes), { ok: true, value: header });
  const epochFile = encodeStarkEpochFile(epoch);
  assert.deepEqual(decodeStarkEpochFile(epochFile), { ok: true, value: { ...epoch, header } });
  assert(!decodeEpochFile(epochFile).ok);
});

test('the own fields stand behind what all chains have', () => {
  const file = encodeStarkGenesis(genesis);
  assert.deepEqual(file.slice(-36, -4), airDigest());
  assert.deepEqual([...file.slice(-4)], [2, 92, 20, 0]);
  assert.equal(headerBytes[6], 2);
  assert.deepEqual(headerBytes.slice(-32), filled(13));
});

/** Where a reader stops, of a file with one byte changed. */
function refusedAt(
  decode: (bytes: Uint8Array) => { ok: boolean; error?: { offset: number } },
  file: Uint8Array,
  at: number,
  value: number,
): number | undefined {
  const changed = file.slice();
  changed[at] = value;
  return decode(changed).error?.offset;
}

test('reserved bytes, lengths and parameters that are none are refused', () => {
  const file = encodeStarkGenesis(genesis);
  const end = file.length;
  assert.equal(refusedAt(decodeStarkGenesis, file, end - 1, 1), end - 1);
  assert.equal(refusedAt(decodeStarkGenesis, file, end - 4, 9), end - 4);
  assert(!decodeStarkGenesis(file.subarray(1)).ok);
  assert.notEqual(refusedAt(decodeStarkHeader, headerBytes, 6, 1), undefined);
  assert.notEqual(refusedAt(decodeStarkHeader, headerBytes, 232, 1), undefined, 'account proofs');
  const epochFile = encodeStarkEpochFile(epoch);
  for (let cut = 1; cut < 60; cut++) assert(!decodeStarkEpochFile(epochFile.subarray(0, -cut)).ok);
  const many = { ...epoch, headerBytes: encodeStarkHeader({ ...header, partCount: 2 ** 32 - 1 }) };
  assert(!decodeStarkEpochFile(encodeStarkEpochFile(many)).ok);
});

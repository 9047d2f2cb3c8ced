import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decodeEpochPublished,
  decodeProofAnswer,
  decodeProofQuestion,
  encodeEpochProved,
  encodeEpochPublished,
  encodeProofQuestion,
  encodeProofRefusal,
  encodeProofStatus,
} from './proof.ts';
import { refuse } from './result.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const mapOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

const PROOF = {
  ...{ epoch: 1, sequenceFirst: 11, sequenceLast: 20, headerHash: 'ab', rootNew: 'cd' },
  ...{ recordCount: 3, level: 'settlement', path: 'BTC-USD/epochs/00000001.fbe' },
};
const STATUS = {
  ...{ market: 'BTC-USD', epochs: 2, provedTo: 20, recordsBacklog: 0, devKeys: true },
  ...{ stopped: null, proof: PROOF },
};

describe('a question for a proof', () => {
  it('is read as it was written', () => {
    const sequences = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(sequences, (sequence) => {
        const read = decodeProofQuestion(encodeProofQuestion(sequence));
        assert.deepEqual(read, { ok: true, value: sequence });
      }),
    );
    assert.deepEqual(mapOf(encodeProofQuestion(7)), { v: 1, sequence: 7 });
  });

  it('is refused where it has no market sequence', () => {
    const long = `{"sequence":1${' '.repeat(300)}}`;
    for (const wrong of ['', '7', 'null', '{}', '{"sequence":0}', '{"sequence":1.5}', long]) {
      const read = decodeProofQuestion(bytesOf(wrong));
      assert.equal(read.ok ? 'taken' : read.name, 'FIELD_RANGE', wrong);
    }
  });
});

describe('an answer about a proof', () => {
  it('is read as it was written', () => {
    const statuses = [STATUS, { ...STATUS, proof: null }, { ...STATUS, stopped: 'no room' }];
    for (const status of statuses) {
      const read = decodeProofAnswer(encodeProofStatus(status));
      assert.deepEqual(read, { ok: true, value: { isRefused: false, status } });
    }
    const refusal = encodeProofRefusal(refuse('FIELD_RANGE', 0, 'a sequence'));
    const said = { name: 'FIELD_RANGE', detail: 'a sequence' };
    assert.deepEqual(mapOf(refusal), { v: 1, code: 107, ...said });
    assert.deepEqual(decodeProofAnswer(refusal), { ok: true, value: { isRefused: true, ...said } });
  });

  it('is refused where a field is missing, or is of another type', () => {
    const answer = mapOf(encodeProofStatus(STATUS));
    const later = bytesOf(JSON.stringify({ ...answer, more: 1 }));
    assert(decodeProofAnswer(later).ok, 'later versions may have more');
    const changed = [undefined, [], -1].flatMap((value) => [
      ...Object.keys(STATUS).map((key) => ({ ...answer, [key]: value })),
      ...Object.keys(PROOF).map((key) => ({ ...answer, proof: { ...PROOF, [key]: value } })),
    ]);
    const texts = changed.map((fields) => JSON.stringify(fields));
    for (const text of ['', '7', 'null', ...texts]) {
      assert(!decodeProofAnswer(bytesOf(text)).ok, text);
    }
  });
});

it('a notice has the version of its fields', () => {
  const { level, path, ...facts } = PROOF;
  const notice = { market: 'BTC-USD', ...facts, proofs: 2, ms: 1.5 };
  assert.deepEqual(mapOf(encodeEpochProved(notice)), { v: 1, ...notice });
});

it('a notice of published data is read as it was written, or refused', () => {
  const digest = 'ab'.repeat(32);
  const notice = {
    ...{ epoch: 3, sequenceFirst: 5, sequenceLast: 9, recordFirst: 0, recordCount: 4, accounts: 2 },
    ...{ market: 'BTC-USD', recordsDigest: digest, diffsDigest: digest },
    ...{ recordsPath: 'BTC-USD/epochs/00000003.fbr', diffsPath: 'BTC-USD/epochs/00000003.fbd' },
  };
  const bytes = encodeEpochPublished(notice);
  assert.deepEqual(mapOf(bytes), { v: 1, ...notice });
  assert.deepEqual(decodeEpochPublished(bytes), { ok: true, value: notice });
  for (const key of Object.keys(notice)) {
    for (const value of [undefined, -1, []]) {
      const wrong = bytesOf(JSON.stringify({ ...notice, [key]: value }));
      assert(!decodeEpochPublished(wrong).ok, key);
    }
  }
  assert(!decodeEpochPublished(bytesOf('7')).ok);
});

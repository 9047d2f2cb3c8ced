import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_PARAMETERS, decodeParameters, encodeParameters } from './parameters.ts';

test('parameters are read as they were written', () => {
  for (const logBlowup of [2, 3]) {
    const parameters = { ...DEFAULT_PARAMETERS, logBlowup };
    const bytes = encodeParameters(parameters);
    assert.deepEqual(bytes, Uint8Array.of(logBlowup, 88, 20));
    assert.deepEqual(decodeParameters(bytes), { ok: true, value: parameters });
  }
});

test('what no proof can have is refused', () => {
  const refused: [number[], RegExp][] = [
    [[1, 84, 20], /log blowup 1/],
    [[4, 84, 20], /log blowup 4/],
    [[2, 0, 20], /0 queries/],
    [[2, 84, 31], /31 bits of work/],
    [[2, 84], /3 bytes, not 2/],
    [[2, 84, 20, 0], /3 bytes, not 4/],
  ];
  for (const [bytes, reason] of refused) {
    const decoded = decodeParameters(Uint8Array.from(bytes));
    assert.ok(!decoded.ok && reason.test(decoded.reason), JSON.stringify(decoded));
  }
});

test('the prover cannot write them either', () => {
  for (const queries of [0, 1.5, 256, Number.NaN]) {
    assert.throws(() => encodeParameters({ ...DEFAULT_PARAMETERS, queries }), /queries/);
  }
});

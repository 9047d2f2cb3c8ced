import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { decodeSettled, encodeSettled } from './settled.ts';
import { MAX_TERM } from './term.ts';

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });

describe('a settled position', () => {
  it('is read as it was written', () => {
    const term = fc.integer({ min: 1, max: MAX_TERM });
    const fields = { term, log: count, reports: count, diffs: count };
    const any = fc.record(fields, { noNullPrototype: true });
    fc.assert(
      fc.property(any, (settled) => {
        assert.deepEqual(decodeSettled(encodeSettled(settled)), { ok: true, value: settled });
      }),
    );
  });

  it('is refused where a field is missing, or is no count', () => {
    const whole = { v: 1, term: 5, log: 9, reports: 3, diffs: 4 };
    assert(decodeSettled(encode({ ...whole, more: 1 })).ok, 'later versions may have more');
    const wrong = [
      ...Object.keys(whole).map((name) => ({ ...whole, [name]: undefined })),
      ...Object.keys(whole).map((name) => ({ ...whole, [name]: -1 })),
      ...Object.keys(whole).map((name) => ({ ...whole, [name]: 2 ** 60 })),
      { ...whole, term: 0 },
      { ...whole, v: 2 },
    ];
    for (const fields of wrong) assert(!decodeSettled(encode(fields)).ok, JSON.stringify(fields));
    assert(!decodeSettled(encode([1])).ok);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => !decodeSettled(bytes).ok));
  });
});

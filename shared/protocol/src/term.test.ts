import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RECORD_BYTES } from './layout.ts';
import { cutNodeName, decodeTerm, encodeTerm, MAX_NODE_NAME_BYTES, MAX_TERM } from './term.ts';

const terms = fc.record({
  term: fc.integer({ min: 1, max: MAX_TERM }),
  node: fc.string({ unit: 'grapheme' }).map(cutNodeName),
  timeNs: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  previous: fc.maxSafeNat(),
});

test('terms are read as they were written', () => {
  fc.assert(
    fc.property(terms, (term) => {
      const decoded = decodeTerm(encodeTerm(term));
      assert.deepEqual(decoded, { ok: true, value: { ...term } });
    }),
  );
});

test('names are cut between characters', () => {
  assert.equal(cutNodeName('a'.repeat(100)), 'a'.repeat(MAX_NODE_NAME_BYTES));
  assert.equal(cutNodeName('é'.repeat(100)), 'é'.repeat(31));
  assert.equal(cutNodeName('market-0@host'), 'market-0@host');
});

test('any change of a term is refused, or read as another one', () => {
  const whole = encodeTerm({ term: 7, node: 'a', timeNs: 1n, previous: 3 });
  const cases: readonly [number, number, string][] = [
    [0, 0, 'MALFORMED'],
    [2, 9, 'UNSUPPORTED_VERSION'],
    [3, 2, 'UNKNOWN_KIND'],
    [8, 0, 'TRAILING_BYTES'],
    [8, 2, 'TOO_LARGE'],
    [56, 0, 'FIELD_RANGE'],
    [RECORD_BYTES, 64, 'FIELD_RANGE'],
    [RECORD_BYTES, 0, 'RESERVED_NOT_ZERO'],
    [RECORD_BYTES + 1, 0xff, 'MALFORMED'],
    [RECORD_BYTES + 2, 1, 'RESERVED_NOT_ZERO'],
  ];
  for (const [offset, byte, name] of cases) {
    const bytes = whole.slice();
    bytes[offset] = byte;
    const decoded = decodeTerm(bytes);
    assert.equal(decoded.ok ? 'read' : decoded.name, name, `byte ${offset}`);
  }
  const none = whole.slice(0, RECORD_BYTES);
  none[8] = 0;
  const decoded = decodeTerm(none);
  assert.equal(decoded.ok ? 'read' : decoded.name, 'TRUNCATED');
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeTerm(bytes)));
});

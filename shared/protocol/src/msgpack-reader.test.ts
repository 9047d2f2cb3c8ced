import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { isMsgpackMap, type MsgpackValue, readMsgpack } from './msgpack-reader.ts';

const LIMITS = { depth: 8, arrayLength: 1_000, mapLength: 20, stringBytes: 200 };

const { value: tree } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: 'binary', maxLength: 50 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ maxLength: 20 }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 20 },
    ),
  ),
}));

/** The reader's value in the types that the encoder takes. */
function plain(value: MsgpackValue): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isMsgpackMap(value)) return value;
  return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
}

/** As the reader answers: safe integers are numbers, and there is no -0. */
function expected(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (typeof value === 'number') return value + 0;
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expected(inner)]));
}

test('reads what an independent encoder writes', () => {
  fc.assert(
    fc.property(tree, (value) => {
      const read = readMsgpack(encode(value, { useBigInt64: true }), { ...LIMITS, depth: 100 });
      assert(read.ok, read.ok ? '' : read.detail);
      assert.deepEqual(plain(read.value), expected(value));
    }),
  );
});

test('every integer form, at its ends', () => {
  const forms: readonly (readonly [string, number | bigint])[] = [
    ['00', 0],
    ['7f', 127],
    ['ff', -1],
    ['e0', -32],
    ['ccff', 255],
    ['cdffff', 65_535],
    ['ceffffffff', 2 ** 32 - 1],
    ['cf0000000000000001', 1],
    ['cf001fffffffffffff', 2 ** 53 - 1],
    ['cf0020000000000000', 2n ** 53n],
    ['cfffffffffffffffff', 2n ** 64n - 1n],
    ['d080', -128],
    ['d18000', -32_768],
    ['d280000000', -(2 ** 31)],
    ['d3ffffffffffffffff', -1],
    ['d38000000000000000', -(2n ** 63n)],
    ['cb8000000000000000', 0],
    ['cb3ff0000000000000', 1],
  ];
  for (const [hex, value] of forms) {
    const read = readMsgpack(Buffer.from(hex, 'hex'), LIMITS);
    assert(read.ok, hex);
    assert(Object.is(read.value, value), `${hex}: ${String(read.value)}`);
  }
});

test('all length forms of strings, arrays and maps', () => {
  const forms = ['a161', 'd90161', 'da000161', 'db0000000161'].map((hex) => [hex, 'a'] as const);
  for (const [hex, value] of forms) {
    assert.deepEqual(readMsgpack(Buffer.from(hex, 'hex'), LIMITS), { ok: true, value });
  }
  for (const hex of ['91c0', 'dc0001c0', 'dd00000001c0']) {
    assert.deepEqual(readMsgpack(Buffer.from(hex, 'hex'), LIMITS), { ok: true, value: [null] });
  }
  for (const hex of ['81a161c0', 'de0001a161c0', 'df00000001a161c0']) {
    const value = new Map([['a', null]]);
    assert.deepEqual(readMsgpack(Buffer.from(hex, 'hex'), LIMITS), { ok: true, value });
  }
});

test('limits hold at their edge', () => {
  const limits = { depth: 2, arrayLength: 2, mapLength: 1, stringBytes: 3 };
  const outcome = (value: unknown) => {
    const read = readMsgpack(encode(value), limits);
    return read.ok ? 'OK' : read.name;
  };
  assert.equal(outcome([[1]]), 'OK');
  assert.equal(outcome([[[1]]]), 'MALFORMED');
  assert.equal(outcome([1, 2]), 'OK');
  assert.equal(outcome([1, 2, 3]), 'TOO_LARGE');
  assert.equal(outcome({ a: 1 }), 'OK');
  assert.equal(outcome({ a: 1, b: 2 }), 'MALFORMED');
  assert.equal(outcome('abc'), 'OK');
  assert.equal(outcome('éé'), 'MALFORMED');
});

test('a key may not come twice, nor be anything but a string', () => {
  for (const hex of ['82a16101a16102', '8101c0', '81c0c0', '819001', '818001']) {
    const read = readMsgpack(Buffer.from(hex, 'hex'), LIMITS);
    assert(!read.ok && read.name === 'MALFORMED', hex);
  }
});

test('strings are UTF-8: no cut, overlong or surrogate sequence, and a mark stays', () => {
  for (const hex of ['a1c3', 'a2c080', 'a3eda080', 'a1ff']) {
    const read = readMsgpack(Buffer.from(hex, 'hex'), LIMITS);
    assert(!read.ok && read.name === 'MALFORMED', hex);
  }
  const marked = readMsgpack(Buffer.from('a3efbbbf', 'hex'), LIMITS);
  assert.deepEqual(marked, { ok: true, value: '\ufeff' });
});

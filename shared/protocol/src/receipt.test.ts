import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf, readVectors } from '../vectors/json.ts';
import { viewOf } from './batch.ts';
import { encodeCommands } from './command.ts';
import { BatchFlag, BatchOffset, CommandKind } from './layout.ts';
import { decodeMessage } from './message.ts';
import { encodeCommandMap } from './msgpack.ts';
import {
  decodeReceipt,
  encodeReceipt,
  RECEIPT_BYTES,
  RECEIPT_SIGNED_BYTES,
  type ReceiptFields,
  ReceiptOffset,
  receiptMessage,
} from './receipt.ts';
import { decodeReply, encodeReply } from './reply.ts';

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const fields: fc.Arbitrary<ReceiptFields> = fc
  .record({
    market: fc.stringMatching(/^[A-Z0-9][A-Z0-9-]{0,31}$/),
    partition: u32,
    term: u32.filter((term) => term > 0),
    logSequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    timeNs: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    first: fc.integer({ min: 1, max: 2 ** 52 }),
    before: fc.integer({ min: 0, max: 8_192 }),
    ownCount: fc.integer({ min: 1, max: 1_024 }),
    after: fc.integer({ min: 0, max: 8_192 }),
    head: hash,
    ownHash: hash,
    publicKey: hash,
  })
  .map(({ before, after, ...rest }) => {
    const ownFirst = rest.first + before;
    return { ...rest, ownFirst, last: ownFirst + rest.ownCount - 1 + after };
  });

test('a receipt says what was written, and nothing else is one', () => {
  fc.assert(
    fc.property(fields, fc.nat(RECEIPT_BYTES - 1), (given, cut) => {
      const bytes = encodeReceipt(given);
      assert.equal(bytes.byteLength, RECEIPT_BYTES);
      const read = decodeReceipt(bytes);
      assert(read.ok, read.ok ? '' : read.detail);
      const { signature, bytes: whole, ...rest } = read.value;
      assert.deepEqual(rest, given);
      assert.deepEqual(signature, new Uint8Array(64));
      assert.deepEqual(encodeReceipt(rest), whole);
      assert(!decodeReceipt(bytes.subarray(0, cut)).ok);
      assert(!decodeReceipt(Buffer.concat([bytes, Buffer.alloc(1)])).ok);
    }),
  );
});

test('one receipt has one form: every other byte is another receipt, or none', () => {
  fc.assert(
    fc.property(fields, fc.nat(RECEIPT_SIGNED_BYTES - 1), fc.nat(254), (given, at, more) => {
      const bytes = encodeReceipt(given);
      const other = bytes.slice();
      other[at] = ((bytes[at] ?? 0) + 1 + more) % 256;
      const read = decodeReceipt(other);
      if (!read.ok) return;
      assert.notDeepEqual({ ...read.value, bytes }, { ...given, signature: new Uint8Array(64) });
      assert.deepEqual(encodeReceipt(read.value), other);
    }),
  );
});

test('what no receipt has is refused, to write and to read', () => {
  const [good] = fc.sample(fields, { seed: 1, numRuns: 1 });
  assert(good !== undefined);
  const { first, last } = good;
  const wrong: Partial<ReceiptFields>[] = [
    { market: 'btc' },
    { term: 0 },
    { logSequence: 0 },
    { last: first - 1 },
    { ownCount: 0 },
    { ownFirst: first - 1 },
    { ownFirst: last, ownCount: 2 },
    { head: new Uint8Array(31) },
  ];
  for (const change of wrong)
    assert.throws(() => encodeReceipt({ ...good, ...change }), RangeError);
  for (const [offset, value] of [
    [ReceiptOffset.MAGIC, 0],
    [ReceiptOffset.VERSION, 2],
    [ReceiptOffset.RESERVED, 1],
    [ReceiptOffset.RESERVED_2, 1],
    [ReceiptOffset.LOG_SEQUENCE + 7, 1],
    [ReceiptOffset.MARKET, 0x61],
  ] as const) {
    const bytes = encodeReceipt(good);
    bytes[offset] = value;
    assert(!decodeReceipt(bytes).ok, `byte ${offset}`);
  }
});

interface ReceiptVector {
  readonly receipt: string;
  readonly fields: Readonly<Record<string, string>>;
}

test('the golden receipts: layout, signature, the replies they come in', () => {
  for (const vector of readVectors<ReceiptVector>('receipts')) {
    const read = decodeReceipt(bytesOf(vector.receipt));
    assert(read.ok);
    const { signature, bytes, ...rest } = read.value;
    const shown = Object.entries(rest).map(([key, value]) => [
      key,
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value),
    ]);
    assert.deepEqual(Object.fromEntries(shown), vector.fields);
    const x = Buffer.from(rest.publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    assert(verify(null, receiptMessage(bytes), key, signature));
    for (const encoding of ['binary', 'msgpack'] as const) {
      const reply = decodeReply(encodeReply(encoding, rest.logSequence, new Uint8Array(0), bytes));
      assert(reply.ok);
      assert.deepEqual(new Uint8Array(reply.value.receipt ?? []), bytes);
      assert.deepEqual(reply.value.events, []);
    }
  }
});

test('who asks for a receipt says so in either encoding, and asks for an answer', () => {
  const command = {
    kind: CommandKind.CANCEL,
    session: 0,
    requestId: 1n,
    clientOrderId: 1n,
  } as const;
  for (const [when, flag] of [
    ['executed', 0],
    ['received', BatchFlag.REPLY_WHEN_RECEIVED],
    ['refused', BatchFlag.REPLY_WHEN_REFUSED],
  ] as const) {
    const binary = encodeCommands([command]);
    viewOf(binary).setUint16(BatchOffset.FLAGS, flag | BatchFlag.RECEIPT, true);
    for (const message of [binary, encodeCommandMap([command], when, true)]) {
      const batch = decodeMessage(message, 'client', 7);
      assert.equal(batch.ok, when !== 'refused');
      if (batch.ok) assert.equal(batch.value.wantsReceipt, true);
    }
  }
  const plain = decodeMessage(encodeCommands([command]), 'client', 7);
  assert(plain.ok && !plain.value.wantsReceipt);
});

test('a reply with a piece of a receipt is refused', () => {
  const reply = encodeReply('binary', 1, new Uint8Array(0), new Uint8Array(RECEIPT_BYTES));
  for (const records of [1, 3, 5, 2 ** 40]) {
    viewOf(reply).setBigUint64(BatchOffset.PREV, BigInt(records), true);
    assert(!decodeReply(reply).ok, `${records}`);
  }
});

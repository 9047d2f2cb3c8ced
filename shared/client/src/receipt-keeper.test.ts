import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CommandKind,
  CommandOffset,
  encodeCommands,
  INFO_FILTER,
  RECORD_BYTES,
  type ReceiptFields,
  type Reply,
  viewOf,
} from '@foldbook/protocol';
import { MemoryBroker } from '@foldbook/runtime';
import { checkEvidence, evidenceText, publicKeyOf } from '@foldbook/verifier';
import { certificateOf, receiptOf } from '@foldbook/verifier/testing';
import { encode } from '@msgpack/msgpack';
import { ReceiptFile, type ReceiptStore } from './receipt-file.ts';
import { ReceiptKeeper, type ReceiptOptions } from './receipt-keeper.ts';

const SECRET = new Uint8Array(32).fill(6);
const OTHER = new Uint8Array(32).fill(7);
const OPERATOR = new Uint8Array(32).fill(8);
const operatorKey = publicKeyOf(OPERATOR);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const records = encodeCommands([
  { kind: CommandKind.CANCEL, session: 0, requestId: 1n, clientOrderId: 1n },
]).subarray(RECORD_BYTES);
const logged = new Uint8Array(records);
viewOf(logged).setUint32(CommandOffset.ACCOUNT, 7, true);

const TRUE: Omit<ReceiptFields, 'publicKey'> = {
  ...{ market: 'TEST', partition: 0, term: 5, logSequence: 9, timeNs: 1n },
  ...{ first: 3, last: 5, ownFirst: 4, ownCount: 1, head: new Uint8Array(32).fill(1) },
  ownHash: hash('sha256', logged, 'buffer'),
};

function memoryStore(): ReceiptStore & { readonly kept: string[]; receipts: Uint8Array[] } {
  const kept: string[] = [];
  const receipts: Uint8Array[] = [];
  return {
    ...{ kept, receipts, certificates: [] },
    keep: async (what, bytes) => {
      kept.push(what);
      if (what === 'receipt') receipts.push(bytes);
    },
  };
}

/** A market that tells one key in term 5, and a client of account 7. */
function openKeeper(
  options: Partial<Omit<ReceiptOptions, 'store'>> & { store?: ReturnType<typeof memoryStore> } = {},
  certified: Uint8Array = SECRET,
  operator: Uint8Array = OPERATOR,
) {
  const broker = new MemoryBroker();
  const server = broker.connect();
  server.subscribe(INFO_FILTER, ({ reply = '' }) => {
    const receiptKey = hex(publicKeyOf(SECRET));
    const receiptCertificate = hex(certificateOf(publicKeyOf(certified), operator));
    server.publish(reply, encode({ v: 1, code: 0, term: 5, receiptKey, receiptCertificate }));
  });
  const store = options.store ?? memoryStore();
  const sender = { transport: broker.connect(), market: 'TEST', account: 7 };
  const keeper = new ReceiptKeeper(sender, { store, ...options });
  const take = (change: Partial<ReceiptFields> = {}, secret = SECRET) => {
    const fields = { ...TRUE, ...change };
    const receipt = receiptOf(fields, secret).bytes;
    return keeper.take(records, replyWith(receipt));
  };
  return { keeper, store, take };
}

const replyWith = (receipt: Uint8Array | undefined): Reply => ({
  ...{ code: 0, name: 'OK', detail: '', events: [], total: 0 },
  logSequence: 9,
  receipt,
});

test('a true receipt is kept, with the certificate of a key that was not known', async () => {
  const { store, take } = openKeeper({ operatorKey });
  await take();
  await take();
  assert.deepEqual(store.kept, ['certificate', 'receipt', 'receipt']);
});

test('a receipt for something else, or signed by somebody else, is refused', async () => {
  const { keeper, store, take } = openKeeper();
  await take();
  for (const [change, words] of [
    [{ market: 'ELSE' }, /of market ELSE/],
    [{ logSequence: 8 }, /of group 8, the answer of 9/],
    [{ ownHash: new Uint8Array(32) }, /other commands/],
    [{ ownCount: 2 }, /other commands/],
  ] as const) {
    await assert.rejects(take(change), { code: 'BAD_RECEIPT', message: words });
  }
  await assert.rejects(take({}, OTHER), { code: 'BAD_RECEIPT', message: /the market tells/ });
  await assert.rejects(keeper.take(records, replyWith(undefined)), { code: 'BAD_RECEIPT' });
  const { bytes } = receiptOf(TRUE, SECRET);
  for (const at of [12, 24, 100, 161, 192, 255]) {
    const forged = bytes.with(at, (bytes[at] ?? 0) ^ 4);
    const taken = keeper.take(records, replyWith(forged));
    await assert.rejects(taken, { code: 'BAD_RECEIPT' }, `byte ${at}`);
  }
  assert.equal(store.receipts.length, 1);
});

test('with the operator named, a key that it did not certify is refused', async () => {
  const { take } = openKeeper({ operatorKey }, OTHER);
  await assert.rejects(take(), { code: 'BAD_RECEIPT', message: /has not certified/ });
  const stranger = openKeeper({ operatorKey: publicKeyOf(OTHER) });
  await assert.rejects(stranger.take(), { code: 'BAD_RECEIPT', message: /has not certified/ });
});

test('with a key that was changed named first, the present one is asked for', async () => {
  const [old, now] = [OPERATOR, new Uint8Array(32).fill(9)];
  const both = [old, now].map(publicKeyOf);
  const present = openKeeper({ operatorKey: both }, SECRET, now);
  await present.take();
  assert.deepEqual(present.store.kept, ['certificate', 'receipt']);
  // A node that was not certified anew: the receipt is the operator's all the same.
  const behind = openKeeper({ operatorKey: both }, SECRET, old);
  await behind.take();
  assert.equal(behind.store.receipts.length, 1);
  // One that was, for a client that has the old certificate already.
  const store = { ...memoryStore(), certificates: [certificateOf(publicKeyOf(SECRET), old)] };
  const known = openKeeper({ operatorKey: both, store }, SECRET, now);
  await known.take();
  assert.deepEqual(store.kept, ['certificate', 'receipt']);
  const stranger = openKeeper({ operatorKey: both }, SECRET, OTHER);
  await assert.rejects(stranger.take(), { code: 'BAD_RECEIPT', message: /has not certified/ });
});

test('a receipt whose owner has been followed by another one is asked for anew', async () => {
  for (const options of [{}, { operatorKey }]) {
    const { store, take } = openKeeper(options);
    await assert.rejects(take({ term: 4 }, OTHER), { code: 'UNREACHABLE' });
    assert.equal(store.receipts.length, 0);
    await take();
    assert.equal(store.receipts.length, 1);
  }
});

test('an owner who signs two groups for one place is found out, with evidence', async () => {
  const { store, take } = openKeeper();
  await take();
  const lie = { head: new Uint8Array(32).fill(2) };
  await assert.rejects(take(lie), { code: 'EQUIVOCATION', message: /two chain heads/ });
  assert.equal(store.receipts.length, 2);
  const certificates = [certificateOf(publicKeyOf(SECRET), OPERATOR)];
  const text = evidenceText({ kind: 'receipts', receipts: store.receipts, certificates });
  assert(checkEvidence(text, { operatorKey }).ok);
  // In another run, against what was kept before.
  assert.throws(() => openKeeper({ store }), { code: 'EQUIVOCATION' });
});

test('the file of receipts outlives a line that a crash cut off, and nothing else', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-receipts-'));
  try {
    const path = join(dir, 'receipts.jsonl');
    const { bytes } = receiptOf(TRUE, SECRET);
    const first = await ReceiptFile.open(path);
    await first.keep('certificate', new Uint8Array([1, 2]));
    await first.keep('receipt', bytes);
    await first.close();
    appendFileSync(path, '{"receipt":"0a');
    const second = await ReceiptFile.open(path);
    assert.deepEqual(second.receipts, [bytes]);
    assert.deepEqual(second.certificates, [new Uint8Array([1, 2])]);
    await second.keep('receipt', bytes);
    await second.close();
    const third = await ReceiptFile.open(path);
    assert.equal(third.receipts.length, 2);
    await third.close();
    writeFileSync(path, 'something else\n');
    await assert.rejects(ReceiptFile.open(path), /line 1: neither a receipt nor a certificate/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/** Receipts as a client of the wire meets them: who asks is given one, and nobody else pays. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { OperatorClient, OrderClient } from '@foldbook/client';
import {
  adminSubject,
  BatchFlag,
  BatchKind,
  type Command,
  commandSubject,
  decodeMessage,
  decodeReceipt,
  decodeReply,
  encodeBatch,
  encodeCommandMap,
  encodeCommands,
  RECORD_BYTES,
  receiptMessage,
  Side,
} from '@foldbook/protocol';
import { SigningKey, signatureCheck } from '@foldbook/runtime';
import { LogChain } from './log-chain.ts';
import { buy, fund, sell } from './testing/commands.ts';
import { serveMarket } from './testing/served-market.ts';

const MARKET = 'BTC-USD';
const key = new SigningKey(new Uint8Array(32).fill(3));

const binary = (commands: readonly Command[], flags: number) =>
  encodeBatch({ kind: BatchKind.COMMANDS, flags }, encodeCommands(commands).subarray(RECORD_BYTES));

const RECEIVED = BatchFlag.REPLY_WHEN_RECEIVED | BatchFlag.RECEIPT;

test('a receipt names the group, its head, and the commands of the asker', async () => {
  const served = serveMarket({ receipts: { key, certificate: undefined } });
  const transport = served.connect();
  try {
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    const { receiptKey } = await operator.info();
    assert.equal(receiptKey, Buffer.from(key.publicKey).toString('hex'));
    for (const account of [7, 8]) {
      await transport.request(adminSubject(MARKET), encodeCommands(fund(account)), 1_000);
    }
    const ask = async (message: Uint8Array, account: number) => {
      const bytes = await transport.request(commandSubject(MARKET, account), message, 2_000);
      const reply = decodeReply(bytes);
      assert(reply.ok && reply.value.code === 0, reply.ok ? reply.value.detail : reply.detail);
      return reply.value;
    };
    // Of one turn, so of one group: three askers, of whom two want a receipt.
    const sent = [
      [binary([buy(1, 100, 5)], 0), 7],
      [binary([sell(1, 100, 2), sell(2, 101, 1)], BatchFlag.RECEIPT), 8],
      [encodeCommandMap([buy(2, 90, 1)], 'received', true), 7],
    ] as const;
    const replies = await Promise.all(sent.map(([message, account]) => ask(message, account)));
    assert.equal(new Set(replies.map(({ logSequence }) => logSequence)).size, 1);
    const [plain, executed, received] = replies;
    assert.equal(plain?.receipt, undefined);
    assert.equal(plain?.events.length, 1);
    assert(executed !== undefined && executed.events.length > 1);
    assert.equal(received?.events.length, 0);
    const chain = new LogChain();
    const groups = served.pipeline.log.records.filter(({ subject }) => subject.endsWith(MARKET));
    const heads = groups.map(({ payload }) => chain.advance(payload));
    for (const [index, reply] of [executed, received].entries()) {
      const receipt = decodeReceipt(reply?.receipt ?? new Uint8Array(0));
      assert(receipt.ok && reply !== undefined);
      const { value } = receipt;
      assert(signatureCheck(value.publicKey)?.(receiptMessage(value.bytes), value.signature));
      assert.deepEqual(value.publicKey, key.publicKey);
      assert.equal(value.market, MARKET);
      assert.equal(value.term, 7);
      assert.equal(value.logSequence, reply.logSequence);
      assert.deepEqual(value.head, new Uint8Array(heads.at(-1) ?? []));
      assert.equal(value.last - value.first + 1, 4);
      const [message, account] = sent[index + 1] ?? sent[0];
      const own = decodeMessage(message, 'client', account);
      assert(own.ok);
      assert.deepEqual(value.ownHash, new Uint8Array(hash('sha256', own.value.records, 'buffer')));
      assert.equal(value.ownCount, own.value.count);
      assert.equal(value.ownFirst, value.first + (index === 0 ? 1 : 3));
    }
    const [event] = executed.events;
    const told = decodeReceipt(executed.receipt ?? new Uint8Array(0));
    assert(told.ok && event?.sequence === told.value.ownFirst);
  } finally {
    await served.stop();
    await transport.close();
  }
});

test('the SDK keeps a receipt of every batch, whether or not its report comes first', async () => {
  const served = serveMarket({ receipts: { key, certificate: undefined } });
  const transport = served.connect();
  const kept: Uint8Array[] = [];
  const store = {
    ...{ receipts: [], certificates: [] },
    keep: async (_: string, bytes: Uint8Array) => void kept.push(bytes),
  };
  const client = await OrderClient.open({
    ...{ transport, market: MARKET, account: 7, receipts: { store } },
    reports: { kind: 'live', transport },
  });
  try {
    await new OperatorClient(transport, MARKET).createMarket(0, 0);
    await transport.request(adminSubject(MARKET), encodeCommands(fund(7)), 1_000);
    const order = { side: Side.BUY, price: 100n, quantity: 1n };
    await Promise.all([client.place(order), client.place(order)]);
    await client.place(order);
    await client.received();
    const counts = kept.map((bytes) => {
      const receipt = decodeReceipt(bytes);
      return receipt.ok ? receipt.value.ownCount : receipt.detail;
    });
    assert.deepEqual(counts, [2, 1]);
  } finally {
    await client.close();
    await served.stop();
    await transport.close();
  }
});

test('who asks where nobody signs is refused before the log', async () => {
  const served = serveMarket();
  const transport = served.connect();
  try {
    await new OperatorClient(transport, MARKET).createMarket(0, 0);
    const before = served.pipeline.log.lastSequence;
    const message = binary([buy(1, 100, 5)], RECEIVED);
    const reply = decodeReply(await transport.request(commandSubject(MARKET, 7), message, 2_000));
    assert(reply.ok);
    assert.equal(reply.value.name, 'NOT_PERMITTED');
    assert.equal(served.pipeline.log.lastSequence, before);
  } finally {
    await served.stop();
    await transport.close();
  }
});

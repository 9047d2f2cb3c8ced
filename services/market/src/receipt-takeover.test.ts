/** Receipts of a partition that has one owner after the other, with a real broker. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { OperatorClient, OrderClient, type ReceiptStore } from '@foldbook/client';
import {
  BatchFlag,
  BatchKind,
  type Command,
  commandSubject,
  decodeReceipt,
  decodeReply,
  encodeBatch,
  encodeCommands,
  encodeRecords,
  logFilter,
  logStream,
  logSubject,
  RECORD_BYTES,
  type Receipt,
  receiptMessage,
  Side,
} from '@foldbook/protocol';
import {
  connectNats,
  createLogger,
  JetStreamStore,
  SigningKey,
  signatureCheck,
  systemClock,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { receiptConflict } from '@foldbook/verifier';
import { marketConfigSchema } from './config.ts';
import { LogChain } from './log-chain.ts';
import { type MarketServiceParts, startMarketService } from './market-service.ts';
import { openStandby } from './market-standby.ts';
import { buy } from './testing/commands.ts';

const MARKET = 'BTC-USD';
const ORDER = { side: Side.BUY, price: 100n, quantity: 1n } as const;
const keys = [1, 2].map((byte) => new SigningKey(new Uint8Array(32).fill(byte)));
const [first, second] = keys;
assert(first !== undefined && second !== undefined);

async function world(test: TestContext) {
  const nats = await startNatsServer();
  test.after(() => nats.close());
  const connect = async () => {
    const transport = await connectNats({ servers: nats.url, name: 'test' });
    test.after(() => transport.close());
    return transport;
  };
  const parts = async (node: string, key: SigningKey): Promise<MarketServiceParts> => {
    const transport = await connect();
    const broker = { kind: 'nats', servers: nats.url };
    const config = marketConfigSchema.parse({ node, hosts: 1, broker });
    const logger = createLogger({ service: 'test', level: 'error', write: () => undefined });
    const store = new JetStreamStore(transport);
    const receipts = { key, certificate: undefined };
    return { config, transport, store, receipts, clock: systemClock, logger };
  };
  return { connect, parts };
}

function readReceipt(bytes: Uint8Array | undefined): Receipt {
  const read = decodeReceipt(bytes ?? new Uint8Array(0));
  assert(read.ok, 'a receipt');
  const { publicKey, bytes: signed, signature } = read.value;
  assert(signatureCheck(publicKey)?.(receiptMessage(signed), signature));
  return read.value;
}

const facts = ({ term, publicKey }: Receipt) => [term, publicKey];

describe('receipts of a partition that changes owners', { timeout: 60_000 }, () => {
  it('a standby signs with its own key, under its own term, once it is the owner', async (test) => {
    const { connect, parts } = await world(test);
    const owner = await startMarketService(await parts('one', first));
    const transport = await connect();
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    await operator.deposit(7, 1, 1_000_000n);
    const kept: Receipt[] = [];
    const store: ReceiptStore = {
      ...{ receipts: [], certificates: [] },
      keep: async (_, bytes) => void kept.push(readReceipt(bytes)),
    };
    const client = await OrderClient.open({
      ...{ transport, market: MARKET, account: 7, receipts: { store }, resendAfterMs: 200 },
      reports: { kind: 'durable', transport },
    });
    test.after(() => client.close());
    const standby = await openStandby(await parts('two', second));
    await client.place(ORDER);
    await client.received();
    const { term } = await operator.info();
    assert.deepEqual(kept.map(facts), [[term, first.publicKey]]);
    const next = await standby.takeOver();
    test.after(() => next.stop());
    // Both hear it: the log refuses what the former owner appends, which tells it that it is none.
    await client.place(ORDER);
    await client.received();
    await owner.failed;
    await owner.stop();
    const later = await operator.info();
    assert(later.term > term);
    assert.deepEqual(kept.map(facts), [
      [term, first.publicKey],
      [later.term, second.publicKey],
    ]);
    // One chain of groups, through both of them.
    const chain = new LogChain();
    const log = new JetStreamStore(transport).reader(logStream(0));
    const filter = logSubject(0, MARKET);
    const heads = new Map<number, Uint8Array>();
    for await (const record of log.read({ fromSequence: 1, filter, follow: false })) {
      heads.set(record.sequence, new Uint8Array(chain.advance(record.payload)));
    }
    for (const { logSequence, head } of kept) assert.deepEqual(head, heads.get(logSequence));
    const [early, late] = kept;
    assert(early !== undefined && late !== undefined);
    assert.equal(receiptConflict(early, late), undefined);
  });

  it('what another owner appended is not receipted, and a copy of it is', async (test) => {
    const { connect, parts } = await world(test);
    const owner = await startMarketService(await parts('one', first));
    const transport = await connect();
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    const { term } = await operator.info();
    await owner.stop();
    // Appended, and its owner died before it signed.
    const commands: readonly Command[] = [buy(1, 100, 5)];
    const records = encodeRecords(commands.map((command) => [7, command]));
    const log = await new JetStreamStore(transport).writer(logStream(0), [logFilter(0)]);
    const group = { kind: BatchKind.GROUP, market: 1, timeNs: systemClock.nowNs() } as const;
    const sequence = await log.append(logSubject(0, MARKET), encodeBatch(group, records));
    await log.close();
    const next = await startMarketService(await parts('two', second));
    test.after(() => next.stop());
    const sent = encodeCommands(commands).subarray(RECORD_BYTES);
    const message = encodeBatch({ kind: BatchKind.COMMANDS, flags: BatchFlag.RECEIPT }, sent);
    const answer = await transport.request(commandSubject(MARKET, 7), message, 5_000);
    const reply = decodeReply(answer);
    assert(reply.ok);
    const receipt = readReceipt(reply.value.receipt);
    const later = await operator.info();
    assert(later.term > term);
    assert.deepEqual(facts(receipt), [later.term, second.publicKey]);
    assert(receipt.logSequence > sequence);
    assert.equal(receipt.logSequence, reply.value.logSequence);
  });
});

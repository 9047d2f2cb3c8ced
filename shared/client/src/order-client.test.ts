import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  BatchKind,
  commandSubject,
  decodeCommandBatch,
  EventKind,
  EventOffset,
  encodeBatch,
  encodeRefusal,
  encodeReply,
  type MarketEvent,
  querySubject,
  RECORD_BYTES,
  type ResultName,
  readCount,
  refuse,
  reportSubject,
  Side,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import { MemoryBroker } from '@foldbook/runtime';
import { ClientError } from './client-error.ts';
import { OrderClient, type OrderClientOptions } from './order-client.ts';

const MARKET = 'BTC-USD';
const ORDER = { side: Side.SELL, price: 100n, quantity: 1n };

interface Market {
  /** Request ids that the market took, in order. */
  readonly taken: number[];
  readonly client: OrderClient;
  /** Batches that arrived, whatever became of them. */
  arrived(): number;
  /** Reports one ACCEPTED for each request. */
  accept(...requestIds: number[]): Promise<void>;
}

/** A market that answers batches by `answers`, then OK; it reports only when told to. */
async function open(
  test: TestContext,
  answers: (ResultName | 'SILENT')[] = [],
  options: Partial<OrderClientOptions> = {},
  inquire?: () => Uint8Array,
): Promise<Market> {
  const broker = new MemoryBroker();
  const server = broker.connect();
  const taken: number[] = [];
  let arrived = 0;
  let sequence = 0;
  server.subscribe(commandSubject(MARKET, 7), ({ payload, reply }) => {
    const batch = decodeCommandBatch(payload, 'client', 7);
    assert(batch.ok && reply !== undefined);
    arrived += 1;
    const answer = answers.shift() ?? 'OK';
    if (answer === 'SILENT') return;
    if (answer !== 'OK') {
      server.publish(reply, encodeRefusal('binary', refuse(answer, 0, '')));
      return;
    }
    const view = viewOf(batch.value.records);
    for (let index = 0; index < batch.value.count; index += 1) {
      taken.push(readCount(view, index * RECORD_BYTES + 16));
    }
    server.publish(reply, encodeReply('binary', 1, new Uint8Array(0)));
  });
  server.subscribe(querySubject(MARKET, 7), ({ reply }) => {
    if (reply !== undefined && inquire !== undefined) server.publish(reply, inquire());
  });
  const transport = broker.connect();
  const client = await OrderClient.open({
    transport,
    reports: { kind: 'live', transport },
    market: MARKET,
    account: 7,
    firstRequestId: 1,
    resendAfterMs: 60_000,
    ...options,
  });
  test.after(async () => {
    await client.close();
    // A batch that nobody answers would keep its timer.
    await transport.close();
  });
  const accept = async (...requestIds: number[]) => {
    const records = new Uint8Array(requestIds.length * RECORD_BYTES);
    const view = viewOf(records);
    const prev = sequence;
    for (const [index, requestId] of requestIds.entries()) {
      sequence += 1;
      const at = index * RECORD_BYTES;
      records[at] = EventKind.ACCEPTED;
      writeCount(view, at + EventOffset.SEQUENCE, sequence);
      writeCount(view, at + EventOffset.REQUEST_ID, requestId);
    }
    const header = { kind: BatchKind.REPORTS, prev, first: prev + 1, last: sequence };
    server.publish(reportSubject(0, 7, MARKET), encodeBatch(header, records));
    await server.flush();
  };
  return { taken, client, arrived: () => arrived, accept };
}

const codeOf = (placed: Promise<unknown>) =>
  placed.then(
    () => 'ANSWERED',
    (error: unknown) => (error instanceof ClientError ? error.code : String(error)),
  );

/** How many of each. */
const tally = (codes: readonly string[]) =>
  Object.fromEntries([...new Set(codes)].map((code) => [code, count(codes, code)]));
const count = (codes: readonly string[], code: string) =>
  codes.filter((one) => one === code).length;

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe('OrderClient', () => {
  it('sends nothing after a refusal, and tells each command what became of it', async (test) => {
    const { client, taken } = await open(test, ['OK', 'NOT_PERMITTED']);
    const placed = Array.from({ length: 3_000 }, () => codeOf(client.place(ORDER)));
    const idle = assert.rejects(client.idle(), { code: 'REFUSED' });
    const codes = await Promise.all(placed);
    await idle;
    assert.deepEqual(tally(codes), { OUTCOME_UNKNOWN: 1_024, REFUSED: 1_024, NOT_SENT: 952 });
    assert.deepEqual(
      codes.map((code) => code === 'OUTCOME_UNKNOWN'),
      Array.from({ length: 3_000 }, (_, index) => taken.includes(index + 1)),
      'what the market took is not called refused',
    );
    assert.equal(await codeOf(client.place(ORDER)), 'NOT_SENT');
    assert.throws(() => client.submit({ kind: 2, clientOrderId: 1n }), { code: 'NOT_SENT' });
    await assert.rejects(client.idle(), { code: 'REFUSED' });
    assert.equal(taken.length, 1_024);
    assert.equal(client.unanswered, 0);
  });

  it('takes no balance or orders of an owner that has not seen what was reported', async (test) => {
    const lasts = [1, 2, 1, 2];
    const { client, accept } = await open(test, [], {}, () => {
      const last = lasts.shift() ?? 0;
      const record = new Uint8Array(RECORD_BYTES);
      record[0] = EventKind.BALANCE;
      writeCount(viewOf(record), EventOffset.SEQUENCE, last);
      return encodeBatch({ kind: BatchKind.REPLY, last }, record);
    });
    const placed = [client.place(ORDER), client.place(ORDER)];
    await accept(1, 2);
    await Promise.all(placed);
    assert.equal((await client.balance()).sequence, 2);
    await client.openOrders();
    assert.deepEqual(lasts, [], 'the older answers were asked anew');
  });

  it('calls an order unknown that is refused after a copy went unanswered', async (test) => {
    const { client } = await open(test, ['SILENT', 'NOT_PERMITTED'], { resendAfterMs: 20 });
    await assert.rejects(client.place(ORDER), (error: unknown) => {
      assert(error instanceof ClientError);
      assert.match(error.message, /NOT_PERMITTED/);
      return error.code === 'OUTCOME_UNKNOWN';
    });
  });

  it('settles everything at the close, and takes nothing after it', async (test) => {
    const { client, arrived } = await open(test, ['OK', 'SILENT']);
    const first = codeOf(client.place(ORDER));
    await until(() => arrived() === 1);
    const second = codeOf(client.place(ORDER));
    await until(() => arrived() === 2);
    const third = codeOf(client.place(ORDER));
    await client.close();
    const codes = await Promise.all([first, second, third, codeOf(client.place(ORDER))]);
    assert.deepEqual(codes, ['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN', 'NOT_SENT', 'NOT_SENT']);
  });

  it('rejects an order that fits no record, and goes on', async (test) => {
    const { client, taken, accept } = await open(test);
    await assert.rejects(client.place({ ...ORDER, price: -1n }), /price is -1, expected/);
    await assert.rejects(client.replace(1n, { price: 1n, quantity: 2n ** 64n }), /quantity is/);
    assert.throws(() => client.submit({ kind: 2, clientOrderId: -1n }), /clientOrderId is -1/);
    assert.deepEqual([client.unanswered, client.counters.submitted], [0, 0]);
    await client.idle();
    const placed = client.place(ORDER);
    await until(() => taken.length === 1);
    await accept(...taken);
    assert.equal((await placed).type, 'accepted');
    await client.idle();
  });

  it('answers although a listener throws, and tells of that', async (test) => {
    const errors: unknown[] = [];
    const told = Promise.withResolvers<void>();
    const onListenerError = (error: unknown) => {
      errors.push(error);
      if (errors.length === 2) told.resolve();
    };
    const { client, taken, accept } = await open(test, [], { onListenerError });
    const seen: MarketEvent[] = [];
    client.onEvent(() => {
      throw new Error('a defect of the listener');
    });
    client.onEvent((event) => seen.push(event));
    const placed = [client.place(ORDER), client.place(ORDER)];
    const idle = client.idle();
    await until(() => taken.length === 2);
    await accept(...taken);
    assert.deepEqual(
      (await Promise.all(placed)).map(({ type }) => type),
      ['accepted', 'accepted'],
    );
    await idle;
    await told.promise;
    assert.equal(seen.length, 2, 'the other listener is told');
    assert.deepEqual(errors, [
      new Error('a defect of the listener'),
      new Error('a defect of the listener'),
    ]);
  });

  it('warns of a listener that throws when nobody asked to be told', async (test) => {
    const { client, taken, accept } = await open(test);
    client.onEvent(() => {
      throw new Error('a defect of the listener');
    });
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    const placed = client.place(ORDER);
    await until(() => taken.length === 1);
    await accept(...taken);
    assert.equal((await placed).type, 'accepted');
    assert.match((await warned).message, /a listener of an account's reports threw: .*a defect/);
  });
});

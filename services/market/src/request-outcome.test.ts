/** What a market tells of requests that a client does not know the outcome of. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { askOutcome, OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, ResultCode, Side } from '@foldbook/protocol';
import { type ServedMarket, serveMarket } from './testing/served-market.ts';

const MARKET = 'BTC-USD';
const ORDER = { side: Side.SELL, price: 100n, quantity: 1n };

const ended = (served: ServedMarket, test: TestContext) => {
  const clients: OrderClient[] = [];
  test.after(async () => {
    for (const client of clients) await client.close();
    await served.stop();
  });
  return async (options: { session: number; firstRequestId: number }) => {
    const transport = served.connect();
    const reports = { kind: 'live', transport } as const;
    const who = { transport, reports, market: MARKET, account: 7, resendAfterMs: 60_000 };
    const client = await OrderClient.open({ ...who, ...options });
    clients.push(client);
    test.after(() => transport.close());
    return client;
  };
};

async function open(test: TestContext) {
  const served = serveMarket();
  const trader = ended(served, test);
  const operator = new OperatorClient(served.connect(), MARKET);
  await operator.createMarket(0, 0);
  await operator.deposit(7, Asset.BASE, 10n);
  return { served, trader };
}

const turns = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe('the outcome of a request', () => {
  it('is what a copy of it would be told', async (test) => {
    const { trader } = await open(test);
    const client = await trader({ session: 3, firstRequestId: 10 });
    const placed = await client.place(ORDER);
    await client.place({ ...ORDER, quantity: 100n });
    const done = await client.outcome(10);
    assert(done.outcome === 'executed');
    assert.deepEqual([done.result, done.firstSequence], [ResultCode.OK, placed.sequence]);
    const rejected = await client.outcome(11);
    assert(rejected.outcome === 'executed');
    assert.equal(rejected.result, ResultCode.INSUFFICIENT_FUNDS);
    assert.equal((await client.outcome(9)).outcome, 'superseded');
    const unseen = await client.outcome(12);
    assert.deepEqual([unseen.outcome, unseen.lastRequestId], ['not_seen', 11n]);
  });

  it('is not seen while the log has not got it, and settled by a fence', async (test) => {
    const { served, trader } = await open(test);
    const client = await trader({ session: 0, firstRequestId: 1 });
    await client.place(ORDER);
    served.pipeline.log.stall();
    const requestId = client.submit({ kind: 2, clientOrderId: 1n });
    let isLogged = false;
    const received = client.whenReceived(requestId).then(() => {
      isLogged = true;
    });
    await turns(() => served.pipeline.sequencer.pending > 0);
    const waiting = await client.outcome(requestId);
    assert.deepEqual([waiting.outcome, waiting.pending, isLogged], ['not_seen', 1, false]);

    // Another process takes the session over: it learns the last id, and fences what may come yet.
    const asker = served.connect();
    const { lastRequestId } = await askOutcome(asker, MARKET, 7, { session: 0, requestId: 1 });
    assert.equal(lastRequestId, 1n);
    const next = await trader({ session: 0, firstRequestId: 100 });
    const fenced = next.fence();
    served.pipeline.log.recover();
    await fenced;
    await received;
    assert.equal((await next.outcome(requestId)).outcome, 'executed');
    assert.equal((await next.outcome(50)).outcome, 'superseded');
    await asker.close();
  });
});

describe('a market whose creation is on its way to the log', () => {
  it('is unknown to everybody until the log has it', async (test) => {
    const served = serveMarket();
    const trader = ended(served, test);
    const operator = new OperatorClient(served.connect(), MARKET);
    served.pipeline.log.stall();
    const created = operator.createMarket(0, 0);
    await turns(() => served.pipeline.sequencer.pending > 0);
    await assert.rejects(operator.info(), /UNKNOWN_MARKET/);
    const early = await trader({ session: 0, firstRequestId: 1 });
    await assert.rejects(early.place(ORDER), { code: 'REFUSED', refusal: 'UNKNOWN_MARKET' });
    served.pipeline.log.recover();
    assert.equal((await created).type, 'market-created');
    assert.equal((await operator.info()).market, MARKET);
    const client = await trader({ session: 1, firstRequestId: 1 });
    assert.equal((await client.place(ORDER)).type, 'rejected');
  });
});

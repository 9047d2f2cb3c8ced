/** The SDK against a served market: what a client sees, and what it does when things go wrong. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BookMirror, ClientError, OperatorClient, OrderClient } from '@foldbook/client';
import {
  Asset,
  adminSubject,
  BatchFlag,
  CancelReason,
  CommandKind,
  commandSubject,
  decodeReply,
  encodeCommands,
  type MarketEvent,
  MarketState,
  OrderType,
  resultName,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { decode, encode } from '@msgpack/msgpack';
import type { PipelineOptions } from './testing/pipeline.ts';
import { type ServedMarket, serveMarket } from './testing/served-market.ts';

const MARKET = 'BTC-USD';

interface Venue {
  readonly served: ServedMarket;
  readonly transport: Transport;
  readonly operator: OperatorClient;
  trader(account: number): Promise<OrderClient>;
}

async function open(test: TestContext, options: PipelineOptions = {}): Promise<Venue> {
  const served = serveMarket(options);
  const transport = served.connect();
  const operator = new OperatorClient(transport, MARKET);
  const created = await operator.createMarket(-20, 50);
  assert.equal(created.type, 'market-created');
  for (const account of [7, 8]) {
    await operator.deposit(account, Asset.BASE, 1_000_000n);
    await operator.deposit(account, Asset.QUOTE, 1_000_000_000n);
  }
  const clients: OrderClient[] = [];
  test.after(async () => {
    for (const client of clients) await client.close();
    await served.stop();
    await transport.close();
  });
  return {
    served,
    transport,
    operator,
    async trader(account) {
      const client = await OrderClient.open({
        transport,
        reports: { kind: 'live', transport },
        market: MARKET,
        account,
        resendAfterMs: 50,
      });
      clients.push(client);
      return client;
    },
  };
}

const sell = (price: bigint, quantity: bigint) => ({ side: Side.SELL, price, quantity });
const buy = (price: bigint, quantity: bigint) => ({ side: Side.BUY, price, quantity });

describe('a client of a market', () => {
  it('places, replaces, cancels and trades', async (test) => {
    const { trader } = await open(test);
    const [seller, buyer] = [await trader(7), await trader(8)];
    const placed = await seller.place({ ...sell(100n, 5n), clientOrderId: 1n });
    assert.equal(placed.type, 'accepted');
    const moved = await seller.replace(1n, { price: 101n, quantity: 6n });
    assert.equal(moved.type, 'replaced');
    const fills: MarketEvent[] = [];
    buyer.onEvent((event) => event.type === 'fill' && fills.push(event));
    await buyer.place({ ...buy(105n, 2n), timeInForce: TimeInForce.IOC });
    assert.equal(fills.length, 1);
    const [fill] = fills;
    assert(fill?.type === 'fill');
    assert.deepEqual([fill.price, fill.quantity], [101n, 2n]);
    const gone = await seller.cancel(1n);
    assert(gone.type === 'cancelled');
    assert.equal(gone.quantity, 4n);
    const again = await seller.cancel(1n);
    assert(again.type === 'rejected');
    assert.equal(resultName(again.code), 'UNKNOWN_ORDER');
    const balance = await seller.balance();
    assert.equal(balance.baseHeld, 0n);
    assert.equal(balance.baseAvailable, 999_998n);
  });

  it('answers nobody who names another subject than an inbox', async (test) => {
    const { served, trader } = await open(test);
    const hostile = served.connect();
    const subjects = [`cmd.${MARKET}.8`, `info.${MARKET}`, `qry.${MARKET}.8`];
    subjects.push(`md.${MARKET}.snapshot`, `md.${MARKET}.replay`, `adm.${MARKET}`);
    const replies = [
      `log.0.${MARKET}`,
      `diff.0.${MARKET}`,
      `rpt.0.8.${MARKET}`,
      'a..b',
      '_INBOX.*',
    ];
    const heard: string[] = [];
    for (const filter of ['log.>', 'diff.>', 'rpt.>', '_INBOX.*']) {
      served.connect().subscribe(filter, ({ subject }) => heard.push(subject));
    }
    for (const subject of subjects) {
      for (const reply of replies) hostile.publish(subject, new Uint8Array(0), reply);
    }
    await hostile.flush();
    const client = await trader(7);
    assert.equal((await client.place(sell(100n, 1n))).type, 'accepted');
    assert.deepEqual(new Set(heard), new Set([`rpt.0.7.${MARKET}`]));
  });

  it('hears of nothing but refusals where it asks for those', async (test) => {
    const { trader, transport } = await open(test);
    const client = await trader(7);
    const inbox = transport.newInbox();
    const answers: string[] = [];
    const heard = Promise.withResolvers<void>();
    transport.subscribe(inbox, ({ payload }) => {
      const reply = decodeReply(payload);
      answers.push(reply.ok ? reply.value.name : reply.detail);
      heard.resolve();
    });
    const order = { kind: CommandKind.NEW, session: 1, timeInForce: TimeInForce.GTC } as const;
    const send = (requestId: bigint, flags: number) => {
      const terms = { ...sell(100n, 5n), clientOrderId: requestId };
      const batch = encodeCommands([{ ...order, ...terms, requestId }], flags);
      transport.publish(commandSubject(MARKET, 7), batch, inbox);
    };
    const none = BatchFlag.REPLY_WHEN_REFUSED;
    send(1n, none);
    // Two flags that contradict each other.
    send(2n, none | BatchFlag.REPLY_WHEN_RECEIVED);
    await heard.promise;
    await client.place({ ...sell(100n, 1n), clientOrderId: 3n });
    const orders = (await client.openOrders()).map(({ clientOrderId }) => clientOrderId);
    assert.deepEqual(orders, [1n, 3n]);
    assert.deepEqual(answers, ['UNKNOWN_KIND']);
  });

  it('is told of everything although all reports are lost on their way', async (test) => {
    const { served } = await open(test);
    const transport = served.connect();
    const client = await OrderClient.open({
      transport,
      reports: { kind: 'durable', transport },
      market: MARKET,
      account: 7,
      askAfterMs: 20,
    });
    const told: MarketEvent[] = [];
    client.onEvent((event) => told.push(event));
    let lost = 0;
    served.lose(({ subject }) => {
      if (subject.startsWith('rpt.0.7.')) lost += 1;
      return subject.startsWith('rpt.0.7.');
    });
    const placed = Array.from({ length: 5 }, () => client.place(sell(100n, 5n)));
    const answers = await Promise.all(placed);
    assert(answers.every(({ type }) => type === 'accepted'));
    served.lose(({ subject }) => subject.startsWith('rpt.0.7.') && lost++ % 2 === 0);
    for (let order = 0; order < 20; order += 1) await client.place(sell(101n, 1n));
    assert.equal(told.length, 25);
    assert(lost > 10 && client.gaps === 0);
    await client.close();
    await transport.close();
  });

  it('sends a lost batch again, and nothing runs twice', async (test) => {
    const { trader, served } = await open(test);
    const seller = await trader(7);
    let [lost, lostReports] = [0, 0];
    // The acknowledgement is lost, and the report: nothing tells that the first copy is in the log.
    served.lose(({ subject }) => {
      if (subject.startsWith('_INBOX')) lost += 1;
      if (subject.startsWith('rpt.')) lostReports += 1;
      return subject.startsWith('_INBOX') ? lost <= 1 : lostReports === 1;
    });
    const answers = await Promise.all([
      seller.place({ ...sell(100n, 5n), clientOrderId: 1n }),
      seller.place({ ...sell(100n, 6n), clientOrderId: 2n }),
    ]);
    assert.deepEqual(
      answers.map(({ type }) => type),
      ['result', 'result'],
    );
    await seller.place({ ...sell(100n, 7n), clientOrderId: 3n });
    assert(seller.sending.resent >= 1);
    const mirror = new BookMirror(served.connect(), MARKET, () => undefined);
    await mirror.open();
    assert.equal(mirror.levels(Side.SELL)[0]?.quantity, 18n);
    mirror.close();
  });

  it('is told BUSY, waits, and gets everything through in order', async (test) => {
    const { trader, served } = await open(test, { limits: { maxPendingCommands: 40 } });
    const seller = await trader(7);
    served.pipeline.log.stall();
    const filler = await trader(8);
    for (let id = 1n; id <= 30n; id += 1n) {
      filler.submit({ kind: 1, clientOrderId: id, timeInForce: TimeInForce.GTC, ...buy(10n, 1n) });
    }
    const answers = Array.from({ length: 30 }, (_, index) =>
      seller.place({ ...sell(100n, 1n), clientOrderId: BigInt(index) }),
    );
    while (seller.sending.busy === 0) await new Promise((resolve) => setImmediate(resolve));
    served.pipeline.log.recover();
    const types = (await Promise.all(answers)).map(({ type }) => type);
    assert.deepEqual(new Set(types), new Set(['accepted']));
    await filler.idle();
    assert.equal(filler.counters.answered, 30);
  });

  it('fills a gap in the deltas from the window, and stays equal to the engine', async (test) => {
    const { trader, served } = await open(test);
    const [seller, buyer] = [await trader(7), await trader(8)];
    const trouble: string[] = [];
    const mirror = new BookMirror(served.connect(), MARKET, (words) => trouble.push(words));
    await mirror.open();
    let seen = 0;
    served.lose(({ subject }) => {
      if (subject.endsWith('.l2')) seen += 1;
      return subject.endsWith('.l2') && seen % 4 === 0;
    });
    for (let round = 0; round < 40; round += 1) {
      await seller.place(sell(BigInt(100 + (round % 7)), 3n));
      await buyer.place(buy(BigInt(98 + (round % 6)), 2n));
    }
    served.lose(() => false);
    const { levels } = await mirror.compareWithEngine();
    assert(levels > 0);
    assert(mirror.counters.gaps > 0 && mirror.counters.refills > 0);
    assert.equal(mirror.counters.mismatches, 0);
    assert.equal(mirror.counters.snapshots, 1, 'refilled, not started again');
    assert(trouble.length > 0, 'and it said so');
    mirror.close();
  });

  it('compares with an engine that moves without a delta in between', async (test) => {
    const { trader, served } = await open(test);
    const seller = await trader(7);
    await seller.place(sell(100n, 3n));
    const transport = served.connect();
    const mirror = new BookMirror(transport, MARKET, () => undefined);
    await mirror.open();
    let rejected = 0;
    // Each answer of the engine is followed by commands that change nothing.
    served.lose(({ subject }) => {
      if (subject.startsWith('_INBOX') && rejected < 3) {
        rejected += 1;
        seller.submit({ kind: 2, clientOrderId: 999n });
      }
      return false;
    });
    const { levels } = await mirror.compareWithEngine();
    assert.equal(levels, 1);
    mirror.close();
  });

  it('starts again from a snapshot when a delta was changed on the way', async (test) => {
    const { trader, served } = await open(test);
    const seller = await trader(7);
    const mirror = new BookMirror(served.connect(), MARKET, () => undefined);
    await mirror.open();
    let changed = false;
    served.lose(({ subject, payload }) => {
      if (!changed && subject.endsWith('.l2')) {
        changed = true;
        payload[64 + 40] = 99;
      }
      return false;
    });
    await seller.place(sell(100n, 3n));
    await seller.place(sell(101n, 3n));
    await mirror.compareWithEngine();
    assert.equal(mirror.counters.mismatches, 1);
    assert.equal(mirror.counters.snapshots, 2);
    mirror.close();
  });

  it('takes every kind of order, and tells what is open', async (test) => {
    const { operator, trader } = await open(test);
    const [seller, buyer] = [await trader(7), await trader(8)];
    await seller.place({ ...sell(110n, 50n), clientOrderId: 1n, displayQuantity: 10n });
    const stop = { orderType: OrderType.STOP_LIMIT, stopPrice: 104n };
    await seller.place({ ...sell(100n, 5n), clientOrderId: 2n, ...stop });
    await seller.quote({ ...sell(105n, 7n), clientOrderId: 3n });
    await seller.quote({ ...sell(105n, 6n), clientOrderId: 3n });
    const bid = await seller.quote({ ...buy(105n, 6n), clientOrderId: 4n });
    assert(bid.type === 'accepted');
    assert.equal(bid.selfTrade, SelfTrade.EXPIRE_MAKER);
    await seller.cancel(4n);
    await seller.quote({ ...sell(105n, 6n), clientOrderId: 3n });
    await seller.amend(3n, -1n);
    const open1 = await seller.openOrders();
    assert.deepEqual(
      open1.map(({ clientOrderId, quantity, orderType }) => [clientOrderId, quantity, orderType]),
      [
        [1n, 50n, OrderType.LIMIT],
        [2n, 5n, OrderType.STOP_LIMIT],
        [3n, 5n, OrderType.LIMIT],
      ],
    );
    const cancelled = await seller.cancelOrder(BigInt(open1[0]?.orderId ?? 0));
    assert.equal(cancelled.type, 'cancelled');
    const triggered: MarketEvent[] = [];
    seller.onEvent((event) => event.type === 'triggered' && triggered.push(event));
    await seller.place({ ...sell(104n, 1n) });
    await buyer.place({ ...buy(104n, 1n) });
    await seller.idle();
    await seller.cancel(999n);
    assert.equal(triggered.length, 1);
    const all = await seller.cancelAll();
    assert(all.type === 'all-cancelled');
    assert.equal(all.count, 2);
    // More than the market cancels with one command.
    for (let name = 0n; name < 2_050n; name += 1n) {
      seller.submit({
        kind: 1,
        timeInForce: TimeInForce.GTC,
        clientOrderId: name,
        ...sell(200n, 1n),
      });
      if (name % 500n === 0n) await seller.idle();
    }
    await seller.idle();
    const many = await seller.cancelAll();
    assert(many.type === 'all-cancelled');
    assert.deepEqual([many.count, many.more], [2_050, false]);
    assert.deepEqual(await seller.openOrders(), []);
    assert.equal((await operator.setState(MarketState.HALTED)).type, 'state-changed');
    const refused = await buyer.place(buy(1n, 1n));
    assert(refused.type === 'rejected');
    assert.equal(resultName(refused.code), 'MARKET_HALTED');
  });

  it('expires orders in time, and fires a dead man switch, on a silent market', async (test) => {
    const { served, trader } = await open(test);
    const seller = await trader(7);
    const ended = Promise.withResolvers<MarketEvent>();
    const fired = Promise.withResolvers<MarketEvent>();
    seller.onEvent((event) => {
      if (event.type === 'cancelled' && event.reason === CancelReason.EXPIRED) ended.resolve(event);
      if (event.type === 'all-cancelled') fired.resolve(event);
    });
    const { clock } = served.pipeline;
    const expireTime = Number(clock.nowNs() / 1_000_000_000n) + 2;
    const placed = await seller.place({
      ...sell(100n, 5n),
      timeInForce: TimeInForce.GTT,
      expireTime,
    });
    assert.equal(placed.type, 'accepted');
    clock.advanceNs(2_000_000_000n);
    await ended.promise;
    await seller.place(sell(100n, 5n));
    await seller.cancelAfter(1);
    clock.advanceNs(1_000_000_000n);
    await fired.promise;
    assert.deepEqual(await seller.openOrders(), []);
  });

  it('speaks msgpack to any client, and refuses with a code', async (test) => {
    const { transport } = await open(test);
    const ask = async (subject: string, body: unknown) =>
      decode(await transport.request(subject, encode(body), 1_000)) as {
        readonly code: number;
        readonly events: readonly { readonly type: string; readonly name?: string }[];
      };
    const order = { type: 'new', clientOrderId: 1, side: 'sell', price: 100, quantity: 5 };
    const placed = await ask(commandSubject(MARKET, 7), { v: 1, requestId: 1, ...order });
    assert.equal(placed.code, 0);
    assert.equal(placed.events[0]?.type, 'accepted');
    const repeated = await ask(commandSubject(MARKET, 7), { v: 1, requestId: 1, ...order });
    assert.equal(repeated.events[0]?.type, 'result');
    const names = await Promise.all([
      ask(commandSubject(MARKET, 7), { v: 2, requestId: 2, ...order }),
      ask(commandSubject('NONE', 7), { v: 1, requestId: 2, ...order }),
      ask(commandSubject(MARKET, 1), { v: 1, requestId: 2, ...order }),
      ask(adminSubject(MARKET), { v: 1, requestId: 2, ...order }),
      ask(commandSubject(MARKET, 7), { v: 1, requestId: 2, type: 'deposit' }),
      ask(commandSubject(MARKET, 7), 'nonsense'),
    ]);
    assert.deepEqual(
      names.map(({ code }) => resultName(code)),
      [
        'UNSUPPORTED_VERSION',
        'UNKNOWN_MARKET',
        'NOT_PERMITTED',
        'NOT_PERMITTED',
        'NOT_PERMITTED',
        'MALFORMED',
      ],
    );
  });

  it('says what is wrong when nobody serves the market', async (test) => {
    const { transport } = await open(test);
    const lost = new OperatorClient(transport, 'NOBODY');
    await assert.rejects(lost.info(), (error: unknown) => {
      assert(error instanceof ClientError);
      return error.code === 'REFUSED' && error.message.includes('UNKNOWN_MARKET');
    });
  });
});

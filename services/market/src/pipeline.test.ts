import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BatchKind,
  decodeBatchHeader,
  decodeReply,
  EventKind,
  EventOffset,
  LevelBook,
  type MarketEvent,
  RECORD_BYTES,
  readEvents,
  readSettlement,
  SettlementKind,
  Side,
  viewOf,
} from '@foldbook/protocol';
import type { Coverage } from './durable-output.ts';
import { buy, cancel, closeEpoch, createMarket, fund, sell } from './testing/commands.ts';
import { MemoryWriter, Pipeline, recordsOf, type Sent } from './testing/pipeline.ts';

const MARKET = 'BTC-USD';

async function openMarket(options?: ConstructorParameters<typeof Pipeline>[0]): Promise<Pipeline> {
  const pipeline = new Pipeline(options);
  pipeline.submit(MARKET, 0, [createMarket(-20, 50)]);
  pipeline.submit(MARKET, 0, [...fund(7), ...fund(8)]);
  await pipeline.settle();
  return pipeline;
}

const eventsOf = (sent: readonly Sent[], subject: string): MarketEvent[] =>
  sent
    .filter((message) => message.subject === subject)
    .flatMap(({ payload }) => readEvents(recordsOf(payload)));

function header(payload: Uint8Array, kind: BatchKind) {
  const decoded = decodeBatchHeader(payload, kind, 1 << 20);
  assert(decoded.ok);
  return decoded.value;
}

const coverageOf = (sent: readonly Sent[], kind: BatchKind): Coverage =>
  new Map(sent.map(({ subject, payload }) => [subject, header(payload, kind)]));

describe('the market pipeline', () => {
  it('answers each command to its sender, and fills to both sides', async () => {
    const pipeline = await openMarket();
    pipeline.submit(MARKET, 7, [sell(1, 100, 5)], 'reply.7');
    pipeline.submit(MARKET, 8, [buy(2, 101, 3), cancel(99)], 'reply.8');
    await pipeline.settle();
    const seller = eventsOf(pipeline.reports.records, 'rpt.0.7.BTC-USD').map(({ type }) => type);
    const buyer = eventsOf(pipeline.reports.records, 'rpt.0.8.BTC-USD').map(({ type }) => type);
    assert.deepEqual(seller, ['funds', 'funds', 'accepted', 'fill']);
    assert.deepEqual(buyer, ['funds', 'funds', 'accepted', 'fill', 'fee', 'rejected']);
    const [first, second] = pipeline.replies.map(({ payload }) => decodeReply(payload));
    assert(first?.ok && second?.ok);
    assert.deepEqual(
      first.value.events.map(({ type }) => type),
      ['accepted'],
    );
    assert.deepEqual(
      second.value.events.map(({ type }) => type),
      ['accepted', 'fill', 'fee', 'rejected'],
    );
  });

  it('tells nobody who the other side was', async () => {
    const pipeline = await openMarket();
    pipeline.submit(MARKET, 7, [sell(0x1234567, 100, 5)]);
    pipeline.submit(MARKET, 8, [buy(2, 101, 3)]);
    await pipeline.settle();
    const trades = eventsOf(pipeline.published, 'md.BTC-USD.trades');
    assert.equal(trades.length, 1);
    const [trade] = trades;
    assert(trade?.type === 'trade');
    assert.deepEqual(
      [trade.takerAccount, trade.makerAccount, trade.makerClientOrderId],
      [0, 0, 0n],
    );
    for (const { payload } of pipeline.reports.records.filter(({ subject }) =>
      subject.startsWith('rpt.0.8.'),
    )) {
      const records = viewOf(recordsOf(payload));
      for (let offset = 0; offset < records.byteLength; offset += 4) {
        assert.notEqual(records.getUint32(offset, true), 0x1234567);
      }
    }
  });

  it('publishes deltas that rebuild the book, with a checksum that agrees', async () => {
    const pipeline = await openMarket();
    const book = new LevelBook();
    for (let round = 0; round < 20; round += 1) {
      pipeline.submit(MARKET, 7, [sell(1_000 + round, 100 + (round % 5), 5)]);
      pipeline.submit(MARKET, 8, [buy(round, 97 + (round % 6), 4)]);
      await pipeline.settle();
    }
    let last = 0;
    for (const { payload } of pipeline.published.filter(({ subject }) => subject.endsWith('.l2'))) {
      const batch = header(payload, BatchKind.MARKET_DATA);
      assert.equal(batch.prev, last, 'each batch names the one before');
      assert.equal(batch.generation, 7);
      last = batch.last;
      for (const event of readEvents(recordsOf(payload))) {
        assert(event.type === 'delta');
        book.set(event.side, Number(event.price), event.quantity, event.orders);
      }
      assert.equal(batch.depthCrc, book.checksum());
    }
    assert(last > 0);
    assert(book.levels(Side.BUY).length > 0 && book.levels(Side.SELL).length > 0);
  });

  it('writes settlement records without a hole and ends an epoch with its chain head', async () => {
    const pipeline = await openMarket();
    pipeline.submit(MARKET, 7, [sell(1, 1_000_000, 5)]);
    pipeline.submit(MARKET, 8, [buy(2, 1_000_000, 5)]);
    pipeline.submit(MARKET, 0, [closeEpoch()]);
    await pipeline.settle();
    const kinds: SettlementKind[] = [];
    const tail: number[] = [];
    for (const { payload } of pipeline.diffs.records) {
      const view = viewOf(payload);
      for (let at = RECORD_BYTES; at < payload.byteLength; at += RECORD_BYTES) {
        const kind = view.getUint8(at + EventOffset.KIND);
        if (kind !== EventKind.SETTLEMENT) tail.push(kind);
        else {
          const record = readSettlement(view, at);
          assert.equal(record.recordIndex, kinds.length);
          kinds.push(record.kind);
        }
      }
    }
    const { DEPOSIT_BASE, DEPOSIT_QUOTE, TRADE, FEE, REBATE } = SettlementKind;
    assert.deepEqual(kinds, [
      DEPOSIT_BASE,
      DEPOSIT_QUOTE,
      DEPOSIT_BASE,
      DEPOSIT_QUOTE,
      TRADE,
      FEE,
      REBATE,
    ]);
    assert.deepEqual(tail, [EventKind.MARKET_CREATED, EventKind.EPOCH_MARK, EventKind.CHAIN_HEAD]);
    const { head } = pipeline.market(MARKET).chain;
    const last = pipeline.diffs.records.at(-1)?.payload;
    assert.deepEqual(last?.subarray(-RECORD_BYTES).subarray(16, 48), new Uint8Array(head));
  });

  it('closes an epoch by count, and by age, as the last command of a group', async () => {
    const byCount = await openMarket({ limits: { epochRecords: 2 } });
    assert.equal(
      byCount.market(MARKET).epoch.records,
      0,
      'four deposits are past the limit of two',
    );
    const byAge = await openMarket({ limits: { epochAgeMs: 1_000 } });
    assert.equal(byAge.market(MARKET).epoch.records, 4);
    byAge.clock.advanceNs(999_000_000n);
    await byAge.settle();
    assert.equal(byAge.market(MARKET).epoch.records, 4);
    byAge.clock.advanceNs(2_000_000n);
    await byAge.settle();
    assert.equal(byAge.market(MARKET).epoch.records, 0);
  });

  it('closes an epoch early when the commands on their way might be too much for it', async () => {
    const limits = {
      maxPendingCommands: 65_536,
      maxPendingPerAccount: 65_536,
      maxGroupsInFlight: 64,
    };
    const pipeline = await openMarket({ limits });
    const before = pipeline.log.records.length;
    pipeline.log.stall();
    const cancels = Array.from({ length: 1_000 }, (_, index) => cancel(index));
    for (let message = 0; message < 63; message += 1) {
      assert.equal(pipeline.submit(MARKET, 7, cancels), 'ADMITTED');
      pipeline.sequencer.doWork();
    }
    pipeline.log.recover();
    await pipeline.settle();
    const sizes = pipeline.log.records
      .slice(before)
      .map(({ payload }) => header(payload, BatchKind.GROUP).count);
    // 58,175 commands may make as many records as a header counts.
    const expected = new Array<number>(64).fill(1_000).with(58, 1);
    assert.deepEqual(sizes, expected);
    assert.equal(pipeline.market(MARKET).epoch.records, 0);
    assert.equal(pipeline.sequencer.pending, 0);
  });

  it('refuses BUSY before the log when too much waits, and loses nothing it admitted', async () => {
    const pipeline = await openMarket({ limits: { maxPendingCommands: 8 } });
    pipeline.log.stall();
    const admissions = Array.from({ length: 12 }, (_, index) =>
      pipeline.submit(MARKET, 7, [sell(index, 200, 1)]),
    );
    await pipeline.settle();
    assert.equal(admissions.filter((admission) => admission === 'ADMITTED').length, 8);
    assert.equal(admissions.at(-1), 'UNAVAILABLE', 'the log is known to be away');
    pipeline.log.recover();
    await pipeline.settle();
    const accepted = eventsOf(pipeline.reports.records, 'rpt.0.7.BTC-USD').filter(
      ({ type }) => type === 'accepted',
    );
    assert.equal(accepted.length, 8);
    assert.equal(pipeline.submit(MARKET, 7, [sell(50, 200, 1)]), 'ADMITTED');
    assert(pipeline.logged.some((line) => line.includes('takes appends again')));
  });

  it("fails when its log is found to be another one's, with nothing on its way there", async () => {
    const pipeline = await openMarket();
    // The pipeline of the tests throws what a service ends with.
    assert.throws(() => pipeline.log.lose(), { code: 'STALE_WRITER' });
    assert(pipeline.sequencer.hasFailed);
  });

  it('replays its log to the same outputs, and writes only what was missing', async () => {
    const first = await openMarket();
    first.submit(MARKET, 7, [sell(1, 100, 5)]);
    await first.settle();
    const half = first.reports.records.length;
    const covered = new Map([
      ...coverageOf(first.reports.records, BatchKind.REPORTS),
      ...coverageOf(first.diffs.records, BatchKind.DIFF),
    ]);
    first.submit(MARKET, 8, [buy(2, 101, 3)]);
    first.submit(MARKET, 0, [closeEpoch()]);
    await first.settle();

    const second = new Pipeline({ covered, log: new MemoryWriter('LOG_0'), live: false });
    for (const [index, { payload }] of first.log.records.entries()) {
      second.sequencer.replay(second.market(MARKET), payload, index + 1);
    }
    await second.settle();
    const events = (sent: readonly Sent[]) =>
      ['rpt.0.7.BTC-USD', 'rpt.0.8.BTC-USD'].map((subject) => eventsOf(sent, subject));
    assert.deepEqual(events(second.reports.records), events(first.reports.records.slice(half)));
    assert.deepEqual(second.published, [], 'live feeds are muted during a replay');
    assert.deepEqual(second.market(MARKET).chain.head, first.market(MARKET).chain.head);
    assert.deepEqual(
      second.diffs.records.map(({ payload }) => recordsOf(payload)),
      first.diffs.records
        .slice(-second.diffs.records.length)
        .map(({ payload }) => recordsOf(payload)),
    );
  });

  it('holds what lies before its barrier for handed over: checkpoints may have it', async () => {
    const first = await openMarket();
    const log = new MemoryWriter('LOG_0');
    const second = new Pipeline({ log, live: false, barrier: 9 });
    assert.equal(second.sequencer.delivered, 9);
    for (const [index, { payload }] of first.log.records.entries()) {
      second.sequencer.replay(second.market(MARKET), payload, index + 1);
      assert.equal(second.sequencer.delivered, 9);
    }
    await second.settle();
  });

  it('answers an operator about deposits and rejections alike', async () => {
    const pipeline = await openMarket();
    pipeline.submit(MARKET, 0, [createMarket()], 'reply.again');
    await pipeline.settle();
    const reply = decodeReply(pipeline.replies.at(-1)?.payload ?? new Uint8Array(0));
    assert(reply.ok);
    assert.equal(reply.value.events[0]?.type, 'rejected');
  });
});

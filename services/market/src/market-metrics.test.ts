import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { MarketViewReader, OperatorClient } from '@foldbook/client';
import {
  commandSubject,
  encodeCommands,
  MARKET_NAME_WORDS,
  MARKET_NAMES,
  MARKET_VIEW_WORDS,
  MARKET_VIEWS,
  MarketViewWord,
  ResultCode,
  VIEW_LEVELS,
} from '@foldbook/protocol';
import { MetricsReader, MetricsWriter } from '@foldbook/runtime';
import { openMetrics } from './market-metrics.ts';
import { buy, cancel, createMarket, fund, sell } from './testing/commands.ts';
import { Pipeline } from './testing/pipeline.ts';
import { serveMarket } from './testing/served-market.ts';
import { ACCOUNT, SPREAD, tellToStop } from './testing/view-writer.ts';

const MARKET = 'BTC-USD';

async function openMarket(): Promise<Pipeline> {
  const pipeline = new Pipeline();
  pipeline.submit(MARKET, 0, [createMarket()]);
  pipeline.submit(MARKET, 0, [...fund(7), ...fund(8)]);
  await pipeline.settle();
  return pipeline;
}

describe('what a market tells', () => {
  it('counts commands, events and rejects, and times every stage', async () => {
    const pipeline = await openMarket();
    pipeline.submit(MARKET, 7, [sell(1, 100, 5)], 'reply.7');
    await pipeline.settle();
    pipeline.submit(MARKET, 8, [buy(2, 101, 3), cancel(99)], 'reply.8');
    await pipeline.settle();
    const reader = new MetricsReader(pipeline.metricsBuffer);
    const { numbers, counters, histograms } = reader.sample(0);
    assert.equal(numbers.get('admitted'), 8);
    assert.equal(numbers.get('commands'), 8);
    assert.equal(numbers.get('pendingCommands'), 0);
    assert.equal(numbers.get('commandRingSlots'), 0);
    const groups = numbers.get('groups');
    assert.equal(groups, 3, 'the market and its funds, and one for each of the two');
    const events = counters.get('events');
    assert.equal(events?.get('ACCEPTED'), 2);
    assert.equal(events?.get('TRADE'), 1);
    assert.deepEqual([...(counters.get('rejects') ?? [])], [['UNKNOWN_ORDER', 1]]);
    const counts = ['queueing', 'commit', 'handover', 'matching', 'publishing', 'endToEnd'].map(
      (name) => histograms.get(name)?.count,
    );
    assert.deepEqual(counts, [4, groups, groups, groups, groups, 4]);
    const [queueing, endToEnd] = ['queueing', 'endToEnd'].map((name) => histograms.get(name));
    assert((endToEnd?.sum ?? 0) > (queueing?.sum ?? 0), 'the whole is longer than its part');
  });

  it('counts groups by size, and what was refused by code and by limit', async () => {
    const served = serveMarket({ limits: { maxPendingPerAccount: 3, breakerRefusals: 4 } });
    const { pipeline } = served;
    const transport = served.connect();
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    const send = (account: number, commands: Parameters<typeof encodeCommands>[0]) =>
      transport.request(commandSubject(MARKET, account), encodeCommands(commands), 5_000);
    await send(7, [cancel(1), cancel(2), cancel(3)]);
    for (let times = 0; times < 3; times += 1) {
      await send(7, [cancel(1), cancel(2), cancel(3), cancel(4)]);
    }
    await transport.request(commandSubject(MARKET, 7), new Uint8Array(3), 5_000);
    await send(7, [cancel(1)]);
    await served.stop();
    const reader = new MetricsReader(pipeline.metricsBuffer);
    const { numbers, counters, histograms, errors } = reader.sample(Date.now());
    assert.equal(numbers.get('messages'), 7);
    assert.equal(numbers.get('admitted'), 4);
    assert.equal(histograms.get('groupSize')?.count, 2);
    assert.equal(histograms.get('groupSize')?.max, 3);
    const refused = Object.fromEntries(counters.get('refused') ?? []);
    assert.deepEqual(refused, { BUSY: 4, MALFORMED: 1 });
    const limits = Object.fromEntries(counters.get('turnedAway') ?? []);
    assert.deepEqual(limits, { SHARE_USED: 3, RESTING: 1 });
    const { total, latest } = errors.get('refusals') ?? { total: 0, latest: [] };
    assert.equal(total, 5);
    assert.deepEqual([latest.at(-1)?.code, latest.at(-1)?.detail], [ResultCode.BUSY, 7]);
  });

  it('times nothing that is only read again from the log', async () => {
    const { log } = await openMarket();
    const again = new Pipeline({ live: false });
    const market = again.market(MARKET);
    for (const [index, { payload }] of log.records.entries()) {
      again.sequencer.replay(market, payload, index + 1);
    }
    await again.settle();
    const { numbers, histograms } = new MetricsReader(again.metricsBuffer).sample(0);
    assert.equal(numbers.get('commands'), 5);
    for (const name of ['queueing', 'commit', 'handover', 'publishing', 'endToEnd']) {
      assert.equal(histograms.get(name)?.count, 0, name);
    }
  });

  it('shows the book and its statistics after each group', async () => {
    const pipeline = await openMarket();
    const views = new MarketViewReader(new MetricsReader(pipeline.metricsBuffer));
    const sells = Array.from({ length: 12 }, (_, index) => sell(index + 1, 100 + index, 2));
    pipeline.submit(MARKET, 7, [...sells, buy(50, 90, 4), buy(51, 90, 1)]);
    await pipeline.settle();
    pipeline.submit(MARKET, 8, [buy(2, 101, 3), cancel(99)]);
    await pipeline.settle();
    assert.deepEqual([...views.markets()], [[MARKET, 1]]);
    const view = views.read(1);
    assert(view !== undefined);
    assert.deepEqual(view.bids, [{ price: 90n, quantity: 5n, orders: 2 }]);
    assert.equal(view.asks.length, 10);
    assert.deepEqual(view.asks[0], { price: 101n, quantity: 1n, orders: 1 });
    assert.deepEqual(view.asks.at(-1), { price: 110n, quantity: 2n, orders: 1 });
    assert.equal(view.lastPrice, 101n);
    assert.deepEqual([view.lowPrice, view.highPrice], [100n, 101n]);
    assert.deepEqual([view.trades, view.volume], [2n, 3n]);
    assert.equal(view.openOrders, 13);
    const { counters, numbers } = new MetricsReader(pipeline.metricsBuffer).sample(0);
    const events = [...(counters.get('events')?.values() ?? [])].reduce((sum, n) => sum + n, 0);
    assert.deepEqual([view.events, view.rejected], [BigInt(events), 1n], 'of the only market');
    assert.equal(view.sequence, BigInt(numbers.get('commands') ?? 0));
    assert.equal(view.sequence, BigInt(pipeline.market(MARKET).sequence));
    assert.equal(view.logSequence, BigInt(pipeline.log.lastSequence));
    assert.equal(views.read(2), undefined);
  });
});

it('a view tells no more than there is, whatever is in the memory', () => {
  const { buffer } = openMetrics(undefined, 1, 0);
  const views = new MarketViewReader(new MetricsReader(buffer));
  const words = new Int32Array(MARKET_VIEW_WORDS).fill(2 ** 31 - 1);
  words[MarketViewWord.MARKET] = 1;
  words[MarketViewWord.ASK_LEVELS] = -1;
  new MetricsWriter(buffer, 'shown').block(MARKET_VIEWS, 0).write(words);
  const names = new Int32Array(MARKET_NAME_WORDS).fill(2 ** 31 - 1);
  new MetricsWriter(buffer, 'service').block(MARKET_NAMES, 0).write(names);
  assert.equal(views.read(1)?.bids.length, VIEW_LEVELS);
  assert.equal(views.read(1)?.asks.length, 0);
  assert.equal(views.markets().size, 1);
  assert.equal(views.balance(1, 7), undefined);
});

const WRITER = new URL('./testing/view-writer.ts', import.meta.url);
const READS = 1_000;

/** The account's two orders hold what they are worth, and the rest is available. */
function checkBalance(views: MarketViewReader): void {
  const balance = views.balance(1, ACCOUNT);
  if (balance === undefined) return;
  const { sequence, baseAvailable, baseHeld, quoteAvailable, quoteHeld } = balance;
  const turn = (sequence - 5n) / 4n;
  assert.equal(sequence, 5n + 4n * turn);
  const quantity = 1n + (turn % 97n);
  assert.equal(baseHeld, quantity);
  assert.equal(quoteHeld, quantity * (1n + (turn % 50n)));
  assert.equal(baseAvailable + baseHeld, 1_000_000n);
  assert.equal(quoteAvailable + quoteHeld, 1_000_000_000n);
}

/** Reads until so many different groups were seen: each view has to be of one group. */
async function readViews(buffer: ArrayBufferLike, hasEnded: () => boolean): Promise<void> {
  const views = new MarketViewReader(new MetricsReader(buffer));
  let last = 0n;
  for (let seen = 0; seen < READS; ) {
    assert(!hasEnded(), 'the writer has ended');
    const view = views.read(1);
    if (view === undefined || view.logSequence === last) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      continue;
    }
    assert(view.logSequence > last, 'a view went back');
    last = view.logSequence;
    seen += 1;
    const [bid, ask] = [view.bids[0], view.asks[0]];
    const price = 1n + (last % 50n);
    const quantity = 1n + (last % 97n);
    assert.equal(view.openOrders, 2);
    assert.deepEqual(bid, { price, quantity, orders: 1 });
    assert.deepEqual(ask, { price: price + SPREAD, quantity, orders: 1 });
    assert.equal(view.sequence, 3n + 2n + 4n * last);
    checkBalance(views);
  }
}

describe('a view that is written at full speed', { timeout: 120_000 }, () => {
  it('is whole in another thread', async () => {
    const { buffer, memory } = openMetrics(undefined, 1, 0);
    const worker = new Worker(WRITER, { workerData: { memory } });
    let hasEnded = false;
    const ended = once(worker, 'exit').then(() => {
      hasEnded = true;
    });
    try {
      await readViews(buffer, () => hasEnded);
    } finally {
      tellToStop(buffer);
    }
    await ended;
  });

  const skip = process.platform !== 'linux' && 'only Linux maps files here';
  it('is whole in another process', { skip }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'foldbook-view-'));
    const file = join(dir, 'metrics');
    const { buffer, remove } = openMetrics(file, 1, 0);
    const child = fork(fileURLToPath(WRITER), ['write', file]);
    const ended = once(child, 'exit');
    try {
      await readViews(buffer, () => child.exitCode !== null || child.signalCode !== null);
    } finally {
      tellToStop(buffer);
      await ended;
      remove();
      rmSync(dir, { recursive: true });
    }
  });
});

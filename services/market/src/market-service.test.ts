/** The service as a whole, in this process: how it starts, refuses to start, and ends. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MarketViewReader, OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, logStream, reportStream, Side } from '@foldbook/protocol';
import {
  connectNats,
  createLogger,
  JetStreamStore,
  MemoryBroker,
  MetricsReader,
  mapFile,
  readThreadUsage,
  SegmentStore,
  systemClock,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { marketConfigSchema } from './config.ts';
import { startHostThread } from './host-thread.ts';
import { type MarketServiceParts, startMarketService } from './market-service.ts';

const MARKET = 'BTC-USD';
const quiet = createLogger({ service: 'test', level: 'error', write: () => undefined });

type Hosts = MarketServiceParts['config']['hosts'];
/** On a thread of its own, and on the service's. */
const BOTH_HOSTS = [1, 'inline'] as const satisfies readonly Hosts[];

/** A market over segment files, with one order in its log and its reports. */
async function embedded(test: TestContext, hosts: Hosts = 1) {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-market-'));
  test.after(() => rm(dir, { recursive: true, force: true }));
  const config = marketConfigSchema.parse({ broker: { kind: 'embedded', dir }, hosts });
  const open = () => {
    const broker = new MemoryBroker();
    const store = new SegmentStore({ dir });
    const transport = broker.connect();
    const parts: MarketServiceParts = {
      config,
      transport,
      store,
      clock: systemClock,
      logger: quiet,
    };
    return { broker, store, parts };
  };
  const { broker, store, parts } = open();
  const service = await startMarketService(parts);
  const transport = broker.connect();
  const operator = new OperatorClient(transport, MARKET);
  await operator.createMarket(0, 0);
  await operator.deposit(7, Asset.BASE, 1_000n);
  const client = await OrderClient.open({
    transport,
    reports: { kind: 'live', transport },
    market: MARKET,
    account: 7,
  });
  await client.place({ side: Side.SELL, price: 100n, quantity: 1n });
  await client.close();
  await service.stop();
  await store.close();
  return { dir, open };
}

describe('the market service', { timeout: 120_000 }, () => {
  for (const hosts of BOTH_HOSTS) {
    it(`refuses to go on from a log without what was reported, hosts: ${hosts}`, async (test) => {
      const { dir, open } = await embedded(test, hosts);
      await rm(join(dir, logStream(0)), { recursive: true });
      const { parts, store } = open();
      await assert.rejects(startMarketService(parts), {
        name: 'OutputError',
        message: /rpt\.0\.7\.BTC-USD reaches sequence 3, but the log has no market .*; .*restore/,
      });
      await store.close();
      // What the words say is the way out, where there is no copy.
      for (const stream of [reportStream(0), 'DIFF_0']) {
        await rm(join(dir, stream), { recursive: true });
      }
      const anew = open();
      const service = await startMarketService(anew.parts);
      assert.equal(service.recovered.commands, 0);
      await service.stop();
      await anew.store.close();
    });
  }

  it('does not start, and says why, when its thread dies while the log is read', async (test) => {
    const { open } = await embedded(test);
    const { parts, store } = open();
    const startThread: typeof startHostThread = async (options) => {
      const thread = await startHostThread(options);
      // As a trap in the kernel would, before it has executed anything.
      await thread.worker.stop();
      const failed = Promise.resolve(new Error('the market thread failed: unreachable'));
      return { ...thread, worker: { ...thread.worker, failed } };
    };
    await assert.rejects(
      startMarketService({ ...parts, startThread }),
      /thread failed: unreachable/,
    );
    await store.close();
    const again = open();
    const service = await startMarketService(again.parts);
    assert.equal(service.recovered.commands, 3, 'nothing is held, and nothing was lost');
    await service.stop();
    await again.store.close();
  });

  it('lets markets move between its threads under load, and loses nothing', async (test) => {
    const { open } = await embedded(test);
    const { parts, broker, store } = open();
    // No epoch closes by age: its command would have a sequence, too.
    const config = { ...parts.config, hosts: 2, epochAgeMs: 86_400_000 };
    const service = await startMarketService({ ...parts, config });
    test.after(() => service.stop());
    assert.equal(service.cores.length, 2);
    const names = [MARKET, 'OTHER'];
    const transport = broker.connect();
    await new OperatorClient(transport, 'OTHER').createMarket(0, 0);
    const traders = await Promise.all(
      names.map(async (market) => {
        await new OperatorClient(transport, market).deposit(7, Asset.BASE, 1_000_000n);
        const reports = { kind: 'live', transport } as const;
        return OrderClient.open({ transport, reports, market, account: 7 });
      }),
    );
    let isDone = false;
    let moves = 0;
    let held = 0;
    const moveAround = async () => {
      const operators = names.map((market) => new OperatorClient(transport, market));
      while (!isDone) {
        const operator = operators[moves % 2] ?? assert.fail();
        const { host } = await operator.info();
        const move = await operator.move(1 - host);
        assert.equal((await operator.info()).host, 1 - host);
        held += move.held;
        moves += 1;
      }
    };
    let rounds = 0;
    const trade = async () => {
      while (rounds < 150 || (held === 0 && rounds < 10_000)) {
        rounds += 1;
        const orders = traders.map((trader) =>
          trader.place({ side: Side.SELL, price: 200n, quantity: 1n }),
        );
        for (const { type } of await Promise.all(orders)) assert.equal(type, 'accepted');
      }
    };
    const trading = trade().finally(() => {
      isDone = true;
    });
    await Promise.all([moveAround(), trading]);
    assert(moves > 2 && held > 0, `${moves} moves, ${held} groups came meanwhile`);
    const orders = await Promise.all(traders.map((trader) => trader.openOrders()));
    assert.deepEqual(
      orders.map(({ length }) => length),
      [1 + rounds, rounds],
    );
    for (const trader of traders) await trader.close();
    await service.stop();
    await store.close();
    // The log alone tells the same, on one thread.
    const again = open();
    const restarted = await startMarketService(again.parts);
    const info = await new OperatorClient(again.broker.connect(), MARKET).info();
    assert.equal(info.sequence, 4 + rounds);
    assert.equal(info.hosts, 1);
    await restarted.stop();
    await again.store.close();
  });

  for (const hosts of BOTH_HOSTS) {
    it(`refuses a move to where there is no host, hosts: ${hosts}`, async (test) => {
      const { open } = await embedded(test, hosts);
      const { parts, broker, store } = open();
      const service = await startMarketService(parts);
      const operator = new OperatorClient(broker.connect(), MARKET);
      await assert.rejects(operator.move(1), /REFUSED.*FIELD_RANGE.*there are 1/);
      assert.deepEqual(await operator.move(0), {
        ...(await operator.move(0)),
        from: 0,
        host: 0,
        tookMs: 0,
        held: 0,
      });
      await service.stop();
      await store.close();
    });
  }

  it('takes orders whose events a ring does not hold on its own thread, too', async (test) => {
    const { open } = await embedded(test, 'inline');
    const { parts, broker, store } = open();
    const service = await startMarketService(parts);
    assert.deepEqual(service.cores, [undefined]);
    const transport = broker.connect();
    const market = 'FEES';
    const operator = new OperatorClient(transport, market);
    await operator.createMarket(-20, 50);
    const resting = 18_000n;
    await operator.deposit(7, Asset.BASE, resting);
    await operator.deposit(8, Asset.QUOTE, 1n << 50n);
    const trader = (account: number) => {
      const reports = { kind: 'live', transport } as const;
      return OrderClient.open({ transport, reports, market, account });
    };
    const [seller, buyer] = await Promise.all([trader(7), trader(8)]);
    const places = Array.from({ length: Number(resting) }, (_, index) => 1n + BigInt(index));
    const sell = (price: bigint) => seller.place({ side: Side.SELL, price, quantity: 1n });
    await Promise.all(places.map(sell));
    // In one group; for each order that is met a trade, two fees and a level: 72,000 events.
    const sweep = { side: Side.BUY, price: 1n << 20n, quantity: resting / 3n };
    await Promise.all([buyer.place(sweep), buyer.place(sweep), buyer.place(sweep)]);
    assert.equal((await buyer.balance()).baseAvailable, resting);
    assert.deepEqual([buyer.gaps, buyer.counters.fills], [0, Number(resting)]);
    for (const client of [seller, buyer]) await client.close();
    const { sequence } = await operator.info();
    await service.stop();
    await store.close();
    const again = open();
    const restarted = await startMarketService(again.parts);
    const after = await new OperatorClient(again.broker.connect(), market).info();
    assert(after.sequence >= sequence, 'the log is read by the host that is to run it');
    await restarted.stop();
    await again.store.close();
  });

  const onLinux = { skip: process.platform !== 'linux' && 'only Linux maps files here' };
  for (const hosts of BOTH_HOSTS) {
    it(
      `tells other processes how it does, as long as it runs, hosts: ${hosts}`,
      onLinux,
      async (test) => {
        const { dir, open } = await embedded(test, hosts);
        const { parts, store } = open();
        const metricsFile = join(dir, 'metrics');
        const service = await startMarketService({
          ...parts,
          config: { ...parts.config, metricsFile },
        });
        const { buffer, close } = mapFile(metricsFile, 0, { create: false, readOnly: true });
        const reader = new MetricsReader(buffer);
        const { owner } = reader.descriptor;
        assert.equal(owner.pid, process.pid);
        const { numbers, counters } = reader.sample(Date.now());
        assert.equal(numbers.get('groups'), 3);
        assert.equal(counters.get('events')?.get('ACCEPTED'), 1);
        const threads = ['serviceThreadId', 'hostThreadId'].map((name) => numbers.get(name) ?? 0);
        assert.equal(threads[0], owner.pid);
        for (const thread of threads) assert(readThreadUsage(owner.pid, thread) !== undefined);
        const views = new MarketViewReader(reader);
        assert.deepEqual([...views.markets()], [[MARKET, 1]]);
        assert.deepEqual(views.read(1)?.asks, [{ price: 100n, quantity: 1n, orders: 1 }]);
        close();
        await service.stop();
        await store.close();
        await assert.rejects(stat(metricsFile), { code: 'ENOENT' });
      },
    );
  }

  it('a start that fails leaves no file, and holds no log', onLinux, async (test) => {
    const { dir, open } = await embedded(test);
    const { parts, store } = open();
    const metricsFile = join(dir, 'metrics');
    const config = { ...parts.config, metricsFile };
    const startThread = () => Promise.reject(new Error('no such core'));
    await assert.rejects(startMarketService({ ...parts, config, startThread }), /no such core/);
    await assert.rejects(stat(metricsFile), { code: 'ENOENT' });
    await writeFile(metricsFile, 'of somebody else');
    await assert.rejects(startMarketService({ ...parts, config }), { code: 'NOT_METRICS' });
    await rm(metricsFile);
    const service = await startMarketService({ ...parts, config });
    await service.stop();
    await store.close();
  });

  for (const hosts of BOTH_HOSTS) {
    it(`ends while its broker is away, hosts: ${hosts}`, async (test) => {
      const nats = await startNatsServer();
      const transport = await connectNats({ servers: nats.url, name: 'market' });
      test.after(async () => {
        await transport.close();
        await nats.close();
      });
      const store = new JetStreamStore(transport);
      const config = marketConfigSchema.parse({
        broker: { kind: 'nats', servers: nats.url },
        hosts,
      });
      const parts = { config, transport, store, clock: systemClock, logger: quiet };
      const service = await startMarketService(parts);
      const gone = new Promise<void>((resolve) => transport.onStatus(() => resolve()));
      await nats.kill();
      await gone;
      await service.stop();
      await store.close();
    });
  }
});

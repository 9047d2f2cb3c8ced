/** Markets that are recovered from checkpoints, by the whole service over segment files. */
import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import { cp, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { BookMirror, OperatorClient, OrderClient } from '@foldbook/client';
import {
  Asset,
  diffStream,
  diffsFilter,
  diffTermSubject,
  encodeTerm,
  isTermSubject,
  logFilter,
  logStream,
  logTermSubject,
  RECORD_BYTES,
  reportStream,
  Side,
} from '@foldbook/protocol';
import {
  createLogger,
  DiskSnapshotStore,
  MemoryBroker,
  SegmentStore,
  type SnapshotStore,
  systemClock,
  type Transport,
} from '@foldbook/runtime';
import { marketConfigSchema } from './config.ts';
import { type MarketService, startMarketService } from './market-service.ts';

const MARKETS = ['A', 'B', 'LATE'];
const EVERY = 40;

interface Node {
  readonly service: MarketService;
  readonly transport: Transport;
  readonly lines: string[];
  stop(): Promise<void>;
}

interface StartOptions {
  readonly everyCommands?: number;
  readonly epochAgeMs?: number;
  readonly snapshots?: boolean;
  readonly wrap?: (store: SnapshotStore) => SnapshotStore;
}

async function world(test: TestContext, hosts: number | 'inline' = 2) {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-checkpoints-'));
  test.after(() => rm(dir, { recursive: true, force: true }));
  const folder = join(dir, 'snapshots');
  const running = new Set<Node>();
  // What a failed test has left.
  test.after(() => Promise.all([...running].map((node) => node.stop())));
  const start = async (options: StartOptions = {}) => {
    const broker = new MemoryBroker();
    const store = new SegmentStore({ dir });
    const lines: string[] = [];
    const logger = createLogger({
      service: 'test',
      level: 'info',
      write: (line) => void lines.push(line),
    });
    const config = marketConfigSchema.parse({
      broker: { kind: 'embedded', dir },
      hosts,
      epochRecords: 7,
      epochAgeMs: options.epochAgeMs ?? 86_400_000,
      snapshots: { everyCommands: options.everyCommands ?? EVERY },
    });
    const transport = broker.connect();
    const disk = await DiskSnapshotStore.open(folder);
    const wrap = options.wrap ?? ((store) => store);
    const snapshots = options.snapshots === false ? undefined : wrap(disk);
    const service = await startMarketService({
      ...{ config, transport, store, snapshots, logger },
      clock: systemClock,
    });
    const node: Node = {
      service,
      transport: broker.connect(),
      lines,
      async stop() {
        running.delete(node);
        await service.stop();
        await store.close();
      },
    };
    running.add(node);
    return node;
  };
  return { dir, folder, start };
}

/** Orders of two accounts, some of which trade; names begin with `from`. */
async function trade({ transport }: Node, market: string, from: number, rounds: number) {
  const reports = { kind: 'durable', transport } as const;
  const [seller, buyer] = await Promise.all(
    [7, 8].map((account) => OrderClient.open({ transport, reports, market, account })),
  );
  assert(seller !== undefined && buyer !== undefined);
  for (let round = from; round < from + rounds; round += 1) {
    await seller.place({ side: Side.SELL, price: BigInt(100 + (round % 7)), quantity: 2n });
    await buyer.place({ side: Side.BUY, price: BigInt(96 + (round % 8)), quantity: 1n });
  }
  assert.equal(seller.gaps + buyer.gaps, 0);
  await seller.close();
  await buyer.close();
}

async function create(node: Node, market: string): Promise<void> {
  const operator = new OperatorClient(node.transport, market);
  await operator.createMarket(10, 20, { baseSymbol: 'BTC', quoteSymbol: 'USD' });
  await operator.configure({ maxPrice: 1_000_000n });
  for (const account of [7, 8]) {
    await operator.deposit(account, Asset.BASE, 1_000_000n);
    await operator.deposit(account, Asset.QUOTE, 1_000_000_000n);
  }
}

/** All that clients and operators can see of a market. */
async function seen(node: Node, market: string) {
  const { transport } = node;
  const {
    durability: _,
    host: __,
    core: ___,
    term: ____,
    ...facts
  } = await new OperatorClient(transport, market).info();
  const mirror = new BookMirror(transport, market, () => undefined);
  await mirror.open();
  const { levels, sequence } = await mirror.compareWithEngine();
  mirror.close();
  const reports = { kind: 'durable', transport } as const;
  const accounts = await Promise.all(
    [7, 8].map(async (account) => {
      const client = await OrderClient.open({ transport, reports, market, account });
      const told = { balance: await client.balance(), orders: await client.openOrders() };
      await client.close();
      return told;
    }),
  );
  return { facts, levels, sequence, accounts };
}

const logged = ({ lines }: Node, words: RegExp) => lines.filter((line) => words.test(line)).length;

async function written(node: Node, count: number): Promise<void> {
  while (logged(node, /checkpoint written/) < count) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Of each subject a digest of its settlement records in order, however batches were cut. */
async function settlementOf(dir: string): Promise<Record<string, string>> {
  const store = new SegmentStore({ dir });
  const hashes = new Map<string, Hash>();
  const records = store.reader(diffStream(0)).read({ fromSequence: 1, follow: false });
  for await (const { subject, payload } of records) {
    if (isTermSubject(subject)) continue;
    const hash = hashes.get(subject) ?? createHash('sha256');
    hashes.set(subject, hash.update(payload.subarray(RECORD_BYTES)));
  }
  await store.close();
  return Object.fromEntries([...hashes].map(([subject, hash]) => [subject, hash.digest('hex')]));
}

/** A market with so many checkpoints, closed again: what was seen of it. */
async function traded(start: () => Promise<Node>, rounds: number, checkpoints: number) {
  const node = await start();
  await create(node, 'A');
  await trade(node, 'A', 0, rounds);
  await written(node, checkpoints);
  const before = await seen(node, 'A');
  await node.stop();
  return before;
}

describe('checkpoints', { timeout: 240_000 }, () => {
  for (const hosts of [2, 'inline'] as const) {
    it(`a start executes only what is behind them, with ${hosts} hosts`, async (test) => {
      const { dir, folder, start } = await world(test, hosts);
      const first = await start();
      for (const market of ['A', 'B']) await create(first, market);
      await trade(first, 'A', 0, 60);
      await trade(first, 'B', 0, 25);
      await written(first, 3);
      // Behind all checkpoints of others, and with none of its own.
      await create(first, 'LATE');
      await trade(first, 'LATE', 0, 3);
      await trade(first, 'A', 60, 5);
      const before = await Promise.all(MARKETS.map((market) => seen(first, market)));
      await first.stop();

      const second = await start();
      assert.equal(logged(second, /market restored/), 2);
      const { commands } = second.service.recovered;
      assert(commands > 0 && commands < 120, `${commands} commands executed again`);
      const after = await Promise.all(MARKETS.map((market) => seen(second, market)));
      assert.deepEqual(after, before);
      for (const market of MARKETS) await trade(second, market, 1_000, 10);
      const end = await Promise.all(MARKETS.map((market) => seen(second, market)));
      await second.stop();

      // The log alone tells the same, as if there were none.
      const told = await settlementOf(dir);
      assert.equal(Object.keys(told).length, MARKETS.length);
      const plain = await start({ snapshots: false });
      assert.equal(logged(plain, /market restored/), 0);
      assert(plain.service.recovered.commands > commands);
      assert.deepEqual(await Promise.all(MARKETS.map((market) => seen(plain, market))), end);
      await plain.stop();
      for (const stream of [reportStream(0), diffStream(0)]) {
        await rm(join(dir, stream), { recursive: true });
      }
      const again = await start();
      assert.equal(logged(again, /output stream was removed or cut/), 1);
      assert.equal(logged(again, /market restored/), 0);
      await again.stop();
      assert.deepEqual(await settlementOf(dir), told, 'settlement is written the same');
      const kept = (await readdir(folder)).filter((name) => name.startsWith('p0.A.'));
      assert(kept.length >= 1 && kept.length <= 2, 'no more than two of a market are kept');
    });
  }

  it('one that is damaged is left out, and a whole one before it taken', async (test) => {
    const { folder, start } = await world(test);
    const before = await traded(start, 40, 2);
    const names = (await readdir(folder)).filter((name) => name.startsWith('p0.A.')).sort();
    assert.equal(names.length, 2);
    for (const [damaged, restored] of [
      [1, 1],
      [2, 0],
    ] as const) {
      const file = await open(join(folder, names.at(-damaged) ?? ''), 'r+');
      const { size } = await file.stat();
      await file.write(new Uint8Array([0xff, 0xee]), 0, 2, Math.floor(size / 2));
      await file.close();
      const again = await start({ everyCommands: 1_000_000 });
      assert.equal(logged(again, /is not usable/), damaged);
      assert.equal(logged(again, /market restored/), restored);
      assert.deepEqual(await seen(again, 'A'), before);
      await again.stop();
    }
  });

  it('a store that takes none ends nothing, and is asked again', async (test) => {
    const { folder, start } = await world(test);
    const node = await start();
    await rm(folder, { recursive: true });
    await create(node, 'A');
    await trade(node, 'A', 0, 60);
    while (logged(node, /no checkpoint; the next start reads more/) < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { facts } = await seen(node, 'A');
    assert.equal(facts.trades > 0, true);
    await node.stop();
  });

  it('a log that lacks the group of one has lost what was acknowledged', async (test) => {
    const { dir, start } = await world(test);
    const first = await start();
    await create(first, 'A');
    await first.stop();
    const log = join(dir, logStream(0));
    const copy = join(dir, 'copy');
    await cp(log, copy, { recursive: true });
    const second = await start();
    await trade(second, 'A', 0, 30);
    await written(second, 1);
    await second.stop();
    await rm(log, { recursive: true });
    await cp(copy, log, { recursive: true });
    // Each refused start makes the log longer by its own barrier: its length says nothing.
    const store = new SegmentStore({ dir });
    const writer = await store.writer(logStream(0), [logFilter(0)]);
    for (let many = 0; many < 100; many += 1) {
      const term = { term: 2 ** 31 + many, node: 'refused', timeNs: 0n, previous: 0 };
      await writer.append(logTermSubject(0), encodeTerm(term));
    }
    await store.close();
    await assert.rejects(start(), {
      name: 'RestoreError',
      message: /had its group at \d+; this one ends at \d+ .*Restore the log from a copy/,
    });
  });

  it('a report that was lost is told again, though there is one behind it', async (test) => {
    const { dir, start } = await world(test);
    const before = await traded(start, 30, 1);
    await rm(join(dir, reportStream(0)), { recursive: true });
    const second = await start();
    assert.equal(logged(second, /output stream was removed or cut/), 1);
    assert.deepEqual(await seen(second, 'A'), before);
    await second.stop();
  });

  it('an output that lost its end and is as long again is not taken for whole', async (test) => {
    const { dir, start } = await world(test);
    const before = await traded(start, 30, 1);
    const told = await settlementOf(dir);
    await rm(join(dir, diffStream(0)), { recursive: true });
    // Owners that ended before they had told anything again.
    const store = new SegmentStore({ dir });
    const writer = await store.writer(diffStream(0), [diffsFilter(0)]);
    for (let many = 0; many < 500; many += 1) {
      const term = { term: 2 ** 31 + many, node: 'ended', timeNs: 0n, previous: many };
      await writer.append(diffTermSubject(0), encodeTerm(term));
    }
    await store.close();
    const second = await start();
    assert.equal(logged(second, /output stream was removed or cut/), 1);
    assert.deepEqual(await seen(second, 'A'), before);
    await second.stop();
    assert.deepEqual(await settlementOf(dir), told, 'settlement is written the same');
  });

  it('an epoch that is open in one is no older than its restoring', async (test) => {
    const { dir, start } = await world(test);
    const first = await start({ everyCommands: 5 });
    await create(first, 'A');
    await written(first, 1);
    const { facts } = await seen(first, 'A');
    assert(facts.openRecords > 0);
    await first.stop();
    const second = await start({ epochAgeMs: 3_600_000 });
    assert.equal(logged(second, /market restored/), 1);
    // A turn of the sequencer would close it.
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual((await seen(second, 'A')).facts, facts);
    await second.stop();
    assert((await settlementOf(dir))['diff.0.A'] !== undefined);
  });

  it('one that can not be written to its end leaves nothing behind', async (test) => {
    const { start } = await world(test);
    let aborted = 0;
    const node = await start({
      wrap: (store) => ({
        ...storeMethods(store),
        draft: async (name) => {
          const draft = await store.draft(name);
          return {
            write: () => Promise.reject(new Error('the disk is full')),
            finish: () => draft.finish(),
            abort: async () => {
              aborted += 1;
              await draft.abort();
            },
          };
        },
      }),
    });
    await create(node, 'A');
    await trade(node, 'A', 0, 30);
    while (logged(node, /no checkpoint.*the disk is full/) < 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert(aborted >= 1);
    await node.stop();
  });
});

const storeMethods = (store: SnapshotStore): SnapshotStore => ({
  description: store.description,
  draft: (name) => store.draft(name),
  list: (prefix) => store.list(prefix),
  read: (name) => store.read(name),
  remove: (name) => store.remove(name),
});

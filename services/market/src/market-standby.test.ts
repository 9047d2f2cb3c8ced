/** Services that follow a partition's log and take it over, with a real broker. */
import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { OperatorClient, OrderClient } from '@foldbook/client';
import {
  Asset,
  BatchKind,
  CommandKind,
  decodeTerm,
  diffStream,
  encodeBatch,
  encodeRecords,
  encodeTerm,
  isTermSubject,
  logFilter,
  logStream,
  logSubject,
  MAX_TERM,
  RECORD_BYTES,
  readEvents,
  reportStream,
  reportSubject,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import {
  connectNats,
  createLogger,
  JetStreamStore,
  MemorySnapshotStore,
  type NatsTransport,
  type SnapshotStore,
  type StreamReader,
  type StreamRecord,
  type StreamStore,
  systemClock,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { marketConfigSchema } from './config.ts';
import { OutputError } from './durable-output.ts';
import { type MarketServiceParts, startMarketService } from './market-service.ts';
import { openStandby } from './market-standby.ts';

const MARKETS = ['A', 'B', 'C'];
const ACCOUNTS = [7, 8, 9];

interface Variant {
  readonly hosts: number | 'inline';
  readonly everyCommands: number;
}

async function world(test: TestContext, variant: Variant) {
  const nats = await startNatsServer();
  test.after(() => nats.close());
  const lines: string[] = [];
  const logger = createLogger({
    service: 'test',
    level: 'info',
    write: (line) => void lines.push(line),
  });
  const connect = async () => {
    const transport = await connectNats({ servers: nats.url, name: 'test' });
    test.after(() => transport.close());
    return transport;
  };
  const parts = async (node: string, snapshots?: SnapshotStore): Promise<MarketServiceParts> => {
    const transport = await connect();
    const config = marketConfigSchema.parse({
      ...{ node, hosts: variant.hosts, broker: { kind: 'nats', servers: nats.url } },
      epochRecords: 50,
      snapshots: { everyCommands: variant.everyCommands },
    });
    const store = new JetStreamStore(transport);
    return { config, transport, store, snapshots, clock: systemClock, logger };
  };
  return { lines, connect, parts };
}

/** Orders that rest, trade and are cancelled, of one account, until told to stop. */
async function trade(transport: NatsTransport, market: string, account: number) {
  const reports = { kind: 'durable', transport } as const;
  const options = { transport, reports, market, account, resendAfterMs: 50 };
  const client = await OrderClient.open(options);
  let isEnding = false;
  let placed = 0;
  const flow = async (lane: number) => {
    for (let turn = lane; !isEnding; turn += 1) {
      const side = (turn + account) % 2 === 0 ? Side.BUY : Side.SELL;
      const price = BigInt(100 + ((turn * 7 + account) % 9));
      const answer = await client.place({ side, price, quantity: BigInt(1 + (turn % 4)) });
      assert.equal(answer.type, 'accepted');
      placed += 1;
      if (turn % 3 === 0) await client.cancelAll();
    }
  };
  const flows = [0, 1, 2, 3].map(flow);
  const end = async () => {
    isEnding = true;
    await Promise.all(flows);
    assert.equal(client.gaps, 0, `${market} ${account} misses reports`);
    await client.close();
  };
  const placedMore = async (orders: number) => {
    const goal = placed + orders;
    while (placed < goal) await new Promise((resolve) => setImmediate(resolve));
  };
  return { end, placedMore };
}

/** Of each subject a digest of its records in order, however batches were cut. */
async function contentsOf(store: JetStreamStore, stream: string) {
  const hashes = new Map<string, Hash>();
  for await (const { subject, payload } of store.reader(stream).read(ALL)) {
    if (isTermSubject(subject)) continue;
    const hash = hashes.get(subject) ?? createHash('sha256');
    hashes.set(subject, hash.update(payload.subarray(RECORD_BYTES)));
  }
  const digests = [...hashes].map(([subject, hash]) => [subject, hash.digest('hex')]);
  return Object.fromEntries(digests.sort());
}

const ALL = { fromSequence: 1, follow: false } as const;

async function recordsOf(store: JetStreamStore, stream: string) {
  const records: StreamRecord[] = [];
  for await (const record of store.reader(stream).read(ALL)) records.push(record);
  return records;
}

async function termsOf(store: JetStreamStore, stream: string): Promise<string[]> {
  const nodes: string[] = [];
  for await (const { subject, payload } of store.reader(stream).read(ALL)) {
    if (!isTermSubject(subject)) continue;
    const decoded = decodeTerm(payload);
    nodes.push(decoded.ok ? decoded.value.node : decoded.detail);
  }
  return nodes;
}

async function createMarkets(transport: NatsTransport): Promise<void> {
  for (const market of MARKETS) {
    const operator = new OperatorClient(transport, market);
    await operator.createMarket(10, 20);
    for (const account of ACCOUNTS) {
      await operator.deposit(account, Asset.BASE, 1_000_000_000n);
      await operator.deposit(account, Asset.QUOTE, 1_000_000_000_000n);
    }
  }
}

/** A group of the log's as its owner would append it. */
const ordersOf = (market: number, account: number, orders: number) => {
  const commands = Array.from({ length: orders }, (_, index) => {
    const requestId = BigInt(1_000 + index);
    const ids = { session: 5, requestId, clientOrderId: requestId };
    const terms = { side: Side.BUY, price: 90n, quantity: 1n, timeInForce: TimeInForce.GTC };
    return [account, { kind: CommandKind.NEW, ...ids, ...terms }] as const;
  });
  const header = { kind: BatchKind.GROUP, market, timeNs: systemClock.nowNs() } as const;
  return encodeBatch(header, encodeRecords(commands));
};

/** Who follows the log through it has read these records, and hears no more: its line is broken. */
function withLine(store: StreamStore, read: readonly StreamRecord[]): StreamStore {
  const reader = (stream: string): StreamReader => {
    const whole = store.reader(stream);
    if (stream !== logStream(0)) return whole;
    return {
      read: async function* (options) {
        const { fromSequence, signal } = options;
        yield* read.slice(fromSequence - 1);
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      },
      lastSequence: () => whole.lastSequence(),
      last: (filter) => whole.last(filter),
      firstFrom: (fromSequence, filter) => whole.firstFrom(fromSequence, filter),
      lastOfEach: (filter) => whole.lastOfEach(filter),
    };
  };
  return {
    durability: store.durability,
    writer: (name, subjects, opening) => store.writer(name, subjects, opening),
    reader,
    close: () => store.close(),
  };
}

describe('a standby', { timeout: 240_000 }, () => {
  it('tells what an owner had in its log, and died before it told', async (test) => {
    const { connect, parts } = await world(test, { hosts: 1, everyCommands: 3 });
    const snapshots = new MemorySnapshotStore();
    const owner = await startMarketService(await parts('first', snapshots));
    const transport = await connect();
    await createMarkets(transport);
    await owner.stop();
    const store = new JetStreamStore(transport);
    const log = await store.writer(logStream(0), [logFilter(0)]);
    await log.append(logSubject(0, 'A'), ordersOf(1, 7, 3));
    const standby = await openStandby(await parts('second', snapshots));
    await log.append(logSubject(0, 'A'), ordersOf(1, 8, 2));
    await log.close();
    const next = await standby.takeOver();
    test.after(() => next.stop());
    for (const [account, count] of [
      [7, 3],
      [8, 2],
    ] as const) {
      const told = await store.reader(reportStream(0)).last(reportSubject(0, account, 'A'));
      const kinds = readEvents(told?.payload.subarray(RECORD_BYTES) ?? new Uint8Array(0));
      assert.deepEqual(
        kinds.map(({ type }) => type),
        Array(count).fill('accepted'),
      );
    }
  });

  it('has followed an owner who has nothing to tell: a partition without markets', async (test) => {
    const { parts } = await world(test, { hosts: 'inline', everyCommands: 1_000_000 });
    const owner = await startMarketService(await parts('first'));
    test.after(() => owner.stop());
    const standby = await openStandby(await parts('second'));
    test.after(() => standby.stop());
    const late = AbortSignal.timeout(20_000);
    const waited = new Promise((_, reject) => {
      late.addEventListener('abort', () => reject(new Error('it does not say that it waits')));
    });
    await Promise.race([standby.followed, waited]);
  });

  it('does not wait for streams that nobody makes any more', async (test) => {
    const { parts } = await world(test, { hosts: 'inline', everyCommands: 1_000_000 });
    assert.equal(await openStandby(await parts('second'), Promise.resolve()), undefined);
  });

  it('does not serve a log that has less than its outputs', async (test) => {
    const { connect, parts } = await world(test, { hosts: 'inline', everyCommands: 1_000_000 });
    const first = await startMarketService(await parts('first'));
    const transport = await connect();
    await createMarkets(transport);
    await first.stop();
    const store = new JetStreamStore(transport);
    const [barrier] = await recordsOf(store, logStream(0));
    assert(barrier !== undefined && isTermSubject(barrier.subject));
    await transport.request(`$JS.API.STREAM.DELETE.${logStream(0)}`, new Uint8Array(0), 5_000);
    await (await store.writer(logStream(0), [logFilter(0)], barrier)).close();
    const standby = await openStandby(await parts('second'));
    await assert.rejects(standby.takeOver(), OutputError);
  });

  it('does not go on with a log that lost what it had read, and was written on', async (test) => {
    const { connect, parts } = await world(test, { hosts: 'inline', everyCommands: 1_000_000 });
    const first = await startMarketService(await parts('first'));
    const transport = await connect();
    await createMarkets(transport);
    await first.stop();
    const store = new JetStreamStore(transport);
    const known = await recordsOf(store, logStream(0));
    const second = await parts('second');
    const standby = await openStandby({ ...second, store: withLine(second.store, known) });
    await transport.request(`$JS.API.STREAM.DELETE.${logStream(0)}`, new Uint8Array(0), 5_000);
    const [barrier, ...groups] = known;
    assert(barrier !== undefined && isTermSubject(barrier.subject));
    const log = await store.writer(logStream(0), [logFilter(0)], barrier);
    // As long as it was, and a record longer: an owner came where the last two groups had been.
    const kept = groups.slice(0, -2);
    for (const { subject, payload } of kept) await log.append(subject, payload);
    await log.close();
    const payload = encodeTerm({ term: MAX_TERM - 7, node: 'other', timeNs: 0n, previous: 0 });
    const { subject } = barrier;
    const other = await store.writer(logStream(0), [logFilter(0)], { subject, payload, after: 1 });
    for (const count of [1, 2]) await other.append(logSubject(0, 'A'), ordersOf(1, 9, count));
    await other.close();
    const code = 'TRUNCATED';
    const message = new RegExp(`new owner's barrier at ${kept.length + 2}, and is known to have`);
    await assert.rejects(standby.takeOver(), { code, message });
  });

  const variants: readonly Variant[] = [
    { hosts: 2, everyCommands: 1_000_000 },
    { hosts: 1, everyCommands: 1_500 },
    { hosts: 'inline', everyCommands: 2_000 },
  ];
  for (const variant of variants) {
    const { hosts, everyCommands } = variant;
    const title = `hosts ${hosts}, a checkpoint every ${everyCommands} commands`;
    it(`takes over under load, and tells what was not told, once: ${title}`, async (test) => {
      const { lines, connect, parts } = await world(test, variant);
      const snapshots = new MemorySnapshotStore();
      let owner = await startMarketService(await parts('node 0', snapshots));
      const transport = await connect();
      await createMarkets(transport);
      const traders = await Promise.all(
        MARKETS.flatMap((market) => ACCOUNTS.map((account) => trade(transport, market, account))),
      );
      const all = (orders: number) => Promise.all(traders.map((one) => one.placedMore(orders)));
      const followed: number[] = [];
      for (let round = 1; round <= 3; round += 1) {
        const standby = await openStandby(await parts(`node ${round}`, snapshots));
        // At once in one round: what it has not executed in silence yet is a lot then.
        if (round !== 2) await all(15);
        const before = owner;
        owner = await standby.takeOver();
        followed.push(owner.recovered.groups);
        await all(5);
        assert.match((await before.failed).message, /another writer has appended/);
        await before.stop();
      }
      for (const trader of traders) await trader.end();
      await owner.stop();
      assert(followed.every((groups) => groups > 0));
      const store = new JetStreamStore(transport);
      const nodes = [0, 1, 2, 3].map((round) => `node ${round}`);
      for (const stream of [logStream(0), reportStream(0), diffStream(0)]) {
        assert.deepEqual(await termsOf(store, stream), nodes);
      }
      const told = {
        reports: await contentsOf(store, reportStream(0)),
        diffs: await contentsOf(store, diffStream(0)),
      };
      // One who has the log alone tells all of it anew.
      for (const stream of [reportStream(0), diffStream(0)]) {
        await transport.request(`$JS.API.STREAM.DELETE.${stream}`, new Uint8Array(0), 5_000);
      }
      const anew = await startMarketService(await parts('anew'));
      await anew.stop();
      assert.deepEqual(await contentsOf(store, reportStream(0)), told.reports);
      assert.deepEqual(await contentsOf(store, diffStream(0)), told.diffs);
      const ofTakeovers = lines.filter((line) => /the partition was taken over/.test(line));
      assert.equal(ofTakeovers.length, 3);
      test.diagnostic(ofTakeovers.map((line) => line.replace(/.*over"?/, '')).join(''));
    });
  }
});

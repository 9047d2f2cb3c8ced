/** Owners of a partition that follow each other, on real streams. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ClientError, OperatorClient, OrderClient } from '@foldbook/client';
import {
  Asset,
  BatchKind,
  decodeTerm,
  diffStream,
  encodeBatch,
  isTermSubject,
  logStream,
  logSubject,
  logTermSubject,
  reportStream,
  Side,
} from '@foldbook/protocol';
import {
  connectNats,
  createLogger,
  JetStreamStore,
  SegmentStore,
  StreamError,
  type StreamStore,
  systemClock,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { marketConfigSchema } from './config.ts';
import { startMarketService } from './market-service.ts';
import {
  barriersBefore,
  checkOutputEnds,
  type LastBarriers,
  lastBarriers,
  takeOwnership,
  takeOwnershipPatiently,
} from './ownership.ts';

const MARKET = 'BTC-USD';
const PARTITION = 3;
const quiet = createLogger({ service: 'test', level: 'error', write: () => undefined });

async function broker(test: TestContext) {
  const nats = await startNatsServer();
  test.after(() => nats.close());
  const connect = async () => {
    const transport = await connectNats({ servers: nats.url, name: 'test' });
    test.after(() => transport.close());
    return transport;
  };
  return { nats, connect };
}

async function segments(test: TestContext): Promise<() => StreamStore> {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-ownership-'));
  test.after(() => rm(dir, { recursive: true, force: true }));
  return () => new SegmentStore({ dir });
}

const take = (store: StreamStore, node: string, nowNs = systemClock.nowNs(), last?: LastBarriers) =>
  takeOwnership({
    last,
    partition: PARTITION,
    node,
    store,
    clock: { nowNs: () => nowNs },
    logger: quiet,
  });

async function recordsOf(store: StreamStore, stream: string) {
  const records = [];
  const reading = store.reader(stream).read({ fromSequence: 1, follow: false });
  for await (const record of reading) records.push(record);
  return records;
}

const group = (market: number) =>
  encodeBatch({ kind: BatchKind.GROUP, market }, new Uint8Array(64));

describe('the ownership of a partition', { timeout: 120_000 }, () => {
  it('begins with a barrier of a higher term on each stream', async (test) => {
    const open = await segments(test);
    const terms: number[] = [];
    // A clock that stands still, and one that goes back.
    for (const nowNs of [5_000_000_000n, 5_000_000_000n, 0n]) {
      const store = open();
      const owned = await take(store, `node ${terms.length}`, nowNs);
      terms.push(owned.term);
      assert.equal(owned.barrier, owned.log.lastSequence);
      await owned.close();
      await store.close();
    }
    assert.deepEqual(terms, [5, 6, 7]);
    const store = open();
    for (const stream of [logStream(PARTITION), reportStream(PARTITION), diffStream(PARTITION)]) {
      const found = (await recordsOf(store, stream)).map(({ subject, payload }) => {
        assert(isTermSubject(subject));
        const decoded = decodeTerm(payload);
        return decoded.ok ? [decoded.value.term, decoded.value.node] : decoded.detail;
      });
      assert.deepEqual(found, [
        [5, 'node 0'],
        [6, 'node 1'],
        [7, 'node 2'],
      ]);
    }
    await store.close();
  });

  it('is taken at once behind barriers that are known, else behind others', async (test) => {
    const { connect } = await broker(test);
    const store = new JetStreamStore(await connect());
    const terms: number[] = [];
    const takeBehind = async (node: string, last?: LastBarriers) => {
      const owned = await take(store, node, 1_000_000_000n, last);
      terms.push(owned.term);
      await owned.close();
    };
    await takeBehind('first');
    const first = await lastBarriers({ store, partition: PARTITION });
    await takeBehind('second', first);
    const second = await lastBarriers({ store, partition: PARTITION });
    // Each of them knows something that is not so any more.
    await takeBehind('of nothing new', first);
    const third = await lastBarriers({ store, partition: PARTITION });
    await takeBehind('of an old log', { ...third, log: second.log });
    const fourth = await lastBarriers({ store, partition: PARTITION });
    await takeBehind('of old outputs', { ...second, log: fourth.log });
    for (let index = 1; index < terms.length; index += 1) {
      assert((terms[index] ?? 0) > (terms[index - 1] ?? 0), `terms ${terms}`);
    }
    const { log, reports, diffs } = await lastBarriers({ store, partition: PARTITION });
    const ends = [log, reports, diffs].map((barrier) => `${barrier?.term} ${barrier?.node}`);
    assert.deepEqual(ends, Array(3).fill(`${terms.at(-1)} of old outputs`));
    for (const stream of [logStream, reportStream, diffStream]) {
      const found = (await recordsOf(store, stream(PARTITION))).map(({ payload }) => {
        const term = decodeTerm(payload);
        assert(term.ok);
        return term.value.term;
      });
      assert.deepEqual(
        found,
        [...found].sort((a, b) => a - b),
        stream(PARTITION),
      );
      assert.equal(new Set(found).size, found.length);
    }
    await store.close();
  });

  it('waits for a broker that is away, unless another node has it meanwhile', async (test) => {
    const { connect } = await broker(test);
    const store = new JetStreamStore(await connect());
    await (await take(store, 'first')).close();
    const last = await lastBarriers({ store, partition: PARTITION });
    let failures = 0;
    // The broker stores what it does not answer for.
    const silent: StreamStore = {
      durability: '',
      reader: (name) => store.reader(name),
      close: () => store.close(),
      writer: async (name, subjects, opening) => {
        const writer = await store.writer(name, subjects, opening);
        if (failures >= 4) return writer;
        failures += 1;
        await writer.close();
        throw new StreamError('UNAVAILABLE', 'nobody answers');
      },
    };
    const parts = { partition: PARTITION, node: 'second', store: silent, clock: systemClock };
    let asked = 0;
    const mayTake = async () => {
      asked += 1;
    };
    const owned = await takeOwnershipPatiently({ ...parts, logger: quiet, last }, mayTake);
    assert(asked > 1 && failures === 4, `${asked} times asked, ${failures} failures`);
    assert(owned.term > (last.log?.term ?? 0) + 1);
    await owned.log.append(logSubject(PARTITION, MARKET), group(1));
    await owned.close();
    failures = 0;
    const others = new Error('another node has it');
    const refused = takeOwnershipPatiently({ ...parts, logger: quiet }, () =>
      Promise.reject(others),
    );
    await assert.rejects(refused, others);
    await store.close();
  });

  it('leaves terms for those that follow, whatever a clock says', async (test) => {
    const open = await segments(test);
    const store = open();
    const first = await take(store, 'a', 2n ** 62n);
    assert.equal(first.term, 1);
    await first.close();
    const second = await take(store, 'b', 2n ** 62n);
    assert.equal(second.term, 2);
    await second.close();
    await store.close();
  });

  it('is not taken over a barrier that can not be read', async (test) => {
    const open = await segments(test);
    const store = open();
    const writer = await store.writer(logStream(PARTITION), [`log.${PARTITION}.*`]);
    await writer.append(logTermSubject(PARTITION), group(1));
    await writer.close();
    await assert.rejects(take(store, 'a'), {
      code: 'CORRUPT',
      message: /record 1 of LOG_3 .*is no term: UNKNOWN_KIND.*; restore/,
    });
    await store.close();
  });

  it('is not taken over outputs that end before what was known of them', async (test) => {
    const store = (await segments(test))();
    test.after(() => store.close());
    const since = { reports: 3, diffs: 0 };
    const taking = takeOwnership({
      ...{ partition: PARTITION, node: 'a', store, since },
      ...{ clock: systemClock, logger: quiet },
    });
    await assert.rejects(taking, /RPT_3 ended at 0, but is known to have had 3 records/);
  });

  it('ends all appends of the owner before, however many are on their way', async (test) => {
    const { connect } = await broker(test);
    let before = await take(new JetStreamStore(await connect()), 'node 0');
    for (let round = 1; round <= 8; round += 1) {
      const appends: Promise<number>[] = [];
      const flow = async () => {
        for (let isRefused = false; !isRefused; ) {
          for (let many = 0; many < 20; many += 1) {
            appends.push(before.log.append(logSubject(PARTITION, MARKET), group(round)));
          }
          const outcomes = await Promise.allSettled(appends.slice(-20));
          isRefused = outcomes.some(({ status }) => status === 'rejected');
        }
      };
      const flowing = flow();
      const store = new JetStreamStore(await connect());
      const after = await take(store, `node ${round}`);
      assert(after.term > before.term);
      await flowing;
      const outcomes = await Promise.allSettled(appends);
      const stored = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      assert(stored.every((sequence) => sequence < after.barrier));
      await assert.rejects(before.log.append(logSubject(PARTITION, MARKET), group(0)), {
        code: 'STALE_WRITER',
      });
      const records = await recordsOf(store, logStream(PARTITION));
      const ofRound = records.filter(({ payload }) => payload[4] === round);
      assert(ofRound.every(({ sequence }) => sequence < after.barrier));
      assert(stored.length <= ofRound.length, 'what was acknowledged is there');
      await before.close();
      before = after;
    }
    await before.close();
  });

  it('goes to one of those who take it at a time, and each term to one of them', async (test) => {
    const { connect } = await broker(test);
    const stores = [];
    for (let node = 0; node < 6; node += 1) stores.push(new JetStreamStore(await connect()));
    const taking = stores.map((store, node) => take(store, `node ${node}`, 0n));
    const taken = (await Promise.allSettled(taking)).flatMap((one) =>
      one.status === 'fulfilled' ? [one.value] : [],
    );
    const terms = taken.map(({ term }) => term);
    assert.equal(new Set(terms).size, terms.length, 'no two have the same term');
    const appends = taken.map(({ log }) => log.append(logSubject(PARTITION, MARKET), group(1)));
    const outcomes = await Promise.allSettled(appends);
    const winners = taken.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    assert.deepEqual(
      winners.map(({ barrier }) => barrier),
      [Math.max(...taken.map(({ barrier }) => barrier))],
    );
    for (const owned of taken) await owned.close();
  });

  it('goes from one service to the next: nothing is lost, nothing is told twice', async (test) => {
    const { nats, connect } = await broker(test);
    const start = async (node: string) => {
      const transport = await connect();
      const nodeConfig = { node, broker: { kind: 'nats', servers: nats.url } };
      const config = marketConfigSchema.parse(nodeConfig);
      const store = new JetStreamStore(transport);
      const parts = { config, transport, store, clock: systemClock, logger: quiet };
      const service = await startMarketService(parts);
      test.after(() => service.stop());
      return service;
    };
    const transport = await connect();
    const first = await start('first');
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    await operator.deposit(7, Asset.BASE, 1_000n);
    const reports = { kind: 'durable', transport } as const;
    const client = await OrderClient.open({ transport, reports, market: MARKET, account: 7 });
    const sell = { side: Side.SELL, quantity: 1n } as const;
    const placed: Promise<unknown>[] = [];
    let second: Promise<unknown> | undefined;
    for (let price = 1n; price <= 200n; price += 1n) {
      placed.push(client.place({ ...sell, price }));
      if (price === 100n) second = start('second');
    }
    const types = (await Promise.all(placed)).map((event) => (event as { type: string }).type);
    assert.deepEqual(new Set(types), new Set(['accepted']));
    // The first one learns of it by its next append.
    await operator.deposit(7, Asset.BASE, 1n).catch((error: unknown) => {
      assert(error instanceof ClientError);
    });
    assert.match((await first.failed).message, /another writer has appended/);
    await second;
    assert.equal((await client.openOrders()).length, 200);
    assert.equal(client.gaps, 0);
    await client.close();
  });
});

describe('outputs that lost their end and were written on', () => {
  it('show a later barrier where something else was, behind however many', async (test) => {
    const store = (await segments(test))();
    const terms: number[] = [];
    for (const node of ['one', 'two', 'three']) {
      const owned = await take(store, node);
      terms.push(owned.term);
      await owned.close();
    }
    const four = await take(store, 'four');
    assert.equal(four.diffs.before?.previous, 2, 'each names the one before it');
    const [first = 0, second = 0] = terms;
    const check = (reports: number, diffs: number, term: number) =>
      checkOutputEnds({ store, partition: PARTITION }, barriersBefore(four), {
        reports,
        diffs,
        term,
      });
    await check(1, 1, first);
    await check(2, 2, second);
    const refused = (error: unknown) =>
      error instanceof StreamError && error.code === 'TRUNCATED' && /DIFF_3/.test(error.message);
    await assert.rejects(check(1, 2, first), refused);
    await assert.rejects(check(1, 3, second), refused);
    await four.close();
  });
});

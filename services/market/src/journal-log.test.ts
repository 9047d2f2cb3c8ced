/** A market with a journal beside a real broker's log, which then loses or changes records. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, logFilter, logStream, logTermSubject, Side } from '@foldbook/protocol';
import {
  connectNats,
  createLogger,
  JetStreamStore,
  type NatsTransport,
  repairStream,
  SegmentStore,
  systemClock,
  verifySegments,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { marketConfigSchema } from './config.ts';
import { withJournals } from './journaled-store.ts';
import { startMarketService } from './market-service.ts';

const MARKET = 'BTC-USD';
/** The client's types do not know it. */
const ATOMIC = { allow_atomic: true };
const LOG = logStream(0);
const REPORTS = { kind: 'durable' } as const;

type Manager = Awaited<ReturnType<NatsTransport['connection']['jetstreamManager']>>;

async function world(test: TestContext, journal: Record<string, unknown> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-journal-'));
  const nats = await startNatsServer();
  test.after(async () => {
    await nats.close();
    await rm(dir, { recursive: true, force: true });
  });
  const connection = async () => {
    const transport = await connectNats({ servers: nats.url, name: 'test' });
    test.after(() => transport.close());
    return transport;
  };
  const files = new SegmentStore({ dir });
  const lines: string[] = [];
  let onLine = () => {};
  /** Resolves when the log of the services has so many lines that match. */
  const untilTold = (wanted: RegExp, times: number) =>
    new Promise<void>((resolve) => {
      onLine = () => {
        if (lines.filter((line) => wanted.test(line)).length >= times) resolve();
      };
      onLine();
    });
  const open = async (withJournal = true) => {
    const config = marketConfigSchema.parse({
      broker: { kind: 'nats', servers: nats.url },
      hosts: 'inline',
      journal: withJournal ? { dir, ...journal } : undefined,
    });
    const logger = createLogger({
      service: 'test',
      level: 'info',
      write: (line) => {
        lines.push(line);
        onLine();
      },
    });
    const transport = await connection();
    const store = withJournals(new JetStreamStore(transport), config, logger);
    return { config, transport, store, clock: systemClock, logger, files: files.reader(LOG) };
  };
  const start = async (withJournal = true) => {
    const parts = await open(withJournal);
    const { transport, store } = parts;
    try {
      const service = await startMarketService(parts);
      const stop = async () => {
        await service.stop();
        await store.close();
      };
      return { service, transport, stop };
    } catch (error) {
      await store.close();
      throw error;
    }
  };
  /** The broker with the data that it had when `save` was called. */
  const saved = join(dir, 'saved');
  const save = async () => {
    await nats.stop();
    await cp(nats.storeDir, saved, { recursive: true });
    await nats.restart();
  };
  const putBack = async () => {
    await nats.stop();
    await rm(nats.storeDir, { recursive: true });
    await cp(saved, nats.storeDir, { recursive: true });
    await nats.restart();
  };
  const manage = async <T>(act: (manager: Manager) => Promise<T>): Promise<T> => {
    const stranger = await connectNats({ servers: nats.url, name: 'stranger' });
    try {
      return await act(await stranger.connection.jetstreamManager());
    } finally {
      await stranger.close();
    }
  };
  const repair = async () => {
    const store = new JetStreamStore(await connection());
    const { firstSequence = 1, lastSequence } = await verifySegments(join(dir, LOG));
    return repairStream({
      name: LOG,
      copy: files.reader(LOG),
      first: firstSequence,
      last: lastSequence,
      stream: store.reader(LOG),
      holes: () => store.holes(LOG),
      isThere: (await store.state(LOG)) !== undefined,
      open: () => store.writer(LOG, [logFilter(0)]),
      onPlan: async () => true,
    });
  };
  const at = { dir, folder: join(dir, LOG) };
  return { ...at, nats, open, start, untilTold, save, putBack, manage, repair };
}

type World = Awaited<ReturnType<typeof world>>;
type Node = Awaited<ReturnType<World['start']>>;

/** A market with an account that may sell. */
async function create({ transport }: Node): Promise<void> {
  const operator = new OperatorClient(transport, MARKET);
  await operator.createMarket(0, 0);
  await operator.deposit(7, Asset.BASE, 1_000n);
}

async function sell({ transport }: Node, orders: number): Promise<void> {
  const reports = { ...REPORTS, transport };
  const client = await OrderClient.open({ transport, reports, market: MARKET, account: 7 });
  for (let i = 0; i < orders; i += 1) {
    await client.place({ side: Side.SELL, price: BigInt(100 + i), quantity: 1n });
  }
  await client.close();
}

async function openOrders({ transport }: Node): Promise<number> {
  const reports = { ...REPORTS, transport };
  const client = await OrderClient.open({ transport, reports, market: MARKET, account: 7 });
  const { baseAvailable, baseHeld } = await client.balance();
  await client.close();
  assert.equal(baseAvailable + baseHeld, 1_000n);
  return Number(baseHeld);
}

async function logLast({ manage }: World): Promise<number> {
  return manage(async ({ streams }) => (await streams.info(LOG)).state.last_seq);
}

describe('a journal beside a log', { timeout: 180_000 }, () => {
  it('has each record of the log, whoever wrote it', async (test) => {
    const there = await world(test);
    const before = await there.start(false);
    await create(before);
    await sell(before, 3);
    await before.stop();
    for (const [index, orders] of [5, 4].entries()) {
      const node = await there.start();
      await sell(node, orders);
      if (index === 0) await there.untilTold(/the journal has caught up/, 1);
      await node.stop();
    }
    const last = await logLast(there);
    const found = await verifySegments(there.folder);
    assert.deepEqual([found.faults, found.firstSequence, found.lastSequence], [[], 1, last]);
    // A node without one goes on meanwhile.
    const other = await there.start(false);
    await sell(other, 3);
    await other.stop();
    const node = await there.start();
    assert.equal(await openOrders(node), 15);
    await there.untilTold(/the journal has caught up/, 2);
    await node.stop();
    assert.equal(await there.repair(), 0);
    assert.equal((await verifySegments(there.folder)).lastSequence, await logLast(there));
  });

  it('refuses a log that lost its end, and mends it', async (test) => {
    const there = await world(test);
    const first = await there.start();
    await create(first);
    await sell(first, 3);
    await first.stop();
    await there.save();
    const second = await there.start();
    await sell(second, 5);
    await second.stop();
    const whole = await logLast(there);
    await there.putBack();
    const short = await logLast(there);
    assert(short < whole);
    const wanted = new RegExp(
      `JOURNAL_AHEAD: LOG_0 ends at ${short}.*lost ${short + 1} to ${whole},.*journal repair`,
    );
    for (let again = 0; again < 2; again += 1) {
      await assert.rejects(there.start(), { code: 'JOURNAL_AHEAD', message: wanted });
    }
    assert.equal(await logLast(there), short, 'nothing was appended behind it');
    assert.equal(await there.repair(), whole - short);
    assert.equal(await logLast(there), whole);
    const mended = await there.start();
    assert.equal(await openOrders(mended), 8);
    await sell(mended, 1);
    assert.equal(await openOrders(mended), 9);
    await mended.stop();
  });

  it('refuses a log with other records, and does not mend it', async (test) => {
    const there = await world(test);
    const first = await there.start();
    await create(first);
    await first.stop();
    await there.save();
    const second = await there.start();
    await sell(second, 5);
    await second.stop();
    await there.putBack();
    const parted = (await logLast(there)) + 1;
    const other = await there.start(false);
    await sell(other, 9);
    await other.stop();
    await assert.rejects(there.start(), {
      code: 'JOURNAL_DIFFERS',
      message: new RegExp(`another record at ${parted} than.*its payload on log.0.\\$term`),
    });
    await assert.rejects(there.repair(), { code: 'CORRUPT', message: /Nothing is appended/ });
  });

  it('refuses a log with a hole, and writes it anew where it was removed', async (test) => {
    const there = await world(test);
    // The service's own streams don't let messages be deleted.
    const config = { name: LOG, subjects: [logFilter(0)], duplicate_window: 2e9 };
    await there.manage(({ streams }) => streams.add({ ...config, ...ATOMIC }));
    const node = await there.start();
    await create(node);
    await sell(node, 6);
    await node.stop();
    const last = await logLast(there);
    for (const sequence of [4, last]) {
      await there.manage(({ streams }) => streams.deleteMessage(LOG, sequence));
      await assert.rejects(there.start(), {
        code: 'LOG_HOLE',
        message: /LOG_0 has a hole at 4: .*remove the stream/,
      });
      await assert.rejects(there.repair(), { code: 'GAP' });
    }
    await there.manage(({ streams }) => streams.delete(LOG));
    assert.equal(await there.repair(), last);
    const mended = await there.start();
    assert.equal(await openOrders(mended), 6);
    await mended.stop();
  });

  it('is compared again before each opening, and at once by who only reads', async (test) => {
    const there = await world(test);
    const node = await there.start();
    await create(node);
    await sell(node, 2);
    await node.stop();
    const { store, files } = await there.open();
    const read = async () => {
      for await (const _ of store.reader(LOG).read({ fromSequence: 1, follow: false }));
    };
    await read();
    const short = (await logLast(there)) - 1;
    const records = [];
    for await (const record of files.read({ fromSequence: 1, follow: false })) records.push(record);
    await there.manage(({ streams }) => streams.delete(LOG));
    const other = new JetStreamStore(node.transport);
    const writer = await other.writer(LOG, [logFilter(0)]);
    for (const { subject, payload } of records.slice(0, short)) {
      await writer.append(subject, payload);
    }
    const opening = { subject: logTermSubject(0), payload: new Uint8Array(1) };
    await assert.rejects(store.writer(LOG, [logFilter(0)], opening), { code: 'JOURNAL_AHEAD' });
    await store.close();
    assert.equal(await logLast(there), short);
    const anew = await there.open();
    const reading = anew.store.reader(LOG).read({ fromSequence: 1, follow: true });
    await assert.rejects(reading[Symbol.asyncIterator]().next(), { code: 'JOURNAL_AHEAD' });
    await anew.store.close();
  });

  it('refuses a log that was emptied', async (test) => {
    const there = await world(test);
    const node = await there.start();
    await create(node);
    await node.stop();
    await there.manage(({ streams }) => streams.purge(LOG));
    await assert.rejects(there.start(), { code: 'LOG_HOLE' });
    await there.manage(({ streams }) => streams.delete(LOG));
    await assert.rejects(there.start(), { code: 'JOURNAL_AHEAD', message: /ends at 0/ });
    await there.repair();
    await (await there.start()).stop();
  });

  it('is not shared, and begins where it is told to', async (test) => {
    const there = await world(test, { begin: 'now', sync: 'always' });
    const before = await there.start(false);
    await create(before);
    await before.stop();
    const begins = (await logLast(there)) + 1;
    const node = await there.start();
    await assert.rejects(there.start(), { code: 'JOURNAL_UNUSABLE', message: /LOG_0 .*own/s });
    await sell(node, 5);
    // It has what was acknowledged, before anything is closed.
    const { firstSequence, lastSequence, faults } = await verifySegments(there.folder);
    assert.deepEqual([firstSequence, lastSequence, faults], [begins, await logLast(there), []]);
    await node.stop();
    await (await there.start()).stop();
  });
});

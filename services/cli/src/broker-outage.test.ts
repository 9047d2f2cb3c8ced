/**
 * A market and its traders on a broker that stands still, is slow, goes away or does not come back:
 * what they are told meanwhile, and that everything is there afterwards, once.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { OrderClient } from '@foldbook/client';
import { Side } from '@foldbook/protocol';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';
import { MARKET, PROBER } from './check/kill9-load.ts';
import { DisturbedMarket, type DisturbedMarketOptions } from './testing/disturbed-market.ts';
import { NetworkLine } from './testing/network-line.ts';
import { probe } from './testing/probe.ts';

const LIMIT = { timeout: 120_000 };
const STALLED = /the log does not take appends/;
const FLOWING = /the log takes appends again/;
/** Shorter than the writer's own patience: the lease is lost first, and had again. */
const LEASE_MS = 1_500;

interface Scene {
  readonly nats: NatsServer;
  /** Between the market and the broker. */
  readonly line: NetworkLine;
  readonly market: DisturbedMarket;
}

async function withScene(
  use: (scene: Scene) => Promise<void>,
  change: Partial<DisturbedMarketOptions> = {},
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-broker-'));
  const nats = await startNatsServer({ syncInterval: 'always' });
  const line = await NetworkLine.open(nats.port);
  try {
    const market = await DisturbedMarket.start({
      ...{ dir, url: nats.url, marketUrl: line.url },
      config: { broker: { kind: 'nats', servers: line.url, leaseMs: LEASE_MS } },
      ...change,
    });
    try {
      await use({ nats, line, market });
    } finally {
      await market.close();
    }
  } finally {
    line.close();
    await nats.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** A message of them takes the line longer than a market's oldest command may wait. */
const FLOOD = 3_000;
const ORDER = { side: Side.BUY, price: 1n, quantity: 1n } as const;

function openTrader(transport: NatsTransport): Promise<OrderClient> {
  const reports = { kind: 'durable', transport } as const;
  return OrderClient.open({ transport, reports, market: MARKET, account: PROBER });
}

// Most of their time goes by until somebody loses patience; each has servers of its own.
describe('a market whose broker is in trouble', { concurrency: 2 }, () => {
  it('the broker stands still for longer than the lease: all go on when it does', LIMIT, () =>
    withScene(async ({ nats, market }) => {
      nats.pause();
      await market.says(/the lease was not renewed; trying to have it again/);
      await market.says(STALLED);
      nats.resume();
      await market.says(FLOWING);
      await market.tradesOn();
      assert.deepEqual(await market.judge(), []);
    }),
  );

  it('the line to the broker falls silent: traders hear nothing, then all of it', LIMIT, () =>
    withScene(async ({ line, market }) => {
      line.silence();
      await market.says(STALLED);
      assert.equal(await probe(market.transport), 'TIMEOUT');
      line.speak();
      await market.says(FLOWING);
      await market.tradesOn();
      assert.deepEqual(await market.judge(), []);
    }),
  );

  it('the line to the broker is slow: what can not be kept up with is BUSY', LIMIT, () =>
    withScene(async ({ line, market }) => {
      line.be({ delayMs: 30, bytesPerSec: 40_000 });
      await market.tradesOn();
      const flood = await openTrader(market.transport);
      for (let order = 0; order < FLOOD; order += 1) flood.submitOrder(ORDER);
      await market.says(/messages were refused BUSY=/);
      line.be({});
      await flood.idle();
      await flood.close();
      await market.tradesOn();
      assert.deepEqual(await market.judge(), []);
    }),
  );

  it('the broker goes and comes back after the lease: all go on when it does', LIMIT, () =>
    withScene(async ({ nats, market }) => {
      await nats.kill();
      await market.says(/broker lost; trying to reach it again/);
      await market.says(/the lease was not renewed; trying to have it again/);
      await nats.restart();
      await market.says(/broker is back/);
      await market.tradesOn();
      assert.deepEqual(await market.judge(), []);
    }),
  );

  it('the broker never comes back: everybody ends, and traders know what they do not', LIMIT, () =>
    withScene(async ({ nats, market }) => {
      const transport = await connectNats({ servers: nats.url, name: 'trader' });
      const client = await openTrader(transport);
      assert.equal((await client.place(ORDER)).type, 'accepted');
      nats.pause();
      const sent = assert.rejects(client.place(ORDER), { code: 'OUTCOME_UNKNOWN' });
      await new Promise((resolve) => setImmediate(resolve));
      await nats.kill();
      await market.says(/broker lost/);
      const unsent = assert.rejects(client.place(ORDER), { code: 'NOT_SENT' });
      assert.equal(await probe(transport), 'TIMEOUT');
      await client.close();
      await Promise.all([sent, unsent]);
      await transport.close();
      const { status } = await market.process.stop();
      // Whether something of it was on its way when the broker was gone.
      const isLate = /ended before all was written; the next start reads the log/;
      assert.equal(status, isLate.test(market.process.log()) ? 1 : 0);
    }),
  );
});

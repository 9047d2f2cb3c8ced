/**
 * A market and its traders on a broker that stands still, is slow, goes away or does not come back:
 * what they are told meanwhile, and that everything is there afterwards, once.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { OrderClient } from '@foldbook/client';
import { Side } from '@foldbook/protocol';
import { connectNats } from '@foldbook/runtime';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';
import { MARKET } from './check/kill9-load.ts';
import { DisturbedMarket, type DisturbedMarketOptions } from './testing/disturbed-market.ts';
import { NetworkLine } from './testing/network-line.ts';

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

test('the broker stands still for longer than the lease: all go on when it does', LIMIT, () =>
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

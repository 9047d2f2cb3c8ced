/**
 * A node over real servers, and what happens when they, or the market, are killed in mid-run:
 * clear words, a clean recovery, every command executed once.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BookMirror, OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, type CommandKind, Side, TimeInForce } from '@foldbook/protocol';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import {
  type NatsServer,
  type RedisServer,
  startNatsServer,
  startRedisServer,
} from '@foldbook/runtime/testing';
import { verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { kernelCommitments } from '@foldbook/verifier/stark-data';
import { type ServiceProcess, startService } from './service-process.ts';
import { until } from './testing/until.ts';

const MARKET = 'BTC-USD';
const NEW: typeof CommandKind.NEW = 1;
const ORDERS = 6_000;

describe('a node whose servers are killed', { timeout: 400_000 }, () => {
  let dir = '';
  let nats: NatsServer;
  let redis: RedisServer;
  let market: ServiceProcess;
  let prover: ServiceProcess;
  let transport: NatsTransport;
  const trouble: string[] = [];
  const proved: number[] = [];
  let nextClientOrderId = 1n;
  let lastEpoch = 0;

  const onTrouble = (line: string) => trouble.push(line);
  const startMarket = () =>
    startService('market', {
      config: { broker: { kind: 'nats', servers: nats.url }, epochRecords: 1_000 },
      logDir: dir,
      onTrouble,
    });
  const openTrader = (account: number) =>
    OrderClient.open({
      transport,
      reports: { kind: 'durable', transport },
      market: MARKET,
      account,
      session: account,
      resendAfterMs: 500,
    });

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-outage-'));
    nats = await startNatsServer();
    redis = await startRedisServer();
    market = await startMarket();
    prover = await startService('prover', {
      config: {
        source: { kind: 'jetstream', servers: nats.url },
        redisUrl: redis.url,
        dataDir: join(dir, 'proofs'),
        workers: 1,
      },
      logDir: dir,
      onTrouble,
    });
    prover.child.on('message', (message: { type?: string; epoch?: number }) => {
      if (message.type === 'epoch-proved') proved.push(message.epoch ?? -1);
    });
    transport = await connectNats({ servers: nats.url, name: 'outage-test' });
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    for (const account of [7, 8]) await operator.deposit(account, Asset.BASE, 1_000_000n);
    await operator.closeEpoch();
  });

  after(async () => {
    await Promise.all([market.stop(), prover.stop()]);
    await transport.close();
    await nats.close();
    await redis.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** Orders of one lot that rest: the book then counts how many were executed. */
  const submit = (client: OrderClient, count: number) => {
    for (let order = 0; order < count; order += 1) {
      client.submit({
        kind: NEW,
        clientOrderId: nextClientOrderId,
        side: Side.SELL,
        price: 1_000n + (nextClientOrderId % 50n),
        quantity: 1n,
        timeInForce: TimeInForce.GTC,
      });
      nextClientOrderId += 1n;
    }
  };

  /** Submits in portions; `interrupt` runs once a third is answered. */
  async function tradeThrough(client: OrderClient, interrupt: () => Promise<void>): Promise<void> {
    let interrupted: Promise<void> | undefined;
    for (let portion = 0; portion < 30; portion += 1) {
      submit(client, ORDERS / 30);
      if (client.counters.answered > ORDERS / 3) interrupted ??= interrupt();
      while (client.unanswered > ORDERS / 10 && interrupted === undefined) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await (interrupted ?? interrupt());
    await client.idle();
  }

  async function expectOrdersOnce(client: OrderClient): Promise<void> {
    assert.equal(client.counters.rejected, 0, 'no order was refused or superseded unseen');
    assert.equal(client.gaps, 0);
    const mirror = new BookMirror(transport, MARKET, () => undefined);
    await mirror.open();
    await mirror.compareWithEngine(20_000);
    mirror.close();
    const levels = mirror.levels(Side.SELL);
    const resting = levels.reduce((sum, level) => sum + Number(level.quantity), 0);
    assert.equal(
      resting,
      Number(nextClientOrderId) - 1,
      'each order rests once: none lost or twice',
    );
  }

  const said = (words: RegExp) => trouble.some((line) => words.test(line));

  it('nats-server killed: nothing acknowledged is lost, nothing runs twice', async () => {
    const client = await openTrader(7);
    await tradeThrough(client, async () => {
      await nats.kill();
      await nats.restart();
    });
    await expectOrdersOnce(client);
    assert(said(/broker lost/), `the market said so: ${trouble.join('\n')}`);
    await client.close();
  });

  it('the market killed: it recovers from its log and goes on', async () => {
    const client = await openTrader(8);
    await tradeThrough(client, async () => {
      market.child.kill('SIGKILL');
      await market.exited;
      market = await startMarket();
    });
    await expectOrdersOnce(client);
    await client.close();
  });

  const ok = async (command: string) => assert.equal(await redis.say(command), '+OK');
  for (const [what, goWrong, beMended, words] of [
    ['killed', () => redis.kill(), () => redis.restart(), /queue lost.*is gone/],
    ['standing still', () => redis.pause(), () => redis.resume(), undefined],
    ['emptied', () => ok('FLUSHALL'), () => ok('FLUSHALL'), undefined],
    [
      'full',
      () => ok('CONFIG SET maxmemory 1'),
      () => ok('CONFIG SET maxmemory 0'),
      /queue lost.*refuses \(.*OOM/,
    ],
  ] as const) {
    it(`redis-server ${what}: matching goes on, and proofs go on afterwards`, async () => {
      trouble.length = 0;
      await goWrong();
      const client = await openTrader(7);
      submit(client, 500);
      await client.idle();
      await expectOrdersOnce(client);
      await client.close();
      const operator = new OperatorClient(transport, MARKET);
      await operator.deposit(7, Asset.QUOTE, 5n);
      const closed = await operator.closeEpoch();
      assert(closed.type === 'epoch');
      if (words !== undefined) await until(() => said(words));
      assert(!proved.includes(closed.epoch));
      await beMended();
      await until(() => proved.includes(closed.epoch));
      lastEpoch = closed.epoch;
    });
  }

  it('and what was proved meanwhile is one chain', async () => {
    const result = await verifyChain(
      openStoreFolder(join(dir, 'proofs'), MARKET, { chain: 'stark' }),
      {
        commitments: kernelCommitments,
      },
    );
    assert(result.ok, result.ok ? '' : result.firstFailure.message);
    assert.equal(result.epochs, lastEpoch + 1);
  });
});

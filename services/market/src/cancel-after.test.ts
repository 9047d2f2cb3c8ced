/** A dead man's switch, and a client's requests, over the death of the process that served them. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, CancelReason, type MarketEvent, ResultCode, Side } from '@foldbook/protocol';
import {
  connectNats,
  createLogger,
  JetStreamStore,
  NatsSnapshotStore,
  nextTurn,
  systemClock,
  systemTimers,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { marketConfigSchema } from './config.ts';
import { startMarketService } from './market-service.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const MARKET = 'BTC-USD';
const ARMED_SECONDS = 600;
const NS_PER_SECOND = 1_000_000_000n;
const EVERY_COMMANDS = 8;
const ORDERS = 3;
/** Longer than the test: a client that waited for the end of silence would be late. */
const SILENCE_MS = 120_000;

async function world(test: TestContext) {
  const nats = await startNatsServer();
  test.after(() => nats.close());
  const fields = {
    broker: { kind: 'nats', servers: nats.url },
    snapshots: { everyCommands: EVERY_COMMANDS },
  };
  const connect = async () => {
    const transport = await connectNats({ servers: nats.url, name: 'test' });
    test.after(() => transport.close());
    return transport;
  };
  /** In a process of its own, to be killed. */
  const startProcess = async () => {
    const child = fork(MAIN, ['--config-json', JSON.stringify(fields)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const lines: string[] = [];
    child.stderr?.on('data', (text) => lines.push(String(text)));
    test.after(() => child.kill('SIGKILL'));
    await once(child, 'message');
    const kill = async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    };
    return { kill, log: () => lines.join('') };
  };
  /** Here, at another time of day, which may be moved on. */
  const startNext = async (laterSeconds: number) => {
    const transport = await connect();
    const lines: string[] = [];
    let laterNs = BigInt(laterSeconds) * NS_PER_SECOND;
    const service = await startMarketService({
      config: marketConfigSchema.parse(fields),
      transport,
      store: new JetStreamStore(transport),
      snapshots: await NatsSnapshotStore.open(transport, {
        ...{ bucket: 'SNAP_0', replicas: 1, writer: 'market' },
      }),
      clock: { nowNs: () => systemClock.nowNs() + laterNs },
      logger: createLogger({ service: 'test', level: 'info', write: (line) => lines.push(line) }),
    });
    test.after(() => service.stop());
    const advance = (seconds: number) => {
      laterNs += BigInt(seconds) * NS_PER_SECOND;
    };
    return { service, advance, log: () => lines.join('') };
  };
  return { connect, startProcess, startNext };
}

/** A market with an account whose orders go unless it says again that it is there. */
async function armed(test: TestContext, { connect }: Awaited<ReturnType<typeof world>>) {
  const transport = await connect();
  const operator = new OperatorClient(transport, MARKET);
  await operator.createMarket(0, 0);
  await operator.deposit(7, Asset.BASE, 1_000n);
  const reports = { kind: 'durable', transport } as const;
  const who = { transport, reports, market: MARKET, account: 7 };
  const client = await OrderClient.open({
    ...who,
    resendAfterMs: SILENCE_MS,
    askAfterMs: SILENCE_MS,
  });
  test.after(() => client.close());
  const cancels: MarketEvent[] = [];
  client.onEvent((event) => event.type === 'cancelled' && cancels.push(event));
  for (let price = 1n; price <= ORDERS; price += 1n) {
    await client.place({ side: Side.SELL, price, quantity: 1n });
  }
  assert.equal((await client.cancelAfter(ARMED_SECONDS)).type, 'cancel-after-set');
  const areGone = async () => {
    while (cancels.length < ORDERS) await nextTurn(systemTimers);
    const reasons = cancels.map((event) => event.type === 'cancelled' && event.reason);
    assert.deepEqual(reasons, Array(ORDERS).fill(CancelReason.CANCEL_AFTER));
    assert.equal((await client.openOrders()).length, 0);
    assert.equal(client.gaps, 0);
  };
  return { client, areGone };
}

it('cancels at the due time under the next owner', { timeout: 60_000 }, async (test) => {
  const venue = await world(test);
  const { kill } = await venue.startProcess();
  const { client } = await armed(test, venue);
  await kill();
  // Nobody is there: it is sent again as soon as the next owner is, and runs once.
  const placed = client.place({ side: Side.SELL, price: 9n, quantity: 2n });
  const { advance } = await venue.startNext(0);
  assert.equal((await placed).type, 'accepted');
  assert.equal((await client.openOrders()).length, ORDERS + 1);
  const gone = await client.cancel((await client.openOrders())[ORDERS]?.clientOrderId ?? 0n);
  assert.equal(gone.type, 'cancelled');
  advance(ARMED_SECONDS / 2);
  // A command lets the time pass, too, and it is not due yet.
  await client.cancel(0n);
  assert.equal((await client.openOrders()).length, ORDERS);
  advance(ARMED_SECONDS / 2);
  while ((await client.openOrders()).length > 0) await nextTurn(systemTimers);
  await client.close();
});

it('cancels what fell due while nobody served', { timeout: 60_000 }, async (test) => {
  const venue = await world(test);
  const { kill } = await venue.startProcess();
  const { client, areGone } = await armed(test, venue);
  const { sequence } = await client.cancel(0n);
  await kill();
  const { service } = await venue.startNext(2 * ARMED_SECONDS);
  // By itself: nobody sends a command.
  await areGone();
  assert(service.recovered.commands >= sequence, 'it has read the whole log');
});

it('cancels after a restore from a checkpoint', { timeout: 60_000 }, async (test) => {
  const venue = await world(test);
  const { kill, log } = await venue.startProcess();
  const { client, areGone } = await armed(test, venue);
  const before = client.submit({ kind: 2, clientOrderId: 0n });
  for (let more = 0; more < EVERY_COMMANDS; more += 1) await client.cancel(0n);
  while (!log().includes('checkpoint written')) await nextTurn(systemTimers);
  await kill();
  const next = await venue.startNext(2 * ARMED_SECONDS);
  await areGone();
  assert.match(next.log(), /market restored/);
  // What became of requests is in the checkpoint as well.
  const outcome = await client.outcome(before);
  assert(outcome.outcome === 'executed');
  assert.equal(outcome.result, ResultCode.UNKNOWN_ORDER);
});

/** The process with a journal, killed and started again. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, logStream, Side } from '@foldbook/protocol';
import {
  compareStreams,
  connectNats,
  JetStreamStore,
  SegmentStore,
  verifySegments,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const LOG = logStream(0);

it('has the log again after each kill of its process', { timeout: 120_000 }, async (test) => {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-journal-'));
  const nats = await startNatsServer();
  const transport = await connectNats({ servers: nats.url, name: 'test' });
  test.after(async () => {
    await transport.close();
    await nats.close();
    await rm(dir, { recursive: true });
  });
  const broker = { kind: 'nats', servers: nats.url };
  const config = JSON.stringify({ broker, hosts: 'inline', journal: { dir, everyMs: 1 } });
  const start = async () => {
    const child = fork(MAIN, ['--config-json', config], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    test.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(child, 'message');
    return { child, exited };
  };
  let running = await start();
  const operator = new OperatorClient(transport, 'BTC-USD');
  await operator.createMarket(0, 0);
  await operator.deposit(7, Asset.BASE, 1_000n);
  const reports = { kind: 'durable', transport } as const;
  let orders = 0n;
  for (let kill = 0; kill < 2; kill += 1) {
    const client = await OrderClient.open({ transport, reports, market: 'BTC-USD', account: 7 });
    for (let i = 0; i < 20; i += 1) {
      await client.place({ side: Side.SELL, price: 100n + orders, quantity: 1n });
      orders += 1n;
    }
    await client.close();
    running.child.kill('SIGKILL');
    await running.exited;
    running = await start();
  }
  const client = await OrderClient.open({ transport, reports, market: 'BTC-USD', account: 7 });
  assert.equal((await client.balance()).baseHeld, orders);
  await client.close();
  running.child.kill('SIGTERM');
  assert.deepEqual(await running.exited, [0, null]);
  const { faults, lastSequence } = await verifySegments(join(dir, LOG));
  assert.deepEqual(faults, []);
  const store = new JetStreamStore(transport);
  const found = await compareStreams({
    copy: new SegmentStore({ dir }).reader(LOG),
    first: 1,
    last: lastSequence,
    stream: store.reader(LOG),
    holes: () => store.holes(LOG),
  });
  const whole = { kind: 'same', compared: lastSequence, streamLast: lastSequence };
  assert.deepEqual(found, whole);
  await store.close();
});

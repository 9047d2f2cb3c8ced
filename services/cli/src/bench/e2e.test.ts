/** `bench e2e` as a user runs it, with few clients and for a second. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { e2e } from './e2e.ts';
import { e2eMarketConfig } from './e2e-market-config.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const SMALL = ['--seconds=1', '--warm-up=0', '--runs=1', '--clients=10', '--window=2', '--batch=4'];

test('from client to client, and raw JetStream with the same bytes', {
  timeout: 150_000,
}, async () => {
  const { status, stdout, stderr } = await new Promise<{
    readonly status: number;
    readonly stdout: string;
    readonly stderr: string;
  }>((resolve) => {
    const args = [MAIN, 'bench', 'e2e', '--json', ...SMALL];
    execFile(process.execPath, args, { timeout: 140_000 }, (error, out, err) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout: out, stderr: err }),
    );
  });
  assert.equal(status, 0, stderr);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ['market', 'floor', 'latency', undefined],
  );
  const [market, floor, latency, end] = rows;
  for (const row of [market, floor, latency]) {
    assert(row.isWhole, 'all that was sent came back');
    assert(row.ordersPerSec > 0 && row.groupsPerSec > 0 && row.reportMessagesPerSec > 0);
    assert(row.receivedMs.p50 > 0 && row.reportedMs.p50 > 0);
    assert(row.inBytesPerSec > 64 * row.ordersPerSec);
  }
  // The floor reports as many bytes for an order as the market did before it.
  const perOrder = (row: typeof market) => row.reportMessagesPerSec / row.ordersPerSec;
  assert(perOrder(floor) > perOrder(market) / 3 && perOrder(floor) < perOrder(market) * 3);
  assert.equal(end.ordersPerSec, market.ordersPerSec);
  assert(Math.abs(end.ratio - market.ordersPerSec / floor.ordersPerSec) < 0.01);
  assert(end.syncMs.p50 > 0);
  assert.deepEqual([end.settings.replicas, end.settings.batch], [1, 4]);
});

test('the help names each setting that the market has from the benchmark', () => {
  const mix = { clients: 1, window: 1, batch: 1, singlePercent: 0, replicas: 1, connections: 1 };
  const times = { seconds: 1, warmUpSeconds: 0, processes: 1, profileDir: undefined };
  const { broker, ...set } = e2eMarketConfig({ ...mix, ...times }, []);
  for (const [name, value] of Object.entries(set)) {
    const row = e2e.help.split('\n').find((line) => line.trimStart().startsWith(`${name} `));
    assert(row?.includes(value.toLocaleString('en-US')) || name === 'maxPendingPerAccount', name);
    assert(row?.includes('('), `${name}: and its default`);
  }
});

/** A market process and clients on shared memory: trading, killed on either side, ill-behaved. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BookMirror, connect, OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, Side } from '@foldbook/protocol';
import { connectChannel, processChannel, type Transport } from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const ROGUE = fileURLToPath(new URL('./testing/rogue-client.ts', import.meta.url));
const ORDERLY = fileURLToPath(new URL('./testing/shared-memory-client.ts', import.meta.url));
const MARKET = 'BTC-USD';
const elsewhere = platform === 'linux' ? false : 'memory is shared between processes on Linux only';
const LIMIT = { skip: elsewhere, timeout: 60_000 };

interface Node {
  readonly folder: string;
  readonly dir: string;
  readonly market: ChildProcess;
  readonly broker: Transport;
  readonly operator: OperatorClient;
  place(account: number): string;
  start(): Promise<ChildProcess>;
}

async function startMarket(test: TestContext, config: object): Promise<ChildProcess> {
  const child = fork(MAIN, ['--config-json', JSON.stringify(config)], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  test.after(() => child.kill('SIGKILL'));
  await ready(child);
  return child;
}

async function ready(child: ChildProcess): Promise<void> {
  for (;;) {
    const [message] = await once(child, 'message');
    if (message?.type === 'ready') return;
  }
}

/** A market of its own with accounts 7, 8 and 9 funded, on shared memory. */
async function openNode(test: TestContext): Promise<Node> {
  const folder = mkdtempSync('/dev/shm/foldbook-test-');
  const dir = mkdtempSync('/tmp/foldbook-shared-memory-');
  test.after(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(dir, { recursive: true, force: true });
  });
  const config = {
    broker: { kind: 'embedded', dir },
    sharedMemory: { folder, accounts: [7, 8, 9] },
  };
  const start = () => startMarket(test, config);
  const market = await start();
  const channel = processChannel(market);
  assert(channel !== undefined);
  const broker = connectChannel(channel);
  const operator = new OperatorClient(broker, MARKET);
  await operator.createMarket(-20, 50);
  for (const account of [7, 8, 9]) {
    await operator.deposit(account, Asset.BASE, 1_000_000n);
    await operator.deposit(account, Asset.QUOTE, 1_000_000_000n);
  }
  return {
    folder,
    dir,
    market,
    broker,
    operator,
    start,
    place: (n) => join(folder, `account-${n}`),
  };
}

async function attach(test: TestContext, path: string): Promise<Transport> {
  const transport = await connect({ sharedMemory: path, connectTimeoutMs: 20_000 });
  test.after(() => transport.close());
  return transport;
}

async function trader(test: TestContext, transport: Transport, account: number) {
  const reports = { kind: 'live', transport } as const;
  const options = { transport, reports, market: MARKET, account, resendAfterMs: 200 };
  const client = await OrderClient.open(options);
  test.after(() => client.close());
  return client;
}

const order = (side: Side, price: bigint, quantity = 1n) => ({ side, price, quantity });

function status(transport: Transport, wanted: string): Promise<void> {
  if (transport.status() === wanted) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = transport.onStatus((now) => {
      if (now !== wanted) return;
      stop();
      resolve();
    });
  });
}

describe('shared memory', () => {
  it('trades, reports and mirrors as over a broker', LIMIT, async (test) => {
    const node = await openNode(test);
    assert.equal(statSync(node.folder).mode & 0o777, 0o700);
    for (const name of readdirSync(node.folder)) {
      assert.equal(statSync(join(node.folder, name)).mode & 0o777, 0o600, name);
    }
    const [a, b] = [await attach(test, node.place(7)), await attach(test, node.place(8))];
    const mirror = new BookMirror(a, MARKET, (words) => assert.fail(words));
    await mirror.open();
    test.after(() => mirror.close());
    const [seller, buyer] = [await trader(test, a, 7), await trader(test, b, 8)];
    const fills: bigint[] = [];
    seller.onEvent((event) => event.type === 'fill' && fills.push(event.quantity));
    const placed = await Promise.all(
      Array.from({ length: 3_000 }, (_, i) => seller.place(order(Side.SELL, 20_000n + BigInt(i)))),
    );
    assert(placed.every(({ type }) => type === 'accepted'));
    assert.equal((await buyer.place(order(Side.BUY, 20_004n, 5n))).type, 'accepted');
    await seller.place(order(Side.SELL, 30_000n));
    assert.deepEqual(fills, [1n, 1n, 1n, 1n, 1n]);
    assert.equal((await buyer.balance()).baseAvailable, 1_000_005n);
    assert.equal((await seller.openOrders()).length, 2_996);
    assert.equal(seller.gaps + buyer.gaps, 0);
  });

  it('an account does what is its own, and no more', LIMIT, async (test) => {
    const node = await openNode(test);
    const transport = await attach(test, node.place(7));
    for (const subject of [`cmd.${MARKET}.8`, `adm.${MARKET}`, `qry.${MARKET}.8`, 'log.0.A']) {
      await assert.rejects(transport.request(subject, new Uint8Array(0), 5_000), {
        code: 'NOT_PERMITTED',
      });
    }
    await assert.rejects(transport.request('md.NONE.trades', new Uint8Array(0), 5_000));
    const warned = once(process, 'warning');
    transport.subscribe(`rpt.0.8.${MARKET}`, () => assert.fail('reports of another account'));
    assert.match(String(await warned), /may not use rpt\.0\.8/);
    await assert.rejects(connect({ sharedMemory: node.place(7), connectTimeoutMs: 100 }), {
      code: 'CONNECT_FAILED',
      message: /taken: process \d+ has it/,
    });
    await assert.rejects(connect({ sharedMemory: node.place(12), connectTimeoutMs: 100 }), {
      code: 'CONNECT_FAILED',
      message: /with this account under/,
    });
  });

  it(
    'hears none of the answers to others, and nobody puts any in its inboxes',
    LIMIT,
    async (test) => {
      const node = await openNode(test);
      const near = await attach(test, node.place(7));
      const heard: string[] = [];
      near.subscribe('_INBOX.>', ({ subject }) => heard.push(subject));
      await near.flush();
      const far = node.broker;
      const inbox = far.newInbox();
      const answers: string[] = [];
      far.subscribe(inbox, ({ subject }) => answers.push(subject));
      far.publish(`info.${MARKET}`, new Uint8Array(0), inbox);
      far.publish(`info.${MARKET}`, new Uint8Array(0), '_INBOX.shared-memory-1.stolen');
      while (answers.length === 0) await far.flush();
      await near.request(`info.${MARKET}`, new Uint8Array(0), 5_000);
      await near.flush();
      assert.deepEqual(
        heard.filter((subject) => subject === inbox || subject.endsWith('stolen')),
        [],
      );
    },
  );

  it('a killed client leaves its place to the next one', LIMIT, async (test) => {
    const node = await openNode(test);
    for (let round = 0; round < 4; round += 1) {
      const child = fork(ORDERLY, [node.place(7), MARKET, '7'], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      test.after(() => child.kill('SIGKILL'));
      // Killed while it is sending, at once and later.
      for (let orders = 0; orders < round * 3; orders += 1) await once(child, 'message');
      if (round === 0) await once(child, 'message');
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const client = await trader(test, await attach(test, node.place(7)), 7);
    assert.equal((await client.place(order(Side.SELL, 90_000n))).type, 'accepted');
  });

  it('a killed market is found again when it is back', LIMIT, async (test) => {
    const node = await openNode(test);
    const transport = await attach(test, node.place(7));
    const client = await trader(test, transport, 7);
    const first = await client.place(order(Side.SELL, 20_000n));
    let killed = node.market;
    for (let round = 0; round < 2; round += 1) {
      killed.kill('SIGKILL');
      await status(transport, 'disconnected');
      // Sent again until somebody answers.
      const next = client.place(order(Side.SELL, 20_001n + BigInt(round)));
      killed = await node.start();
      assert.equal((await next).type, 'accepted');
    }
    const open = await client.openOrders();
    assert.equal(open.length, 3);
    assert.equal(open[0]?.orderId, first.type === 'accepted' ? first.orderId : undefined);
  });

  it('a second market does not take the folder of a living one', LIMIT, async (test) => {
    const node = await openNode(test);
    const dir = mkdtempSync('/tmp/foldbook-shared-memory-');
    test.after(() => rmSync(dir, { recursive: true, force: true }));
    const open = join(dir, 'open');
    mkdirSync(open);
    chmodSync(open, 0o770);
    for (const [folder, words] of [
      [node.folder, /is taken: process \d+/],
      [open, /chmod 700/],
    ] as const) {
      const config = { broker: { kind: 'volatile' }, sharedMemory: { folder, accounts: [7] } };
      const child = fork(MAIN, ['--config-json', JSON.stringify(config)], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      let log = '';
      child.stderr?.on('data', (chunk) => {
        log += chunk;
      });
      assert.deepEqual(await once(child, 'close'), [1, null]);
      assert.match(log, words);
    }
  });

  it('an orderly end leaves nothing behind', LIMIT, async (test) => {
    const node = await openNode(test);
    const transport = await attach(test, node.place(7));
    node.market.kill('SIGTERM');
    await status(transport, 'disconnected');
    await once(node.market, 'exit');
    await transport.close();
    assert.deepEqual(readdirSync(node.folder), []);
  });

  it('reports and deltas also where the broker is NATS', LIMIT, async (test) => {
    const nats = await startNatsServer();
    const folder = mkdtempSync('/dev/shm/foldbook-test-');
    test.after(async () => {
      await nats.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const servers = `nats://127.0.0.1:${nats.port}`;
    const sharedMemory = { folder, accounts: [7] };
    await startMarket(test, { broker: { kind: 'nats', servers }, sharedMemory });
    const remote = await connect({ nats: servers });
    test.after(() => remote.close());
    const operator = new OperatorClient(remote, MARKET);
    await operator.createMarket(0, 0);
    for (const account of [7, 8]) await operator.deposit(account, Asset.BASE, 100n);
    await operator.deposit(8, Asset.QUOTE, 1_000_000n);
    const near = await trader(test, await attach(test, join(folder, 'account-7')), 7);
    const far = await trader(test, remote, 8);
    const filled = new Promise((resolve) =>
      near.onEvent((event) => event.type === 'fill' && resolve(event.quantity)),
    );
    assert.equal((await near.place(order(Side.SELL, 10n, 3n))).type, 'accepted');
    assert.equal((await far.place(order(Side.BUY, 10n, 2n))).type, 'accepted');
    assert.equal(await filled, 2n);
  });

  it('clients that scribble, or do not read, harm none but themselves', LIMIT, async (test) => {
    const node = await openNode(test);
    const seed = Math.floor(Math.random() * 2 ** 31) + 1;
    test.diagnostic(`seed ${seed}`);
    const rogue = (mode: string, account: number) => {
      const args = [node.place(account), mode, MARKET, String(account), String(seed)];
      const child = fork(ROGUE, args);
      test.after(() => child.kill('SIGKILL'));
      return child;
    };
    let scribbled = 0;
    rogue('scribble', 9).on('message', (ended) => {
      scribbled = Number(ended);
    });
    let wasCalledSlow: unknown;
    rogue('deaf', 7).on('message', (isCalledSlow) => {
      wasCalledSlow = isCalledSlow;
    });
    const client = await trader(test, await attach(test, node.place(8)), 8);
    let orders = 0;
    for (; orders < 400 || scribbled < 5 || wasCalledSlow === undefined; orders += 1) {
      const price = 20_000n + BigInt(orders % 50);
      const placed = await client.place(order(Side.SELL, price));
      assert.equal(placed.type, 'accepted');
    }
    test.diagnostic(`${orders} orders while ${scribbled} connections were scribbled over`);
    assert.equal(wasCalledSlow, true);
    assert.equal(client.gaps, 0);
    assert.equal((await client.openOrders()).length, orders, 'each order executed once');
    assert.equal(node.market.exitCode, null, 'the market lives');
  });
});

/**
 * Two nodes and four partitions at a broker with the accounts that ship: orders go to markets of
 * each partition while nodes end, come back and are balanced again.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  askNodes,
  type NodesView,
  OperatorClient,
  OrderClient,
  type PartitionFacts,
} from '@foldbook/client';
import {
  Asset,
  BatchOffset,
  isTermSubject,
  logStream,
  partitionOf,
  Side,
  viewOf,
} from '@foldbook/protocol';
import {
  connectNats,
  JetStreamStore,
  type NatsTransport,
  pause,
  systemTimers,
} from '@foldbook/runtime';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';
import { forPartitions } from './broker-partitions.ts';
import { type ServiceProcess, startService } from './service-process.ts';
import { PASSWORD, shippedAccounts } from './testing/shipped-broker.ts';
import { until } from './testing/until.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const PARTITIONS = 4;
/** The first name of each partition. */
const MARKETS = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let index = 0; ; index += 1) {
    const name = `M${index}-USD`;
    if (partitionOf(name, PARTITIONS) === partition) return name;
  }
});
const TRADER = 7;
const BETWEEN_ORDERS_MS = 10;

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('two nodes and four partitions', { timeout: 240_000 }, () => {
  let dir = '';
  let nats: NatsServer;
  let admin: NatsTransport;
  const open: NatsTransport[] = [];
  const nodes = new Map<string, ServiceProcess>();
  const trouble: string[] = [];
  const traders: OrderClient[] = [];
  /** Of each market, the names of orders that were accepted. */
  const accepted = new Map<string, Set<bigint>>(MARKETS.map((market) => [market, new Set()]));

  const connect = async (user: string) => {
    const transport = await connectNats({ servers: nats.url, name: 'test', user, pass: PASSWORD });
    open.push(transport);
    return transport;
  };
  const start = async (node: string) => {
    const broker = { servers: nats.url, user: 'market', leaseMs: 1_500 };
    const rebalance = { margin: 0.15, afterMs: 500, restMs: 2_000 };
    const config = { node, partitions: PARTITIONS, broker, rebalance, settleMs: 300 };
    const onTrouble = (line: string) => trouble.push(`${node}: ${line}`);
    nodes.set(node, await startService('node', { config, logDir: join(dir, node), onTrouble }));
  };
  const view = () => askNodes(admin);
  const owners = ({ partitions }: NodesView) => partitions.map(({ owner }) => owner);
  /** Looks until it is so. */
  const expectView = async (isSo: (view: NodesView) => boolean, what: string) => {
    let last: NodesView | undefined;
    const lateMs = performance.now() + 60_000;
    await until(async () => {
      last = await view().catch(() => undefined);
      return (last !== undefined && isSo(last)) || performance.now() > lateMs;
    });
    if (last !== undefined && isSo(last)) return last;
    assert.fail(`${what}: ${JSON.stringify(last)}\n${trouble.slice(-20).join('\n')}`);
  };
  const isServed = ({ partitions }: NodesView) =>
    partitions.every(({ owner, runs }) =>
      runs.some(({ node, state }) => node === owner && state === 'serving'),
    );
  const isEven = (seen: NodesView) =>
    isServed(seen) && ['one', 'two'].every((n) => owners(seen).filter((o) => o === n).length === 2);

  const foldbook = (...args: string[]) =>
    new Promise<string>((resolve, reject) => {
      const line = [MAIN, ...args, '--nats', nats.url, '--user', 'operator'];
      execFile(process.execPath, line, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${args.join(' ')}: ${stderr}`)),
      );
    });

  let isTrading = false;
  let trading: Promise<void>[] = [];
  let longestMs = 0;
  /** Orders of each market that were accepted since trading began. */
  const steps = MARKETS.map(() => 0);
  const trade = () => {
    isTrading = true;
    longestMs = 0;
    trading = traders.map(async (trader, index) => {
      const names = accepted.get(MARKETS[index] ?? '');
      assert(names !== undefined);
      let step = 0;
      while (isTrading) {
        // What is asked is that all go on, not how fast: the nodes are to have the cores.
        await pause(systemTimers, BETWEEN_ORDERS_MS);
        const startedMs = performance.now();
        const order = { side: Side.SELL, price: BigInt(100 + (step % 50)), quantity: 1n };
        const event = await trader.place(order);
        longestMs = Math.max(longestMs, performance.now() - startedMs);
        step += 1;
        steps[index] = (steps[index] ?? 0) + 1;
        assert.equal(event.type, 'accepted');
        if (event.type !== 'accepted') continue;
        assert(!names.has(event.clientOrderId), 'accepted once');
        names.add(event.clientOrderId);
        if (step % 4 !== 0) continue;
        const gone = await trader.cancel(event.clientOrderId);
        assert.equal(gone.type, 'cancelled');
        names.delete(event.clientOrderId);
      }
    });
  };
  /** Each market has traded since: what took long is over, and counted. */
  const tellLongest = async (test: TestContext, what: string) => {
    const before = [...steps];
    await until(() => steps.every((count, index) => count > (before[index] ?? 0) + 1));
    test.diagnostic(`longest order ${what}: ${longestMs.toFixed(0)} ms`);
    longestMs = 0;
  };
  const stopTrading = async () => {
    isTrading = false;
    await Promise.all(trading);
  };
  const expectWhole = async () => {
    for (const [index, trader] of traders.entries()) {
      const names = [...(accepted.get(MARKETS[index] ?? '') ?? [])].sort();
      const found = (await trader.openOrders()).map(({ clientOrderId }) => clientOrderId).sort();
      assert.deepEqual(found, names, `each accepted order of ${MARKETS[index]} once`);
      assert.equal(trader.gaps, 0, 'no report is missing');
    }
  };

  before(async () => {
    process.env.FOLDBOOK_PASSWORD = PASSWORD;
    dir = await mkdtemp(join(tmpdir(), 'foldbook-nodes-'));
    nats = await startNatsServer({ config: forPartitions(await shippedAccounts(), PARTITIONS) });
    admin = await connect('operator');
  });

  after(async () => {
    delete process.env.FOLDBOOK_PASSWORD;
    for (const trader of traders) await trader.close();
    for (const transport of open) await transport.close();
    await Promise.all([...nodes.values()].map((node) => node.stop()));
    await nats?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('serve each partition once, and each its own markets', async () => {
    await Promise.all([start('one'), start('two')]);
    const seen = await expectView(isEven, 'two partitions each');
    assert.deepEqual(seen.nodes.map(({ name }) => name).sort(), ['one', 'two']);
    const transport = await connect(`trader${TRADER}`);
    for (const [partition, market] of MARKETS.entries()) {
      const operator = new OperatorClient(admin, market);
      await operator.createMarket(0, 0);
      await operator.deposit(TRADER, Asset.BASE, 1_000_000n);
      assert.equal((await operator.info()).partition, partition);
      const reports = { kind: 'durable', transport } as const;
      traders.push(await OrderClient.open({ transport, reports, market, account: TRADER }));
    }
    await expectWhole();
    const shown = await foldbook('nodes');
    assert.match(shown, /one .*two/s);
  });

  it('move a partition when an operator wants it, while accounts trade', async (test) => {
    trade();
    const before = await view();
    const [first] = before.partitions;
    const to = first?.owner === 'one' ? 'two' : 'one';
    const moved = JSON.parse(await foldbook('partition', 'move', '0', '--to', to, '--json'));
    assert.deepEqual([moved.partition, moved.to], [0, to]);
    const after = await view();
    assert.equal(after.partitions[0]?.owner, to);
    await expectView(isEven, 'balanced again by another move');
    await tellLongest(test, 'over two moves');
    await stopTrading();
    await expectWhole();
  });

  it('lose nothing but a pause when one service is killed, and keep the others', async () => {
    trade();
    const one = nodes.get('one');
    assert(one !== undefined);
    // One whose partition went elsewhere may still be ending: killing that would change no term.
    let pids: number[] = [];
    await until(async () => {
      pids = await childrenOf(one.child);
      return pids.length === 2;
    });
    const [victim] = pids;
    assert(victim !== undefined);
    const before = await view();
    process.kill(victim, 'SIGKILL');
    const isAnew = ({ partition, term }: PartitionFacts) =>
      (term ?? 0) > (before.partitions[partition]?.term ?? 0);
    const seen = await expectView(({ partitions }) => partitions.some(isAnew), 'a new term');
    assert.equal(seen.partitions.filter(isAnew).length, 1, 'the others went on');
    await expectView(isEven, 'all are served again');
    await stopTrading();
    await expectWhole();
  });

  it('take over what a node had that is killed, and share again when it is back', async (test) => {
    trade();
    const two = nodes.get('two');
    assert(two !== undefined);
    const pids = await childrenOf(two.child);
    // One that ends may be there beside the two that serve.
    assert(pids.length >= 2);
    two.child.kill('SIGKILL');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await expectView(
      (seen) => isServed(seen) && owners(seen).every((owner) => owner === 'one'),
      'all of them on the node that is left',
    );
    await tellLongest(test, 'over the kill');
    await start('two');
    await expectView(isEven, 'two partitions each again');
    await tellLongest(test, 'over the moves back');
    await stopTrading();
    await expectWhole();
  });

  it('leave everything to the other when one ends in order', async (test) => {
    trade();
    const one = nodes.get('one');
    assert(one !== undefined);
    const pids = await childrenOf(one.child);
    const end = await one.stop();
    assert.equal(end.status, 0);
    assert(!pids.some(isAlive), 'no service is left behind');
    await expectView(
      (seen) => isServed(seen) && owners(seen).every((owner) => owner === 'two'),
      'all of them on the other',
    );
    await tellLongest(test, 'over an orderly end');
    await stopTrading();
    await expectWhole();
  });

  it('log what was executed without a hole', async () => {
    const store = new JetStreamStore(await connect('market'));
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      let commands = 0;
      const log = store.reader(logStream(partition));
      for await (const record of log.read({ fromSequence: 1, follow: false })) {
        if (isTermSubject(record.subject)) continue;
        commands += viewOf(record.payload).getUint32(BatchOffset.COUNT, true);
      }
      const market = MARKETS[partition] ?? '';
      const { sequence } = await new OperatorClient(admin, market).info();
      assert.equal(sequence, commands, `the sequence of ${market} counts its commands`);
    }
    await store.close();
  });

  it('refuse a node with another number of partitions', async () => {
    const config = { node: 'three', partitions: 8, broker: { servers: nats.url, user: 'market' } };
    const onTrouble = () => undefined;
    const started = startService('node', { config, logDir: join(dir, 'three'), onTrouble });
    await assert.rejects(started, /OTHER_PARTITIONS: .*partitions: 8.* has 4 since/);
  });
});

/** Process ids of a node's services. */
async function childrenOf({ pid }: ChildProcess): Promise<number[]> {
  const list = await new Promise<string>((resolve) => {
    execFile('pgrep', ['-P', `${pid}`], (_, stdout) => resolve(stdout));
  });
  return list.trim().split('\n').filter(Boolean).map(Number);
}

/** A node with servers of its own, as a user runs it: commands, and every way in which it ends. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from './testing/until.ts';
import { metricsFileOf } from './top/metrics-file.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** All that is proved is proved by a worker that the supervisor starts. */
const CHAINS = ['--chains', 'both'];
const WORKERS = ['--prover-workers', '0..1', '--prover-cores', '0', '--prover-memory', '4000'];

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Processes whose arguments name this folder: the servers and services of the node. */
async function processesOf(dir: string): Promise<{ pid: number; line: string }[]> {
  const found: { pid: number; line: string }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(join('/proc', name, 'cmdline'), 'utf8').catch(() => '');
    if (line.includes(dir)) found.push({ pid: Number(name), line: line.replaceAll('\0', ' ') });
  }
  return found;
}

describe('up --local', {
  timeout: 180_000,
  skip: process.platform !== 'linux' && 'reads /proc',
}, () => {
  let dir = '';
  let natsPort = 0;
  let redisPort = 0;
  let node: ChildProcess;
  const lines: string[] = [];
  const open: ChildProcess[] = [];

  const startNode = async () => {
    lines.length = 0;
    const ports = ['--nats-port', `${natsPort}`, '--redis-port', `${redisPort}`];
    const args = [
      MAIN,
      'up',
      '--local',
      '--data',
      dir,
      '--hosts',
      '2',
      ...ports,
      ...WORKERS,
      ...CHAINS,
    ];
    node = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    open.push(node);
    for (const stream of [node.stdout, node.stderr]) {
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => lines.push(line));
    }
    await until(() => lines.includes('Ctrl-C ends') || node.exitCode !== null);
    assert.equal(node.exitCode, null, lines.join('\n'));
  };
  const ended = async () => {
    if (node.exitCode === null && node.signalCode === null) await once(node, 'close');
    return node.exitCode;
  };
  const foldbook = (...args: string[]) =>
    new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(process.execPath, [MAIN, ...args], (_, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  const everyday = (...args: string[]) =>
    foldbook(...args, '--nats', `nats://127.0.0.1:${natsPort}`, '--market', 'BTC-USD', '--json');
  const nothingLeft = () =>
    until(async () => {
      const isQuiet = !(await isOpen(natsPort)) && !(await isOpen(redisPort));
      const isShown = existsSync(metricsFileOf(dir) ?? '');
      return isQuiet && !isShown && (await processesOf(dir)).length === 0;
    });
  const serverPid = async (program: string) => {
    const all = await processesOf(dir);
    const server = all.find(({ line }) => line.includes(program) && !line.includes('keeper'));
    assert(server !== undefined, `no ${program} among\n${all.map(({ line }) => line).join('\n')}`);
    return server.pid;
  };
  const marketPid = () => Number(/^market is up \(process (\d+)/m.exec(lines.join('\n'))?.[1]);

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-up-'));
    natsPort = await freePort();
    redisPort = await freePort();
  });
  beforeEach(startNode);
  after(async () => {
    for (const child of open) child.kill('SIGKILL');
    if (dir === '') return;
    await nothingLeft();
    await rm(dir, { recursive: true, force: true });
  });

  it('serves the everyday commands; --json has words and the forms of the wire', async () => {
    const missing = await everyday('book');
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /no such market; create it with: foldbook market create/);
    assert.equal(
      (await everyday('market', 'create', '--maker-ppm', '-20', '--taker-ppm', '50')).status,
      0,
    );
    const shown = JSON.parse((await everyday('market', 'show')).stdout);
    assert.deepEqual([shown.host, shown.hosts], [0, 2]);
    const paid = JSON.parse((await everyday('deposit', 'base', '1000', '--account', '7')).stdout);
    assert.deepEqual(
      [paid.type, paid.command, paid.asset, paid.amount, paid.account],
      ['funds', 'deposit', 'base', '1000', 7],
    );
    const sold = await everyday('order', 'sell', '5', '100', '--account', '7', '--id', '42');
    const order = JSON.parse(sold.stdout);
    assert.deepEqual(
      [order.type, order.side, order.timeInForce, order.price, order.clientOrderId],
      ['accepted', 'sell', 'gtc', '100', '42'],
    );
    assert.equal(typeof order.orderId, 'number');
    const book = JSON.parse((await everyday('book')).stdout);
    assert.deepEqual(book.asks, [{ price: '100', quantity: '5', orders: 1 }]);
    const poor = await everyday('order', 'buy', '5', '90', '--account', '8');
    assert.equal(poor.status, 1);
    assert.equal(JSON.parse(poor.stdout).name, 'INSUFFICIENT_FUNDS');
    const cancelled = JSON.parse((await everyday('cancel', '42', '--account', '7')).stdout);
    assert.deepEqual([cancelled.side, cancelled.reason], ['sell', 'requested']);
    const told = await foldbook('top', '--once', '--file', metricsFileOf(dir) ?? '');
    assert.match(told.stdout, /^rejected by the market: INSUFFICIENT_FUNDS 1$/m);
    const again = await everyday('market', 'create');
    assert.match(again.stderr, /^foldbook: BTC-USD: MARKET_EXISTS \(114\): .*[^ ]\n$/);
    node.kill('SIGINT');
    assert.equal(await ended(), 0);
    await nothingLeft();
    const gone = await foldbook('prover', 'status', '--data', dir);
    assert.equal(gone.status, 2);
    assert.match(gone.stderr, /^foldbook: no prover of \S+ runs here: .*\n$/);
  });

  it('proves by workers that come and go, and tells what they are at', async () => {
    const status = async () => {
      const told = await foldbook('prover', 'status', '--data', dir, '--json');
      assert.equal(told.status, 0, told.stderr);
      return JSON.parse(told.stdout);
    };
    const before = await status();
    assert.equal(before.prover.workers, 0);
    assert.deepEqual([before.supervisor.min, before.supervisor.max], [0, 1]);
    assert.equal((await everyday('deposit', 'base', '10', '--account', '9')).status, 0);
    assert.equal((await everyday('market', 'close-epoch')).status, 0);
    let last = before;
    const seen = new Set<number>();
    await until(async () => {
      last = await status();
      for (const { core } of last.supervisor.workers ?? []) seen.add(core);
      const [first] = last.prover.markets;
      const chains = [first, first?.secondChain];
      return chains.every((one) => one?.epochsProved > 0 && one.epochsBacklog === 0);
    });
    assert.deepEqual([...seen], [0]);
    const [market] = last.prover.markets;
    assert.deepEqual([market.market, market.recordsBacklog, market.setAside], ['BTC-USD', 0, []]);
    assert(market.treePages > 0 && market.treeHitRate > 0 && last.prover.rssBytes > 1e6);
    assert.equal(market.choice.reason, 'only');
    assert(last.supervisor.started >= 1 && last.supervisor.failed === 0);
    const words = (await foldbook('prover', 'status', '--data', dir)).stdout;
    assert.match(
      words,
      /^prover \(process \d+, told \d+ s ago\): \d+ MiB, proves nothing itself$/m,
    );
    assert.match(words, /^ {2}BTC-USD: (\d) of \1 epochs? proved; waiting: 0 epochs, 0 records$/m);
    const choice = /^ {4}last choice, epoch \d: .*groth16\/batch-15.* \(the only way there is\)$/m;
    assert.match(words, choice);
    assert.match(words, /^workers \(supervisor \d+, told \d+ s ago\), 0 to 1: [01] run/m);
    node.kill('SIGINT');
    assert.equal(await ended(), 0);
    await nothingLeft();
  });

  it('a second one is told what to do about the port and the market that serves', async () => {
    const port = await foldbook('up', '--local', '--data', dir, '--nats-port', `${natsPort}`);
    assert.equal(port.status, 2);
    assert.match(port.stderr, /port \d+ is in use: .*--nats-port/);
    const second = await foldbook('up', 'market', '--nats', `nats://127.0.0.1:${natsPort}`);
    assert.equal(second.status, 2);
    assert.match(second.stderr, /a market service runs at nats:\S+ already/);
    assert.equal(node.exitCode, null);
    node.kill('SIGTERM');
    assert.equal(await ended(), 0);
    await nothingLeft();
  });

  it('ends with status 1 when its own broker is killed, and says so', async () => {
    process.kill(await serverPid('nats-server'), 'SIGKILL');
    assert.equal(await ended(), 1);
    const words = lines.join('\n');
    assert.match(
      words,
      /nats-server of this node was killed by SIGKILL; its log: \S+nats-server\.log/,
    );
    await nothingLeft();
  });

  it('says which signal killed a service', async () => {
    assert(existsSync(metricsFileOf(dir) ?? ''), 'a killed market cannot take it away itself');
    process.kill(marketPid(), 'SIGKILL');
    assert.equal(await ended(), 1);
    assert.match(lines.join('\n'), /market was killed by SIGKILL; its log: \S+market\.log/);
    await nothingLeft();
  });

  it('leaves nothing behind when it is killed itself', async () => {
    const pids = (await processesOf(dir)).map(({ pid }) => pid);
    // The arguments of the market and of redis-server do not name the folder.
    assert(pids.length >= 5, 'itself, the prover, two keepers and nats-server');
    pids.push(marketPid());
    node.kill('SIGKILL');
    await until(() => !pids.some(isAlive));
    await nothingLeft();
  });
});

/** `foldbook top` as a user runs it, beside a market process. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, Side } from '@foldbook/protocol';
import { connectChannel, processChannel, type Transport, thisOwner } from '@foldbook/runtime';
import { statusFileOf } from '../prover/status-files.ts';
import { type ServiceProcess, startService } from '../service-process.ts';
import { metricsFileOf } from './metrics-file.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

function foldbook(args: readonly string[]) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const skip = process.platform !== 'linux' && 'processes share no memory here but on Linux';

describe('top', { skip, timeout: 120_000 }, () => {
  let dir: string;
  let file: string;
  let market: ServiceProcess;
  let transport: Transport;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-top-'));
    file = metricsFileOf(dir) ?? '';
    // A process of the test runner has flags that make SIGUSR2 another thing.
    process.execArgv = [];
    const broker = { kind: 'embedded', dir: join(dir, 'log') };
    market = await startService('market', {
      config: { broker, metricsFile: file, profileDir: join(dir, 'profiles') },
      logDir: dir,
      onTrouble: () => undefined,
    });
    const channel = processChannel(market.child);
    assert(channel !== undefined, 'services are forked with a channel');
    transport = connectChannel(channel);
    const operator = new OperatorClient(transport, 'BTC-USD');
    await operator.createMarket(0, 0);
    await operator.deposit(7, Asset.BASE, 10n);
    const reports = { kind: 'live', transport } as const;
    const client = await OrderClient.open({ transport, reports, market: 'BTC-USD', account: 7 });
    await client.place({ side: Side.SELL, price: 100n, quantity: 3n });
    await client.close();
  });

  after(async () => {
    await market.stop();
    await rm(dir, { recursive: true, force: true });
    await rm(file, { force: true });
  });

  test('shows rates, stages, depths, threads and books, for people and as JSON', async () => {
    const args = ['top', '--once', '--file', file, '--account', '7'];
    const [plain, json] = await Promise.all([foldbook(args), foldbook([...args, '--json'])]);
    assert.equal(plain.status, 0, plain.stderr);
    assert.match(plain.stdout, /^endToEnd +/m);
    assert.match(plain.stdout, /^BTC-USD +- +3 @ 100 +- +0 +0 +1 +0 +\d+ +\d+$/m);
    assert.match(plain.stdout, /^BTC-USD +7 +3 +0 +0$/m);
    assert.match(plain.stdout, /^commands a group /m);
    assert.equal(json.status, 0, json.stderr);
    const sample = JSON.parse(json.stdout);
    assert.equal(sample.pid, market.child.pid);
    assert.equal(typeof sample.perSec.commands, 'number');
    assert.equal(sample.depths.pendingCommands, 0);
    assert.equal(typeof sample.latencyNs.endToEnd.p99, 'number');
    assert.equal(typeof sample.threads['host 0'].voluntarySwitchesPerSec, 'number');
    for (const event of ['instructions', 'cacheMisses', 'branchMisses']) {
      const count = sample.perCommand[event];
      assert(count === 'unavailable' || typeof count === 'number', `${event} is ${count}`);
    }
    const [shown] = sample.markets;
    assert.equal(shown.name, 'BTC-USD');
    const { sequence, ...balance } = shown.balance;
    assert.equal(sequence, '3');
    assert.deepEqual(balance, {
      baseAvailable: '7',
      baseHeld: '3',
      quoteAvailable: '0',
      quoteHeld: '0',
    });
    assert.equal(sample.perSec.refused, 0);
    assert.deepEqual(sample.turnedAway, {});
    assert.deepEqual([shown.events, shown.rejected], ['4', '0']);
    assert.deepEqual(shown.perSec, { commands: 0, events: 0, rejected: 0 });
    assert.deepEqual(sample.local.numbers, { localClients: 0, localWaitingBytes: 0 });
    assert.deepEqual(sample.local.ends, {});
    assert.deepEqual(shown.asks, [{ price: '100', quantity: '3', orders: 1 }]);
  });

  test('shows of a node how far its proofs are, by chain', async () => {
    const path = statusFileOf(dir, 'prover');
    await mkdir(dirname(path), { recursive: true });
    const chain = {
      ...{ market: 'BTC-USD', epochsClosed: 3, recordsBacklog: 0, treePages: 0, setAside: [] },
      ...{ treeHitRate: null, msPerBatch: null, msPerAccountProof: null, epochsBacklog: 1 },
    };
    const secondChain = { ...chain, chain: 'stark', epochsProved: 1 };
    const markets = [{ ...chain, chain: 'poseidon', epochsProved: 2, secondChain }];
    const atMs = Date.now();
    const owner = thisOwner('prover', atMs);
    await writeFile(path, JSON.stringify({ owner, atMs, markets }));
    const args = ['top', '--once', '--data', dir];
    const [plain, json] = await Promise.all([foldbook(args), foldbook([...args, '--json'])]);
    assert.equal(plain.status, 0, plain.stderr);
    assert.match(plain.stdout, /^ {2}BTC-USD: 2 of 3 epochs proved/m);
    assert.match(
      plain.stdout,
      /^ {4}and beside it: 1 of 3 epochs proved.*\n {4}STARK chain: a part/m,
    );
    assert.deepEqual(JSON.parse(json.stdout).proofs, markets);
  });

  test('profile: the market that is shown writes one of each thread', async () => {
    const { stderr: log } = market.child;
    assert(log !== null);
    const written = new Promise<void>((resolve) => {
      log.on('data', (line) => /profile written/.test(String(line)) && resolve());
    });
    const { status, stderr } = await foldbook(['profile', '--seconds', '1', '--file', file]);
    assert.equal(status, 0, stderr);
    await written;
    const files = await readdir(join(dir, 'profiles'));
    assert.equal(files.filter((name) => name.endsWith('.cpuprofile')).length, 2);
    const missing = await foldbook(['profile', '--file', join(dir, 'none')]);
    assert.match(
      missing.stderr,
      /^foldbook: .*none can't be read: there is no such file or folder\n$/,
    );
    assert.equal(missing.status, 2);
  });

  test('what is no market that runs is told in one line', async () => {
    const missing = await foldbook(['top', '--once', '--file', join(dir, 'none')]);
    assert.equal(missing.status, 2);
    assert.match(
      missing.stderr,
      /^foldbook: .*none can't be read: there is no such file or folder\n$/,
    );
    const other = await foldbook(['top', '--once', '--file', MAIN]);
    assert.equal(other.status, 2);
    assert.match(other.stderr, /these are no metrics/);
    market.child.kill('SIGKILL');
    await once(market.child, 'exit');
    const dead = await foldbook(['top', '--once', '--file', file]);
    assert.equal(dead.status, 2);
    assert.match(dead.stderr, /its market \(process \d+\) does not run any more/);
  });
});

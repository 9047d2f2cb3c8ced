import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OperatorClient, OrderClient } from '@foldbook/client';
import { Asset } from '@foldbook/protocol';
import { connectNats } from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** A line to a broker that can fall silent without breaking, as a broker that hangs does. */
async function openLine(port: number) {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
    sockets.push(near, far);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The log of a process as it comes. */
function followLog(child: ChildProcess) {
  assert(child.stderr !== null);
  const seen: string[] = [];
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => seen.push(line));
  return {
    seen,
    /** Resolves when a line to come matches, rejects when the log ends without one. */
    until(wanted: RegExp): Promise<void> {
      return new Promise((resolve, reject) => {
        lines.on('line', (line) => wanted.test(line) && resolve());
        lines.once('close', () => reject(new Error(`no ${wanted} in:\n${seen.join('\n')}`)));
      });
    },
  };
}

it('ends at once when told a second time', { timeout: 60_000 }, async (test) => {
  const nats = await startNatsServer();
  const line = await openLine(nats.port);
  const config = JSON.stringify({ broker: { kind: 'nats', servers: line.url } });
  const child = fork(MAIN, ['--config-json', config], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const exited = once(child, 'exit');
  test.after(async () => {
    child.kill('SIGKILL');
    line.close();
    await nats.close();
  });
  const log = followLog(child);
  const told = log.until(/told to end \(SIGTERM\)/);
  const toldAgain = log.until(/told to end a second time \(SIGINT\)/);
  await once(child, 'message');
  // What it waits for will not come.
  line.silence();
  child.kill('SIGTERM');
  await told;
  child.kill('SIGINT');
  await toldAgain;
  assert.deepEqual(await exited, [1, null]);
  const last = log.seen.at(-1) ?? '';
  assert.match(last, /a second time/, 'it did not wait until its patience ran out');
});

it('profiles its threads while it works, and goes on', { timeout: 60_000 }, async (test) => {
  const dir = await mkdtemp(join(tmpdir(), 'market-profiles-'));
  const profileDir = join(dir, 'profiles');
  const broker = { kind: 'embedded', dir: join(dir, 'streams') };
  const child = fork(MAIN, ['--config-json', JSON.stringify({ broker, profileDir })], {
    // Not those of the test's own process, in which SIGUSR2 means something else.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const exited = once(child, 'exit');
  test.after(async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(dir, { recursive: true });
  });
  const log = followLog(child);
  const begun = log.until(/profile begun/);
  const written = log.until(/profile written/);
  const memory = log.until(/memory of the host/);
  await once(child, 'message');
  await memory;
  child.kill('SIGUSR2');
  await begun;
  child.kill('SIGUSR2');
  await written;
  const files = (await readdir(profileDir)).sort();
  assert.match(files.join(), /-host-\d+\.cpuprofile,.*-main\.cpuprofile$/);
  for (const file of files) {
    const { nodes } = JSON.parse(await readFile(join(profileDir, file), 'utf8'));
    assert(nodes.length > 0);
  }
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
});

it('waits for a partition that another one has, and goes on when that dies', {
  timeout: 120_000,
}, async (test) => {
  const nats = await startNatsServer();
  test.after(() => nats.close());
  const start = (node: string) => {
    const broker = { kind: 'nats', servers: nats.url, leaseMs: 60_000 };
    const config = { node, broker, snapshots: { everyCommands: 2 } };
    const child = fork(MAIN, ['--config-json', JSON.stringify(config)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    test.after(() => child.kill('SIGKILL'));
    return { child, log: followLog(child), ready: once(child, 'message') };
  };
  const first = start('first');
  await first.ready;
  const transport = await connectNats({ servers: nats.url, name: 'test' });
  test.after(() => transport.close());
  const operator = new OperatorClient(transport, 'BTC-USD');
  await operator.createMarket(0, 0);
  const second = start('second');
  await second.log.until(/partition\.0 is first's; waiting for it/);
  const { term } = await operator.info();
  const written = first.log.until(/checkpoint written/);
  await operator.deposit(7, Asset.BASE, 5n);
  await written;
  const restored = second.log.until(/market restored/);
  first.child.kill('SIGKILL');
  // On the same host nobody waits for the lease of a process that is gone.
  await second.ready;
  await restored;
  const reports = { kind: 'durable', transport } as const;
  const client = await OrderClient.open({ transport, reports, market: 'BTC-USD', account: 7 });
  assert.equal((await client.balance()).baseAvailable, 5n);
  assert((await operator.info()).term > term);
  const third = start('third');
  await third.log.until(/partition\.0 is second's; waiting for it/);
  // Nor for that of one that ends in order.
  second.child.kill('SIGTERM');
  await third.ready;
  assert.equal((await client.balance()).baseAvailable, 5n);
  await client.close();
});

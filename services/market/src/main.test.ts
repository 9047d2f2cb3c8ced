import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
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

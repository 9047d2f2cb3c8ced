/** `up --json`: what a program that watches a node hears of its services. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startNatsServer, startRedisServer } from '@foldbook/runtime/testing';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

test('warnings of a service are objects too', { timeout: 120_000 }, async (context) => {
  const data = await mkdtemp(join(tmpdir(), 'foldbook-up-json-'));
  const nats = await startNatsServer();
  const redis = await startRedisServer();
  const where = ['--nats', nats.url, '--redis', redis.url, '--data', data];
  const node = spawn(process.execPath, [MAIN, 'up', 'prover', ...where, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(node, 'close');
  context.after(async () => {
    node.kill('SIGKILL');
    await ended;
    await nats.close();
    await rm(data, { recursive: true, force: true });
  });
  const told: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: node.stdout })) {
    told.push(JSON.parse(line));
    if (told.length === 1) await redis.close();
    if (told.length === 2) node.kill('SIGTERM');
  }
  const [up, warning] = told;
  assert.deepEqual([up?.service, typeof up?.pid], ['prover', 'number']);
  assert.equal(warning?.service, 'prover');
  assert.match(String(warning?.line), /WARN .*proof queue/);
  assert.deepEqual(await ended, [0, null]);
});

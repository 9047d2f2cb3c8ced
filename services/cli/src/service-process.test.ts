/** The log of a service that `up` starts. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { hasPassword, notReadyWords, startService } from './service-process.ts';

it('names the log of a service that does not come up, which may be empty', () => {
  assert.match(
    notReadyWords('market', '/d/market.log', ''),
    /log \/d\/market\.log is empty: the m/,
  );
  assert.match(
    notReadyWords('prover', '/d/p.log', 'ERROR why'),
    /log \/d\/p\.log ends.*\nERROR why$/,
  );
});

it('keeps the log of the start before; lines name the partition', async (test) => {
  const logDir = await mkdtemp(join(tmpdir(), 'foldbook-service-'));
  test.after(() => rm(logDir, { recursive: true, force: true }));
  const { signal } = new AbortController();
  const broker = { kind: 'nats', servers: 'nats://127.0.0.1:1' };
  const start = (partition: number) =>
    startService('market', {
      config: { partitions: 4, partition, node: 'a', broker },
      ...{ logDir, onTrouble: () => undefined, signal },
    });
  const logOf = (name: string) => readFile(join(logDir, name), 'utf8');
  await assert.rejects(start(2), /before it was ready/);
  await assert.rejects(start(3), /before it was ready/);
  assert.match(await logOf('market.log'), /ERROR market\.3: no connection to NATS/);
  assert.match(await logOf('market.log.1'), /ERROR market\.2: no connection to NATS/);
});

it('keeps passwords out of the list of processes', async (test) => {
  const broker = { kind: 'nats', servers: 'nats://127.0.0.1:1', user: 'a', pass: 'b' };
  assert(hasPassword({ broker }));
  assert(hasPassword({ redisUrl: 'redis://:secret@db:6379/2', source: { kind: 'segment' } }));
  assert(!hasPassword({ redisUrl: 'redis://me@db:6379', broker: { kind: 'embedded' } }));
  const logDir = await mkdtemp(join(tmpdir(), 'foldbook-service-'));
  test.after(() => rm(logDir, { recursive: true, force: true }));
  const config = { partition: 2, partitions: 4, node: 'a', broker };
  const options = { config, logDir, onTrouble: () => undefined };
  // It has read what was piped to it: its lines name the partition.
  await assert.rejects(startService('market', options), /ERROR market\.2: no connection to NATS/);
  const source = { kind: 'jetstream', servers: 'nats://127.0.0.1:1', user: 'a', pass: 'b' };
  const prover = { ...options, config: { source, storeDir: 3 } };
  await assert.rejects(startService('prover', prover), /standard input: .*storeDir/);
});

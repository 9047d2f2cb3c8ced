/** The log of a service that `up` starts. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { notReadyWords, secretsApart, startService } from './service-process.ts';

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

it('keeps passwords out of the list of processes', () => {
  const source = { kind: 'jetstream', servers: 'nats://a:1', user: 'prover', pass: 'one' };
  const { config, environment } = secretsApart({
    ...{ partition: 1, source, redisUrl: 'redis://me:t%2Fwo@db:6379/2' },
  });
  assert.deepEqual(environment, { FOLDBOOK_PASSWORD: 'one', FOLDBOOK_REDIS_PASSWORD: 't/wo' });
  assert.doesNotMatch(JSON.stringify(config), /one|wo/);
  assert.equal(config.redisUrl, 'redis://me@db:6379/2');
  const open = { partition: 0, redisUrl: 'redis://db:1', broker: { kind: 'nats', servers: 'x' } };
  assert.deepEqual(secretsApart(open), { config: open, environment: {} });
});

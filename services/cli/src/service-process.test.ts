/** The log of a service that `up` starts. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { notReadyWords, startService } from './service-process.ts';

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

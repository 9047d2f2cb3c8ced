import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { logFilter, logStream, logSubject } from '@foldbook/protocol';
import {
  connectNats,
  JetStreamStore,
  LeaseTable,
  openNatsLeases,
  SegmentStore,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { PASSWORD, startShippedBroker } from '../testing/shipped-broker.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** The client's types do not know it. */
const ATOMIC = { allow_atomic: true };
const LOG = logStream(3);

const environment = { ...process.env, FOLDBOOK_PASSWORD: PASSWORD };

function foldbook(...args: string[]): Promise<{ readonly status: number; readonly out: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, 'journal', ...args],
      { env: environment },
      (_, stdout, stderr) => {
        resolve({ status: child.exitCode ?? -1, out: stdout + stderr });
      },
    );
    child.stdin?.end();
  });
}

/** A journal of the records from `first` to `last`, and a log of those up to `logLast`. */
async function world(
  test: TestContext,
  first: number,
  last: number,
  logLast: number,
  start = startNatsServer,
  user: { readonly user?: string; readonly pass?: string } = {},
) {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-repair-'));
  const nats = await start();
  const transport = await connectNats({ servers: nats.url, name: 'test', ...user });
  test.after(async () => {
    await transport.close();
    await nats.close();
    rmSync(dir, { recursive: true });
  });
  const subject = logSubject(3, 'A');
  const files = new SegmentStore({ dir, firstSequence: first, segmentBytes: 400 });
  const journal = await files.writer(LOG, ['>']);
  for (let i = first; i <= last; i += 1) await journal.append(subject, Buffer.from(`record ${i}`));
  await files.close();
  const store = new JetStreamStore(transport);
  if (logLast > 0) {
    const log = await store.writer(LOG, [logFilter(3)]);
    for (let i = 1; i <= logLast; i += 1) await log.append(subject, Buffer.from(`record ${i}`));
    await log.close();
  }
  const folder = join(dir, LOG);
  const at = [folder, '--nats', nats.url];
  const against = [folder, '--against', nats.url];
  return { folder, transport, store, at, against, subject };
}

describe('journal repair', { timeout: 120_000 }, () => {
  it('appends what is missing at the end, once it was told to', async (test) => {
    const { at, against, store } = await world(test, 1, 9, 5);
    const short = await foldbook('verify', ...against);
    assert.equal(short.status, 1, short.out);
    assert.match(short.out, /whole\nTHE LOG IS SHORTER: it ends at 5,.* lacks 6 to 9/);
    const dry = await foldbook('repair', ...at, '--dry-run');
    assert.equal(dry.status, 0, dry.out);
    assert.match(dry.out, /ends at 5; 5 records are as.*\n4 records .*to be appended: 6 to 9\n/);
    const unasked = await foldbook('repair', ...at);
    assert.equal(unasked.status, 2);
    assert.match(unasked.out, /nothing was appended: give --yes/);
    assert.equal(await store.reader(LOG).lastSequence(), 5);
    const done = await foldbook('repair', ...at, '--yes', '--json');
    assert.equal(done.status, 0, done.out);
    const expected = { stream: LOG, before: 5, after: 9, compared: 5, appended: 4, dryRun: false };
    assert.deepEqual(JSON.parse(done.out), { ok: true, ...expected });
    const mended = await foldbook('verify', ...against, '--json');
    assert.equal(mended.status, 0, mended.out);
    assert.deepEqual(JSON.parse(mended.out).against, { kind: 'same', compared: 9, streamLast: 9 });
    const again = await foldbook('repair', ...at);
    assert.equal(again.status, 0);
    assert.match(again.out, /nothing is missing at its end\nLOG_3 ended at 9 and ends at 9: 0 rec/);
  });

  it('does nothing while a node holds the partition', async (test) => {
    const { at, transport, store } = await world(test, 1, 4, 2);
    const table = new LeaseTable({ store: await openNatsLeases(transport), node: 'node-1' });
    const onLost = () => undefined;
    const lease = await table.acquire('partition.3', { leaseMs: 2_000, onLost });
    const refused = await foldbook('repair', ...at, '--yes');
    assert.equal(refused.status, 2, refused.out);
    assert.match(refused.out, /node-1 serves partition 3/);
    assert.equal(await store.reader(LOG).lastSequence(), 2);
    await lease.release();
    assert.equal((await foldbook('repair', ...at, '--yes')).status, 0);
    const { record } = await table.view('partition.3');
    assert.equal(record?.isHeld, false, 'it gives the lease back');
  });

  it('refuses a log that differs, has a hole, or ends before the journal begins', async (test) => {
    const there = await world(test, 4, 9, 6);
    const client = there.transport.connection;
    const { streams } = await client.jetstreamManager();
    const write = async (texts: readonly string[]) => {
      await streams.delete(LOG);
      const config = { name: LOG, subjects: [logFilter(3)], duplicate_window: 2e9 };
      await streams.add({ ...config, ...ATOMIC });
      for (const text of texts) await client.jetstream().publish(there.subject, text);
    };
    const refused = async (code: string, words: RegExp) => {
      const [found, dry] = await Promise.all([
        foldbook('repair', ...there.at, '--yes', '--json'),
        foldbook('repair', ...there.at, '--dry-run'),
      ]);
      assert.equal(found.status, 1, found.out);
      assert.deepEqual(JSON.parse(found.out), { ok: false, stream: LOG, code });
      assert.match(dry.out, words);
    };
    await write(['record 1', 'record 2', 'record 3', 'record 4', 'record X', 'record Y']);
    await refused('CORRUPT', /LOG_3 differs from the copy at 5: its payload/);
    const differing = await foldbook('verify', ...there.against);
    assert.equal(differing.status, 1);
    assert.match(differing.out, /THE LOG DIFFERS, first at 5/);
    await write(['record 1', 'record 2', 'record 3', 'record 4', 'record 5']);
    await streams.deleteMessage(LOG, 3);
    await refused('GAP', /LOG_3 has a hole at 3: 3 is missing inside it/);
    await write(['record 1', 'record 2']);
    await refused('GAP', /ends at 2, and the copy begins at 4/);
    // Where there is no log at all it is made to begin where the journal does.
    await streams.delete(LOG);
    const made = await foldbook('repair', ...there.at, '--yes');
    assert.equal(made.status, 0, made.out);
    const { state } = await streams.info(LOG);
    assert.deepEqual([state.first_seq, state.last_seq], [4, 9]);
    assert.equal((await foldbook('verify', ...there.against)).status, 0);
  });

  it('may do what it does as the user of the market', async (test) => {
    const user = { user: 'market', pass: PASSWORD };
    const { at, against, store } = await world(test, 1, 4, 2, () => startShippedBroker(), user);
    const done = await foldbook('repair', ...at, '--user', 'market', '--yes');
    assert.equal(done.status, 0, done.out);
    assert.equal(await store.reader(LOG).lastSequence(), 4);
    const verified = await foldbook('verify', ...against, '--user', 'market');
    assert.equal(verified.status, 0, verified.out);
  });

  it('takes a journal with a torn end, and none that is damaged', async (test) => {
    const { folder, at, store } = await world(test, 1, 9, 5);
    const segments = readdirSync(folder).filter((name) => name.endsWith('.segment'));
    appendFileSync(join(folder, segments.at(-1) ?? ''), 'torn');
    assert.equal((await foldbook('repair', ...at, '--yes')).status, 0);
    assert.equal(await store.reader(LOG).lastSequence(), 9);
    writeFileSync(join(folder, segments[1] ?? ''), 'no segment');
    const damaged = await foldbook('repair', ...at, '--yes');
    assert.equal(damaged.status, 2);
    assert.match(damaged.out, /the journal itself is damaged: .*another node's/);
    const above = await foldbook('repair', join(folder, '..'), '--yes');
    assert.match(above.out, /not named as a log is/);
  });
});

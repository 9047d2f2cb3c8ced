import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connectNats, JetStreamStore, StreamError } from '@foldbook/runtime';
import { LocalCluster } from './local-cluster.ts';
import { until } from './testing/until.ts';

/** A stream S of three copies, each of which has its first record, and the server that leads it. */
async function threeCopies(test: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-cluster-'));
  const cluster = await LocalCluster.start({ dir, servers: 3, isSynced: false });
  test.after(async () => {
    await cluster.stop();
    await rm(dir, { recursive: true, force: true });
  });
  const nats = await connectNats({ servers: cluster.servers, name: 'test' });
  test.after(() => nats.close());
  const store = new JetStreamStore(nats, { replicas: 3 });
  const writer = await store.writer('S', ['s.*']);
  await writer.append('s.a', new Uint8Array([0]));
  await cluster.current();
  const leader = await cluster.leaderOf('S');
  assert(leader !== undefined);
  return { cluster, nats, store, writer, leader };
}

// All wait for elections nearly all the time, each on servers of its own.
describe('three servers', { concurrency: true }, () => {
  it('a stream of three copies goes on while any one server is dead', {
    timeout: 60_000,
  }, async (t) => {
    const { cluster, nats, store, writer, leader } = await threeCopies(t);
    let questions = 0;
    nats.subscribe('$JS.API.STREAM.INFO.S', () => {
      questions += 1;
    });
    await nats.flush();
    await cluster.kill(leader);
    assert.equal(await writer.append('s.a', new Uint8Array([1])), 2);
    assert.notEqual(await cluster.leaderOf('S'), leader);
    // Nobody hears what it asks during the election; it does not wait long for an answer.
    assert(questions > 4, `${questions} questions`);
    await cluster.start(leader);
    await cluster.current();
    // It has caught up: with another one dead it makes the majority.
    await cluster.kill((leader + 1) % 3);
    assert.equal(await writer.append('s.a', new Uint8Array([2])), 3);
    await store.close();
  });

  it('a stream whose majority is gone waits for it, whatever the one that is left says', {
    timeout: 90_000,
  }, async (t) => {
    const { cluster, store, writer, leader } = await threeCopies(t);
    const killed = [leader, (leader + 1) % 3];
    for (const server of killed) await cluster.kill(server);
    const appended = writer.append('s.a', new Uint8Array([1]));
    // Of one that it does not have, since it may answer for one that it led.
    const other = store.reader('OTHER');
    await until(async () => {
      const refused = await other.lastSequence().catch((error: unknown) => error);
      assert(refused instanceof StreamError, String(refused));
      // Until it has noticed that it leads nobody any more.
      if (refused.code === 'NO_STREAM') return false;
      assert.equal(refused.code, 'UNAVAILABLE');
      return /temporarily unavailable \(JetStream error 10008\)/.test(refused.message);
    });
    for (const server of killed) await cluster.start(server);
    assert.equal(await appended, 2);
    await store.close();
  });

  it('an append that the leader leaves unanswered does not wait for an answer', {
    timeout: 60_000,
  }, async (t) => {
    const { cluster, store, writer, leader } = await threeCopies(t);
    // Over a line that stands, so that nothing but the silence tells that the leader is gone.
    const own = await connectNats({
      servers: cluster.servers.filter((_, server) => server !== leader),
      name: 'test',
    });
    t.after(() => own.close());
    await writer.close();
    const other = new JetStreamStore(own, { replicas: 3, ackTimeoutMs: 3_600_000 });
    const heir = await other.writer('S', ['s.*']);
    assert.equal(await heir.append('s.a', new Uint8Array([1])), 2);
    await cluster.kill(leader);
    assert.equal(await heir.append('s.a', new Uint8Array([2])), 3);
    await other.close();
    await store.close();
  });
});

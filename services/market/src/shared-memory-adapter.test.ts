/** What clients on shared memory may ask, are sent and cost, all on one thread. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import { describe, it, type TestContext } from 'node:test';
import {
  connectSharedMemory,
  createLogger,
  createMetrics,
  FrameKind,
  layOutMetrics,
  MetricsReader,
  MetricsWriter,
  type Transport,
  thisOwner,
} from '@foldbook/runtime';
import { RogueLink } from '@foldbook/runtime/testing';
import { LOCAL_METRICS, LocalMetrics } from './local-metrics.ts';
import { SharedMemoryAdapter } from './shared-memory-adapter.ts';

const LINUX = {
  skip: platform === 'linux' ? false : 'memory is shared on Linux only',
  timeout: 60_000,
};
const MAX_FRAME_BYTES = 8_192;
const bytes = (text: string) => new TextEncoder().encode(text);

interface Fixture {
  readonly adapter: SharedMemoryAdapter;
  readonly path: string;
  numbers(): Record<string, number | undefined>;
  counts(name: string): Record<string, number>;
  connect(): Promise<Transport>;
}

/** An adapter that has its turns, and answers requests on `info.*` with what was asked. */
function open(test: TestContext): Fixture {
  const folder = mkdtempSync('/dev/shm/foldbook-test-');
  const logger = createLogger({ service: 'test', level: 'error' });
  const accounts = [{ account: 7 }];
  const adapter = new SharedMemoryAdapter(
    { folder, accounts, maxFrameBytes: MAX_FRAME_BYTES },
    logger,
  );
  const layout = layOutMetrics(thisOwner('test', Date.now()), { service: LOCAL_METRICS });
  const memory = new SharedArrayBuffer(layout.totalBytes);
  createMetrics(layout, memory);
  adapter.open();
  adapter.observe(new LocalMetrics(new MetricsWriter(memory, 'service')));
  adapter.subscribe('info.*', ({ payload, reply = '' }) => void adapter.publish(reply, payload));
  const turns = setInterval(() => adapter.doWork(), 1);
  test.after(() => {
    clearInterval(turns);
    adapter.onClose();
    rmSync(folder, { recursive: true, force: true });
  });
  const path = join(folder, 'account-7');
  const reader = new MetricsReader(memory);
  return {
    adapter,
    path,
    numbers: () => Object.fromEntries(reader.sample(Date.now()).numbers),
    counts: (name) => Object.fromEntries(reader.sample(Date.now()).counters.get(name) ?? []),
    connect: async () => {
      const transport = await connectSharedMemory({ path });
      test.after(() => transport.close());
      return transport;
    },
  };
}

describe('clients on shared memory', LINUX, () => {
  it('each subscription hears what it matches, once, and a refused one nothing', async (test) => {
    const { adapter, connect } = open(test);
    const transport = await connect();
    const heard: string[] = [];
    const hear = (name: string) => () => void heard.push(name);
    const refused = Promise.withResolvers<Error>();
    transport.subscribe('md.A.l2', hear('one'));
    const many = transport.subscribe('md.*.l2', hear('many'));
    transport.subscribe('md.A.l2', hear('again'));
    transport.subscribe('md.B.l2', hear('other'));
    transport.subscribe('md.>', hear('all'), refused.resolve);
    assert.match(String(await refused.promise), /may not use md\.>/);
    await transport.flush();
    adapter.publish('md.A.l2', bytes('1'));
    await transport.flush();
    assert.deepEqual(heard.splice(0), ['one', 'many', 'again']);
    many.unsubscribe();
    await transport.flush();
    adapter.publish('md.A.l2', bytes('2'));
    await transport.flush();
    assert.deepEqual(heard.splice(0), ['one', 'again']);
  });

  it('a message goes out once, however often it is subscribed', async (test) => {
    const { adapter, connect, numbers } = open(test);
    const transport = await connect();
    let heard = 0;
    const hear = () => {
      heard += 1;
    };
    for (let i = 0; i < 200; i += 1) transport.subscribe('md.*.trades', hear);
    await transport.flush();
    const before = numbers().localFramesOut ?? 0;
    for (let i = 0; i < 10; i += 1) adapter.publish('md.A.trades', bytes('x'));
    await transport.flush();
    assert.equal(heard, 2_000);
    // And the answer to the flush.
    assert.equal((numbers().localFramesOut ?? 0) - before, 11);
  });

  it('what is too long for the market is told at once, and costs no connection', async (test) => {
    const { connect } = open(test);
    const transport = await connect();
    transport.onStatus((status) => status === 'closed' || assert.fail(status));
    const tooLong = new Uint8Array(MAX_FRAME_BYTES);
    const asked = transport.request('info.A', tooLong, 5_000);
    await assert.rejects(asked, { code: 'TOO_LARGE', message: /8192 bytes on info.A; .* takes 8/ });
    assert.throws(() => transport.publish('info.A', tooLong), { code: 'TOO_LARGE' });
    // As long as it may be: less the header and the two subjects.
    const fits = new Uint8Array(MAX_FRAME_BYTES - 16 - 'info.A'.length - 60);
    assert.equal((await transport.request('info.A', fits, 5_000)).byteLength, fits.byteLength);
  });

  it('shows connections, frames, and why connections ended', async (test) => {
    const { connect, path, numbers, counts } = open(test);
    const transport = await connect();
    await transport.request('info.A', bytes('x'), 5_000);
    await assert.rejects(connectSharedMemory({ path }), /is taken/);
    await transport.flush();
    const { localClients, localFramesIn, localFramesOut, localWaitingBytes } = numbers();
    assert.deepEqual([localClients, localWaitingBytes], [1, 0]);
    // A subscription of answers, a request and a flush; two answers.
    assert.deepEqual([localFramesIn, localFramesOut], [3, 2]);
    assert.deepEqual(counts('localTurnedAway'), { TAKEN: 1 });
    await transport.close();
    const rogue = await RogueLink.attach(path);
    rogue.send(FrameKind.DELIVER, 1, 'a.b');
    while (!rogue.isOver()) await new Promise((resolve) => setImmediate(resolve));
    rogue.close();
    assert.deepEqual(counts('localEnds'), { LEFT: 1, BROKEN: 1 });
    assert.equal(numbers().localClients, 0);
  });

  it('shows what waits for a client that does not read', async (test) => {
    const { adapter, path, numbers, counts } = open(test);
    const rogue = await RogueLink.attach(path);
    rogue.send(FrameKind.SUBSCRIBE, 1, 'md.*.l2');
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    while ((numbers().localWaitingBytes ?? 0) === 0) {
      for (let i = 0; i < 100; i += 1) adapter.publish('md.A.l2', new Uint8Array(1_000));
      await turn();
    }
    while (!rogue.isOver()) {
      for (let i = 0; i < 1_000; i += 1) adapter.publish('md.A.l2', new Uint8Array(1_000));
      await turn();
    }
    rogue.close();
    assert.deepEqual(counts('localEnds'), { SLOW: 1 });
    assert.equal(numbers().localWaitingBytes, 0);
  });
});

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type Channel, processChannel } from './channel.ts';
import { connectChannel } from './memory-channel.ts';
import { MemoryBroker } from './memory-transport.ts';
import { transportConformance } from './testing/transport-conformance.ts';

function portChannel(port: MessagePort): Channel {
  return {
    send: (message, sent) => {
      port.postMessage(message);
      setImmediate(sent);
    },
    onMessage: (listener) => {
      port.on('message', listener);
      return () => void port.off('message', listener);
    },
    onClose: (listener) => void port.once('close', listener),
  };
}

transportConformance('channel', async () => {
  const broker = new MemoryBroker();
  const ports: MessagePort[] = [];
  const connect = async () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    broker.serve(portChannel(port1));
    return connectChannel(portChannel(port2));
  };
  const close = async () => {
    for (const port of ports) port.close();
  };
  return { connect, close };
});

test('a broker in another process: large payloads, then its end', { timeout: 60_000 }, async () => {
  const child = fork(new URL('./testing/broker-process.ts', import.meta.url), {
    serialization: 'advanced',
  });
  const exited = once(child, 'exit');
  try {
    const channel = processChannel(child);
    assert(channel !== undefined);
    // The broker's process may send other messages over the same line.
    const [hello] = await once(child, 'message');
    assert.deepEqual(hello, { type: 'ready' });
    const transport = connectChannel(channel);
    const payload = new Uint8Array(1_000_000).map((_, i) => i * 7);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => transport.request('echo', payload, 30_000)),
    );
    for (const answer of answers) assert.deepEqual(Buffer.from(answer), Buffer.from(payload));
    const closed = new Promise<string>((resolve) => {
      transport.onStatus((status, detail) => resolve(`${status}: ${detail}`));
    });
    const asked = assert.rejects(transport.request('exit', payload, 30_000), { code: 'CLOSED' });
    assert.equal(await closed, 'closed: the process with the broker is gone');
    await asked;
  } finally {
    child.kill();
    await exited;
  }
});

test('a process that was not forked has no channel', () => {
  const { send } = process;
  // A test runner may have forked this very process.
  delete (process as { send?: unknown }).send;
  try {
    assert.equal(processChannel(), undefined);
  } finally {
    if (send !== undefined) process.send = send;
  }
});

test('a slow client loses messages, counted, and nothing grows without bound', async () => {
  const broker = new MemoryBroker();
  const delivered: unknown[] = [];
  let receive: (message: unknown) => void = () => {};
  // A line that never takes anything.
  broker.serve({
    send: (message) => void delivered.push(message),
    onMessage: (listener) => {
      receive = listener;
      return () => {};
    },
    onClose: () => {},
  });
  receive({ tag: 'foldbook-to-broker', operations: [{ kind: 'subscribe', id: 1, filter: '>' }] });
  const local = broker.connect();
  const payload = new Uint8Array(1);
  for (let i = 0; i < 100_000; i += 1) local.publish('a', payload);
  await local.flush();
  assert(broker.dropped > 0 && broker.dropped < 100_000);
  assert(delivered.length <= 4);
});

test('malformed envelopes cut the client off; foreign messages are left alone', async () => {
  for (const operations of [
    undefined,
    [{ kind: 'subscribe', id: 'x', filter: '>' }],
    [{ kind: 'publish', message: { subject: 'a', payload: 'text' } }],
    [{ kind: 'whatever', id: 1 }],
    [null],
  ]) {
    const broker = new MemoryBroker();
    let receive: (message: unknown) => void = () => {};
    let listening = true;
    broker.serve({
      send: () => {},
      onMessage: (listener) => {
        receive = listener;
        return () => {
          listening = false;
        };
      },
      onClose: () => {},
    });
    receive({ type: 'ready' });
    receive('text');
    assert(listening);
    const warned = once(process, 'warning');
    receive({ tag: 'foldbook-to-broker', operations });
    assert(!listening);
    const [warning] = await warned;
    assert.match(String(warning), /malformed envelope/);
  }
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, type NatsConnection } from 'nats';
import { JetStreamReader } from './jetstream-reader.ts';
import { JetStreamStore } from './jetstream-store.ts';
import { connectNats, type NatsTransport } from './nats-transport.ts';
import type { StreamRecord } from './stream.ts';
import { type NatsServer, startNatsServer } from './testing/nats-server.ts';

/**
 * A consumer without copies is kept by any of a stream's servers, and shows what that one has. Here
 * the server that lags is a mirror that lost its end.
 */
let broker: NatsServer;
let transport: NatsTransport;
let store: JetStreamStore;
let stranger: NatsConnection;

before(async () => {
  broker = await startNatsServer();
  transport = await connectNats({ servers: broker.url, name: 'test' });
  store = new JetStreamStore(transport);
  stranger = await connect({ servers: broker.url });
});

after(async () => {
  await stranger?.close();
  await store?.close();
  await transport?.close();
  await broker?.close();
});

const bytes = (text: string) => new TextEncoder().encode(text);
const text = ({ payload }: StreamRecord) => new TextDecoder().decode(payload);

/** A stream with `<name>.a`, `.b`, `.c`, and one that has the first `kept` of these. */
async function withCopy(name: string, kept: number): Promise<string> {
  const writer = await store.writer(name, [`${name}.>`]);
  for (const word of ['a', 'b', 'c']) await writer.append(`${name}.${word}`, bytes(word));
  const copy = `${name}_COPY`;
  const manager = await stranger.jetstreamManager();
  await manager.streams.add({ name: copy, mirror: { name } });
  while ((await manager.streams.info(copy)).state.last_seq < 3);
  for (let sequence = kept + 1; sequence <= 3; sequence += 1) {
    await manager.streams.deleteMessage(copy, sequence);
  }
  return copy;
}

/** The transport of a reader whose first consumers, as many as said, are the copy's. */
function showing(name: string, copy: string, times: number): NatsTransport {
  const names = new Set<string>();
  const request = (subject: string, payload: Uint8Array, timeoutMs: number) => {
    const [, id = ''] = subject.split(`$JS.API.CONSUMER.CREATE.${name}.`);
    if (id === '' || names.size >= times) return transport.request(subject, payload, timeoutMs);
    const asked = JSON.parse(new TextDecoder().decode(payload));
    names.add(asked.config.name);
    const body = bytes(JSON.stringify({ ...asked, stream_name: copy }));
    return transport.request(`$JS.API.CONSUMER.CREATE.${copy}.${id}`, body, timeoutMs);
  };
  const publish = (subject: string, payload: Uint8Array, reply?: string) => {
    const isCopys = names.has(subject.split('.').at(-1) ?? '');
    const there = isCopys ? subject.replace(`.${name}.`, `.${copy}.`) : subject;
    transport.publish(there, payload, reply);
  };
  return new Proxy(transport, {
    get: (target, key) => {
      if (key === 'request') return request;
      if (key === 'publish') return publish;
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const open = (seen: NatsTransport, name: string) =>
  new JetStreamReader(seen, name, new AbortController().signal);

for (const kept of [0, 1, 2]) {
  test(`what a server with ${kept} of 3 records does not show is read from another`, async () => {
    const name = `LAG_${kept}`;
    const copy = await withCopy(name, kept);
    const whole = open(showing(name, copy, 2), name);
    const read: string[] = [];
    for await (const record of whole.read({ fromSequence: 1, follow: false })) {
      read.push(text(record));
    }
    assert.deepEqual(read, ['a', 'b', 'c']);

    const filtered = open(showing(name, copy, 2), name);
    const found: string[] = [];
    const options = { fromSequence: 1, filter: `${name}.c`, follow: false };
    for await (const record of filtered.read(options)) found.push(text(record));
    assert.deepEqual(found, ['c']);

    const last = open(showing(name, copy, 2), name);
    assert.deepEqual((await last.lastOfEach(`${name}.>`)).map(text), ['a', 'b', 'c']);
  });
}

test('of a filter that nothing matches there is nothing', async () => {
  const name = 'NONE';
  const copy = await withCopy(name, 3);
  const reader = open(showing(name, copy, 1), name);
  const options = { fromSequence: 1, filter: `${name}.d`, follow: false };
  for await (const { sequence } of reader.read(options)) assert.fail(`there is ${sequence}`);
  assert.deepEqual(await reader.lastOfEach(`${name}.d`), []);
});

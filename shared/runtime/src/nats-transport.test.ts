import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { connectNats } from './nats-transport.ts';
import { startNatsServer } from './testing/nats-server.ts';
import { transportConformance } from './testing/transport-conformance.ts';
import type { Transport, TransportError, TransportStatus } from './transport.ts';
import { answer } from './transport-outcomes.ts';

transportConformance('NATS', async () => {
  const server = await startNatsServer();
  return {
    connect: () => connectNats({ servers: server.url, name: 'conformance' }),
    close: () => server.close(),
  };
});

function nextStatus(transport: Transport, wanted: TransportStatus): Promise<string> {
  return new Promise((resolve) => {
    const stop = transport.onStatus((status, detail) => {
      if (status !== wanted) return;
      stop();
      resolve(detail);
    });
  });
}

test('it comes back with its subscriptions after the broker does', {
  timeout: 60_000,
}, async () => {
  const server = await startNatsServer();
  const transport = await connectNats({ servers: server.url, name: 'restart' });
  try {
    assert.match(
      transport.description,
      /^nats:\/\/127\.0\.0\.1:\d+ \(nats-server \d+\.\d+\.\d+\)$/,
    );
    const got = Promise.withResolvers<string>();
    transport.subscribe('after', ({ payload }) => got.resolve(new TextDecoder().decode(payload)));
    const lost = nextStatus(transport, 'disconnected');
    await server.kill();
    assert.match(await lost, /127\.0\.0\.1/);
    assert.equal(transport.status(), 'disconnected');
    transport.publish('after', new TextEncoder().encode('lost'));
    assert.equal(transport.dropped, 1);
    const flushed = transport.flush();
    const back = nextStatus(transport, 'connected');
    await server.restart();
    await back;
    await flushed;
    transport.publish('after', new TextEncoder().encode('kept'));
    assert.equal(await got.promise, 'kept');
  } finally {
    await transport.close();
    await server.close();
  }
});

test('closing while the broker is away ends what waits for it', { timeout: 60_000 }, async () => {
  const server = await startNatsServer();
  const transport = await connectNats({ servers: server.url, name: 'away' });
  const lost = nextStatus(transport, 'disconnected');
  await server.kill();
  await lost;
  const flushed = assert.rejects(transport.flush(), { code: 'CLOSED' });
  await transport.close();
  await flushed;
  assert.equal(transport.status(), 'closed');
  await server.close();
});

test('no server there: the error names the address and how to mend it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  assert(typeof address === 'object' && address !== null);
  taken.close();
  await once(taken, 'close');
  const servers = `nats://127.0.0.1:${address.port}`;
  await assert.rejects(connectNats({ servers, name: 'lost' }), (error: Error) => {
    assert.equal((error as { code?: string }).code, 'CONNECT_FAILED');
    assert(
      error.message.includes(servers) && error.message.includes('nats-server -js'),
      error.message,
    );
    return true;
  });
});

test('users: the right one, the wrong password, none', { timeout: 60_000 }, async () => {
  const config = 'authorization { users: [ { user: "m", password: "right" } ] }';
  const server = await startNatsServer({ config });
  try {
    const good = await connectNats({ servers: server.url, name: 'good', user: 'm', pass: 'right' });
    await good.flush();
    await good.close();
    const attempts: [{ user?: string; pass?: string }, RegExp][] = [
      [{ user: 'm', pass: 'wrong' }, /refuses user "m".*password/],
      [{}, /refuses a connection without a user/],
    ];
    for (const [who, message] of attempts) {
      const attempt = connectNats({ servers: server.url, name: 'bad', ...who });
      await assert.rejects(attempt, { code: 'CONNECT_FAILED', message });
    }
  } finally {
    await server.close();
  }
});

test('a message beyond what the broker takes is refused here', { timeout: 60_000 }, async () => {
  const server = await startNatsServer({ config: 'max_payload: 1024' });
  const transport = await connectNats({ servers: server.url, name: 'large' });
  try {
    const large = new Uint8Array(2_000);
    assert.throws(() => transport.publish('a', large), { code: 'TOO_LARGE', message: /1024/ });
    await assert.rejects(transport.request('a', large, 1_000), { code: 'TOO_LARGE' });
    await transport.flush();
  } finally {
    await transport.close();
    await server.close();
  }
});

test('a broker that takes too small messages is refused at once', { timeout: 60_000 }, async () => {
  const server = await startNatsServer({ config: 'max_payload: 1024' });
  try {
    const attempt = connectNats({ servers: server.url, name: 'large', largestBytes: 1_025 });
    await assert.rejects(attempt, {
      code: 'TOO_LARGE',
      message: /set max_payload to 1025 or more/,
    });
    const enough = await connectNats({ servers: server.url, name: 'fits', largestBytes: 1_024 });
    await enough.close();
  } finally {
    await server.close();
  }
});

test('a refused subscription is told; inboxes carry the name of their user', {
  timeout: 60_000,
}, async () => {
  const rights = 'permissions: { publish: [">"], subscribe: ["open", "_INBOX.m.>"] }';
  const config = `authorization { users: [ { user: m, password: p, ${rights} } ] }`;
  const server = await startNatsServer({ config });
  const transport = await connectNats({ servers: server.url, name: 'deaf', user: 'm', pass: 'p' });
  try {
    const refused: TransportError[] = [];
    const ignore = () => undefined;
    transport.subscribe('open', ({ reply, payload }) => answer(transport, reply, payload));
    transport.subscribe('secret.*', ignore, (error) => refused.push(error));
    transport.subscribe('_INBOX.>', ignore, (error) => refused.push(error));
    await transport.flush();
    assert.deepEqual(
      refused.map(({ code, message }) => [code, / subscribe to (\S+):/.exec(message)?.[1]]),
      [
        ['NOT_PERMITTED', 'secret.*'],
        ['NOT_PERMITTED', '_INBOX.>'],
      ],
    );
    assert.match(transport.newInbox(), /^_INBOX\.m\./);
    assert.equal((await transport.request('open', new Uint8Array(7), 5_000)).byteLength, 7);
  } finally {
    await transport.close();
    await server.close();
  }
});

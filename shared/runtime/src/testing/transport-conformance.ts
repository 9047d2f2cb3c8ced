/** What every transport has to do, run on each of them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Transport, TransportError, type TransportMessage } from '../transport.ts';

export interface TransportFixture {
  /** Another connection to the same broker. */
  connect(): Promise<Transport>;
  close(): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (payload: Uint8Array) => new TextDecoder().decode(payload);
const PATIENCE_MS = 30_000;

/** Messages as they come, and a way to wait for the next. */
function collector() {
  const messages: TransportMessage[] = [];
  let wake: (() => void) | undefined;
  return {
    messages,
    handler: (message: TransportMessage) => {
      messages.push(message);
      wake?.();
    },
    count: async (count: number) => {
      while (messages.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return messages;
    },
  };
}

function hasCode(code: string) {
  return (error: unknown) => error instanceof TransportError && error.code === code;
}

export function transportConformance(name: string, open: () => Promise<TransportFixture>): void {
  describe(`transport conformance: ${name}`, { timeout: 120_000 }, () => {
    let fixture: TransportFixture;
    const opened: Transport[] = [];
    const connect = async () => {
      const transport = await fixture.connect();
      opened.push(transport);
      return transport;
    };
    before(async () => {
      fixture = await open();
    });
    after(async () => {
      await Promise.all(opened.map((transport) => transport.close()));
      await fixture?.close();
    });

    test('messages arrive in order, whole, and only where the filter matches', async () => {
      const [sender, receiver] = [await connect(), await connect()];
      const [exact, star, tail] = [collector(), collector(), collector()];
      receiver.subscribe('order.a.b', exact.handler);
      receiver.subscribe('order.*.b', star.handler);
      receiver.subscribe('order.>', tail.handler);
      await receiver.flush();
      const total = 3_000;
      for (let i = 0; i < total; i += 1) {
        if (i % 3 === 0) sender.publish('order.a.b', bytes(`${i}`), `_INBOX.${i}`);
        else sender.publish(i % 3 === 1 ? 'order.c.b' : 'order.a', bytes(`${i}`));
      }
      const all = await tail.count(total);
      await exact.count(total / 3);
      await star.count((2 * total) / 3);
      assert.deepEqual(
        all.map(({ payload }) => textOf(payload)),
        Array.from({ length: total }, (_, i) => `${i}`),
      );
      assert.equal(exact.messages.length, total / 3);
      assert.equal(star.messages.length, (2 * total) / 3);
      assert(
        exact.messages.every(({ subject, reply, payload }) => {
          return subject === 'order.a.b' && reply === `_INBOX.${textOf(payload)}`;
        }),
      );
      assert.equal(all[1]?.reply, undefined);
      assert.equal(all[1]?.subject, 'order.c.b');
    });

    test('a reply subject that is no inbox is none', async () => {
      const [sender, receiver] = [await connect(), await connect()];
      const got = collector();
      receiver.subscribe('asked', got.handler);
      await receiver.flush();
      const hostile = ['log.0.M', 'rpt.8.M', 'a..b', '_INBOX.*', '_INBOX.>', '_INBOX..a', '_INBOX'];
      for (const reply of hostile) sender.publish('asked', bytes(reply), reply);
      sender.publish('asked', bytes('long'), `_INBOX.${'a'.repeat(250)}`);
      sender.publish('asked', bytes('inbox'), '_INBOX.user.1');
      const messages = await got.count(hostile.length + 2);
      const replies = messages.flatMap(({ reply }) => (reply === undefined ? [] : [reply]));
      assert.deepEqual(replies, ['_INBOX.user.1']);
    });

    test('delivery comes after publish has returned; empty payloads are messages too', async () => {
      const transport = await connect();
      const got = collector();
      transport.subscribe('later', got.handler);
      await transport.flush();
      transport.publish('later', new Uint8Array(0));
      assert.equal(got.messages.length, 0);
      const [message] = await got.count(1);
      assert.equal(message?.payload.byteLength, 0);
    });

    test('nothing arrives after unsubscribing', async () => {
      const transport = await connect();
      const [gone, stays] = [collector(), collector()];
      const subscription = transport.subscribe('leave', gone.handler);
      transport.subscribe('leave', stays.handler);
      await transport.flush();
      transport.publish('leave', bytes('1'));
      await gone.count(1);
      subscription.unsubscribe();
      subscription.unsubscribe();
      transport.publish('leave', bytes('2'));
      await stays.count(2);
      assert.equal(gone.messages.length, 1);
    });

    test('requests find their own answers', async () => {
      const [client, server] = [await connect(), await connect()];
      server.subscribe('double.*', ({ payload, reply }) => {
        assert(reply !== undefined);
        const answer = bytes(`${2 * Number(textOf(payload))}`);
        // Answers overtake each other.
        if (Number(textOf(payload)) % 2 === 0) setImmediate(() => server.publish(reply, answer));
        else server.publish(reply, answer);
      });
      await server.flush();
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          client.request('double.x', bytes(`${i}`), PATIENCE_MS),
        ),
      );
      assert.deepEqual(
        answers.map((answer) => Number(textOf(answer))),
        Array.from({ length: 200 }, (_, i) => 2 * i),
      );
    });

    test('a request without anybody to answer, and one that is not answered', async () => {
      const [client, server] = [await connect(), await connect()];
      await assert.rejects(
        client.request('nobody.here', bytes('?'), PATIENCE_MS),
        (error) => hasCode('NO_RESPONDERS')(error) && String(error).includes('nobody.here'),
      );
      server.subscribe('silent', () => {});
      await server.flush();
      await assert.rejects(client.request('silent', bytes('?'), 50), hasCode('TIMEOUT'));
    });

    test('malformed subjects are refused', async () => {
      const transport = await connect();
      const refused = hasCode('BAD_SUBJECT');
      for (const subject of ['', 'a b', 'a.', 'a.*', 'x\r\nPUB y 0\r\n']) {
        assert.throws(
          () => transport.publish(subject, bytes('')),
          refused,
          JSON.stringify(subject),
        );
        await assert.rejects(transport.request(subject, bytes(''), 10), refused);
      }
      assert.throws(() => transport.subscribe('a..b', () => {}), refused);
    });

    test('closing: what waits is told, the rest is refused or counted', async () => {
      const [transport, server] = [await connect(), await connect()];
      server.subscribe('never', () => {});
      const echo = collector();
      server.subscribe('last.words', echo.handler);
      await server.flush();
      const statuses: string[] = [];
      const stop = transport.onStatus((status) => statuses.push(status));
      transport.onStatus(() => assert.fail('removed'))();
      const waiting = assert.rejects(
        transport.request('never', bytes(''), PATIENCE_MS),
        hasCode('CLOSED'),
      );
      transport.publish('last.words', bytes('bye'));
      assert.equal(transport.status(), 'connected');
      await transport.close();
      await waiting;
      await echo.count(1);
      assert.equal(transport.status(), 'closed');
      assert.deepEqual(statuses, ['closed']);
      stop();
      transport.publish('last.words', bytes('lost'));
      assert.equal(transport.dropped, 1);
      assert.throws(() => transport.subscribe('a', () => {}), hasCode('CLOSED'));
      await assert.rejects(transport.request('a', bytes(''), 10), hasCode('CLOSED'));
      await assert.rejects(transport.flush(), hasCode('CLOSED'));
      await transport.close();
      await server.flush();
      assert.equal(echo.messages.length, 1);
    });
  });
}

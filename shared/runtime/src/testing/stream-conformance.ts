/** What every stream store has to do, run on each of them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { StreamError, type StreamRecord, type StreamStore } from '../stream.ts';

export interface StoreFixture {
  /** Another handle on the same storage, as another process would have. */
  store(): Promise<StreamStore>;
  /** A payload that the store refuses. */
  readonly tooLargeBytes: number;
  close(): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (payload: Uint8Array) => new TextDecoder().decode(payload);

function hasCode(code: string) {
  return (error: unknown) => {
    assert(error instanceof StreamError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

async function collect(records: AsyncIterable<StreamRecord>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { sequence, subject, payload } of records) {
    seen.push(`${sequence} ${subject} ${textOf(payload)}`);
  }
  return seen;
}

export function streamConformance(name: string, open: () => Promise<StoreFixture>): void {
  describe(`stream conformance: ${name}`, { timeout: 120_000 }, () => {
    let fixture: StoreFixture;
    let store: StreamStore;
    let other: StreamStore;
    before(async () => {
      fixture = await open();
      store = await fixture.store();
      other = await fixture.store();
    });
    after(async () => {
      await store?.close();
      await other?.close();
      await fixture?.close();
    });

    test('appends in flight resolve in order, and read back as they were', async () => {
      const writer = await store.writer('ROUND', ['round.>']);
      assert.equal(writer.name, 'ROUND');
      assert.equal(writer.lastSequence, 0);
      const payloads = Array.from({ length: 400 }, (_, i) =>
        new Uint8Array(i % 40 === 0 ? 100_000 : i % 7).map((_byte, at) => at * 31 + i),
      );
      const order: number[] = [];
      const appends = payloads.map((payload, i) =>
        writer.append(`round.${i % 3}`, payload).then((sequence) => order.push(sequence)),
      );
      assert.equal(writer.inFlight(), payloads.length);
      await Promise.all(appends);
      const expected = payloads.map((_, i) => i + 1);
      assert.deepEqual(order, expected);
      assert.equal(writer.inFlight(), 0);
      assert.equal(writer.lastSequence, payloads.length);
      let next = 0;
      for await (const record of other.reader('ROUND').read({ fromSequence: 1, follow: false })) {
        assert.equal(record.sequence, next + 1);
        assert.equal(record.subject, `round.${next % 3}`);
        assert.deepEqual(Buffer.from(record.payload), Buffer.from(payloads[next] ?? []));
        next += 1;
      }
      assert.equal(next, payloads.length);
      await writer.close();
    });

    test('reading from a sequence, with a filter, and of an empty stream', async () => {
      const writer = await store.writer('PARTS', ['part.*.*']);
      const reader = other.reader('PARTS');
      assert.deepEqual(await collect(reader.read({ fromSequence: 1, follow: false })), []);
      assert.equal(await reader.lastSequence(), 0);
      assert.equal(await reader.last(), undefined);
      assert.deepEqual(await reader.lastOfEach('part.>'), []);
      for (const subject of ['part.a.x', 'part.b.x', 'part.a.y', 'part.b.y', 'part.a.x']) {
        await writer.append(subject, bytes(subject.slice(-1)));
      }
      const from3 = await collect(reader.read({ fromSequence: 3, follow: false }));
      assert.deepEqual(from3, ['3 part.a.y y', '4 part.b.y y', '5 part.a.x x']);
      const onlyA = await collect(
        reader.read({ fromSequence: 2, filter: 'part.a.*', follow: false }),
      );
      assert.deepEqual(onlyA, ['3 part.a.y y', '5 part.a.x x']);
      assert.deepEqual(await collect(reader.read({ fromSequence: 6, follow: false })), []);
      const none = reader.read({ fromSequence: 1, filter: 'part.c.*', follow: false });
      assert.deepEqual(await collect(none), []);
      assert.equal(await reader.lastSequence(), 5);
      assert.equal((await reader.last())?.sequence, 5);
      assert.equal((await reader.last('part.b.x'))?.sequence, 2);
      assert.equal(await reader.last('part.c.x'), undefined);
      const sequences = [
        await reader.firstFrom(1, 'part.b.y'),
        await reader.firstFrom(3, 'part.a.*'),
        await reader.firstFrom(5, 'part.b.*'),
      ].map((record) => record?.sequence);
      assert.deepEqual(sequences, [4, 3, undefined]);
      assert.equal(textOf((await reader.firstFrom(2, '>'))?.payload ?? bytes('')), 'x');
      const each = await reader.lastOfEach('part.*.x');
      assert.deepEqual(
        each.map(({ sequence, subject }) => `${sequence} ${subject}`),
        ['2 part.b.x', '5 part.a.x'],
      );
      await writer.close();
    });

    test('following: what was there, then what comes, until told to stop', async () => {
      const writer = await store.writer('FOLLOW', ['follow.*']);
      await writer.append('follow.a', bytes('1'));
      const stop = new AbortController();
      const seen: string[] = [];
      const three = Promise.withResolvers<void>();
      const following = (async () => {
        const { signal } = stop;
        for await (const record of other
          .reader('FOLLOW')
          .read({ fromSequence: 1, follow: true, signal })) {
          seen.push(textOf(record.payload));
          if (seen.length === 1) await writer.append('follow.b', bytes('2'));
          if (seen.length === 3) three.resolve();
        }
      })();
      const late = other.reader('FOLLOW').read({ fromSequence: 3, follow: true });
      const lateRecords = late[Symbol.asyncIterator]();
      const firstLate = lateRecords.next();
      while (seen.length < 2) await new Promise((resolve) => setImmediate(resolve));
      await writer.append('follow.c', bytes('3'));
      await three.promise;
      assert.deepEqual(seen, ['1', '2', '3']);
      assert.equal((await firstLate).value?.sequence, 3);
      await lateRecords.return?.();
      stop.abort();
      await following;
      await writer.close();
    });

    test('breaking out of a reading ends it', async () => {
      const writer = await store.writer('BREAK', ['break']);
      for (let i = 0; i < 10; i += 1) await writer.append('break', bytes(`${i}`));
      for await (const { sequence } of other
        .reader('BREAK')
        .read({ fromSequence: 2, follow: true })) {
        if (sequence === 5) break;
      }
      await writer.close();
    });

    test('a writer goes on where the last one ended', async () => {
      const first = await store.writer('AGAIN', ['again']);
      await Promise.all([first.append('again', bytes('1')), first.append('again', bytes('2'))]);
      await first.close();
      const second = await other.writer('AGAIN', ['again']);
      assert.equal(second.lastSequence, 2);
      assert.equal(await second.append('again', bytes('3')), 3);
      await second.close();
      const all = await collect(store.reader('AGAIN').read({ fromSequence: 1, follow: false }));
      assert.deepEqual(all, ['1 again 1', '2 again 2', '3 again 3']);
    });

    test('an opening record comes behind the one of its subject that it names', async () => {
      const subjects = ['open.*'];
      const opening = (text: string, after: number) => ({
        ...{ subject: 'open.begin', payload: bytes(text), after },
      });
      const first = await store.writer('OPEN', subjects, opening('first', 0));
      assert.equal(first.lastSequence, 1);
      await first.append('open.on', bytes('one'));
      await first.close();
      await assert.rejects(
        other.writer('OPEN', subjects, opening('late', 0)),
        hasCode('STALE_WRITER'),
      );
      // What else was appended since does not count.
      await other.prepare?.('OPEN', subjects);
      const second = await other.writer('OPEN', subjects, opening('second', 1));
      assert.equal(second.lastSequence, 3);
      await second.append('open.on', bytes('two'));
      await second.close();
      const reading = other.reader('OPEN').read({ fromSequence: 1, follow: false });
      const all = await collect(reading);
      assert.deepEqual(all, [
        '1 open.begin first',
        '2 open.on one',
        '3 open.begin second',
        '4 open.on two',
      ]);
    });

    test('closing waits for what is in flight, and refuses the rest', async () => {
      const writer = await store.writer('CLOSE', ['close']);
      const appends = Array.from({ length: 50 }, (_, i) => writer.append('close', bytes(`${i}`)));
      await writer.close();
      assert.equal(writer.inFlight(), 0);
      assert.equal((await Promise.all(appends)).at(-1), 50);
      await assert.rejects(writer.append('close', bytes('late')), hasCode('CLOSED'));
      await writer.close();
    });

    test('a record that is too large is refused, its neighbors are not', async () => {
      const writer = await store.writer('LARGE', ['large']);
      const before = writer.append('large', bytes('before'));
      const large = writer.append('large', new Uint8Array(fixture.tooLargeBytes));
      const behind = writer.append('large', bytes('behind'));
      await assert.rejects(large, hasCode('TOO_LARGE'));
      assert.deepEqual(await Promise.all([before, behind]), [1, 2]);
      await writer.close();
    });

    test('a stream that is not there is said not to be', async () => {
      const reader = store.reader('NOWHERE');
      const noStream = hasCode('NO_STREAM');
      await assert.rejects(collect(reader.read({ fromSequence: 1, follow: false })), noStream);
      await assert.rejects(collect(reader.read({ fromSequence: 1, follow: true })), noStream);
      await assert.rejects(reader.lastSequence(), noStream);
      await assert.rejects(reader.last(), noStream);
      await assert.rejects(reader.lastOfEach('a.>'), noStream);
    });

    test('a subject that the stream does not hold is a defect of the caller', async () => {
      const writer = await store.writer('SUBJECTS', ['mine.*']);
      assert.throws(() => void writer.append('yours.x', bytes('')), /yours\.x is not among/);
      await writer.close();
    });

    test('names that are no names', async () => {
      for (const bad of ['', 'a.b', '../up', 'a b', 'a*']) {
        await assert.rejects(store.writer(bad, ['x']), hasCode('BAD_CONFIG'), bad);
        assert.throws(() => store.reader(bad), hasCode('BAD_CONFIG'), bad);
      }
    });
  });
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchFlag, BatchKind, encodeBatch, RECORD_BYTES, reportSubject } from '@foldbook/protocol';
import { MemoryBroker, type StreamReader, type StreamRecord } from '@foldbook/runtime';
import { ReportFeed } from './report-feed.ts';

const MARKET = 'BTC-USD';
const SUBJECT = reportSubject(7, MARKET);

/** A batch of one record whose first byte names it. */
function batch(name: number, prev: number, last: number, flags = 0): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  record[0] = name;
  return encodeBatch({ kind: BatchKind.REPORTS, prev, last, first: prev + 1, flags }, record);
}

async function openLive() {
  const broker = new MemoryBroker();
  const [server, client] = [broker.connect(), broker.connect()];
  const seen: number[] = [];
  const feed = await ReportFeed.open(
    { kind: 'live', transport: client },
    MARKET,
    7,
    (records) => seen.push(records[0] ?? 0),
    (error) => assert.fail(String(error)),
  );
  const send = async (...batches: Uint8Array[]) => {
    for (const payload of batches) server.publish(SUBJECT, payload);
    await server.flush();
    await client.flush();
  };
  return { feed, seen, send };
}

describe('ReportFeed', () => {
  it('hands on each batch once, in order', async () => {
    const { feed, seen, send } = await openLive();
    await send(batch(1, 0, 4), batch(2, 4, 9), batch(2, 4, 9), batch(1, 0, 4), batch(3, 9, 12));
    assert.deepEqual(seen, [1, 2, 3]);
    assert.equal(feed.gaps, 0);
  });

  it('counts a batch that is missing', async () => {
    const { feed, seen, send } = await openLive();
    await send(batch(1, 0, 4), batch(3, 9, 12));
    assert.deepEqual(seen, [1, 3]);
    assert.equal(feed.gaps, 1);
  });

  it('counts what it cannot read, and goes on', async () => {
    const { feed, seen, send } = await openLive();
    await send(batch(1, 0, 4), new Uint8Array(10), batch(2, 4, 9));
    assert.deepEqual(seen, [1, 2]);
    assert.equal(feed.gaps, 1);
  });

  it('holds a cut command back until the rest is there', async () => {
    const { seen, send } = await openLive();
    const { PARTIAL, CONTINUES } = BatchFlag;
    await send(batch(1, 0, 4), batch(2, 4, 4, PARTIAL), batch(3, 4, 4, PARTIAL | CONTINUES));
    assert.deepEqual(seen, [1]);
    await send(batch(4, 4, 5, CONTINUES));
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  it('drops a cut command that was started again', async () => {
    const { seen, send } = await openLive();
    const { PARTIAL, CONTINUES } = BatchFlag;
    await send(batch(1, 0, 4), batch(2, 4, 4, PARTIAL));
    await send(batch(3, 4, 4, PARTIAL), batch(4, 4, 5, CONTINUES));
    assert.deepEqual(seen, [1, 3, 4], 'a restarted market sends the whole command again');
  });

  it('reads a stream from the next report on, and ends when told', async () => {
    const records: StreamRecord[] = [
      { sequence: 4, subject: SUBJECT, payload: batch(1, 0, 4) },
      { sequence: 6, subject: SUBJECT, payload: batch(2, 4, 9) },
    ];
    const asked: unknown[] = [];
    const delivered = Promise.withResolvers<void>();
    const reader: StreamReader = {
      lastSequence: () => Promise.resolve(3),
      last: () => Promise.resolve(undefined),
      lastOfEach: () => Promise.resolve([]),
      async *read({ fromSequence, filter, follow, signal }) {
        asked.push({ fromSequence, filter, follow });
        yield* records;
        if (signal?.aborted === false) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        }
      },
    };
    const seen: number[] = [];
    const feed = await ReportFeed.open(
      { kind: 'stream', reader },
      MARKET,
      7,
      (bytes) => {
        seen.push(bytes[0] ?? 0);
        if (seen.length === 2) delivered.resolve();
      },
      (error) => assert.fail(String(error)),
    );
    await delivered.promise;
    await feed.close();
    assert.deepEqual(asked, [{ fromSequence: 4, filter: SUBJECT, follow: true }]);
    assert.deepEqual(seen, [1, 2]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchFlag, reportSubject } from '@foldbook/protocol';
import { MemoryBroker } from '@foldbook/runtime';
import { ReportFeed } from './report-feed.ts';
import { batch, batchOf, names } from './testing/report-batches.ts';

const MARKET = 'BTC-USD';
const SUBJECT = reportSubject(0, 7, MARKET);

async function openLive() {
  const broker = new MemoryBroker();
  const [server, client] = [broker.connect(), broker.connect()];
  const seen: number[] = [];
  const feed = await ReportFeed.open(
    { kind: 'live', transport: client },
    MARKET,
    7,
    (records) => seen.push(...names(records)),
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
    const { feed, seen, send } = await openLive();
    const { PARTIAL, CONTINUES } = BatchFlag;
    // The restarted market writes on from the `last` of what it finds, which is the cut batch.
    await send(batch(1, 0, 4), batch(2, 4, 8, PARTIAL));
    await send(batch(3, 8, 8, PARTIAL), batch(4, 8, 9, CONTINUES), batch(5, 9, 12));
    assert.deepEqual(seen, [1, 3, 4, 5], 'a restarted market sends the whole command again');
    assert.equal(feed.gaps, 0);
  });

  it('loses no whole command that shares a batch with the start of a cut one', async () => {
    const { PARTIAL, CONTINUES } = BatchFlag;
    const cut = batchOf(
      [
        [2, 5],
        [3, 9],
        [4, 10],
      ],
      4,
      9,
      PARTIAL,
    );
    const goesOn = await openLive();
    await goesOn.send(batch(1, 0, 4), cut);
    assert.deepEqual(goesOn.seen, [1, 2, 3], 'whole commands need not wait');
    await goesOn.send(
      batchOf(
        [
          [5, 10],
          [6, 11],
        ],
        4,
        11,
        CONTINUES,
      ),
    );
    assert.deepEqual(goesOn.seen, [1, 2, 3, 4, 5, 6]);

    const startedAgain = await openLive();
    await startedAgain.send(batch(1, 0, 4), cut, batch(7, 9, 9, PARTIAL));
    await startedAgain.send(batch(8, 9, 10, CONTINUES), batch(9, 10, 12));
    assert.deepEqual(startedAgain.seen, [1, 2, 3, 7, 8, 9]);
    assert.deepEqual([goesOn.feed.gaps, startedAgain.feed.gaps], [0, 0]);

    const fromBefore = await openLive();
    await fromBefore.send(batch(1, 0, 4), cut);
    await fromBefore.send(
      batchOf(
        [
          [2, 5],
          [3, 9],
          [7, 10],
        ],
        4,
        10,
      ),
    );
    assert.deepEqual(fromBefore.seen, [1, 2, 3, 7], 'told again, handed on once');
    assert.equal(fromBefore.feed.gaps, 0);
  });

  it('cuts two commands in a row', async () => {
    const { feed, seen, send } = await openLive();
    const { PARTIAL, CONTINUES } = BatchFlag;
    await send(batch(1, 0, 4), batch(2, 4, 4, PARTIAL));
    const both = batchOf(
      [
        [3, 5],
        [4, 6],
      ],
      4,
      5,
      PARTIAL | CONTINUES,
    );
    await send(both, batch(5, 4, 6, CONTINUES));
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    assert.equal(feed.gaps, 0);
  });

  it('counts the start or the rest of a cut command that is missing', async () => {
    const { PARTIAL, CONTINUES } = BatchFlag;
    const noStart = await openLive();
    await noStart.send(batch(1, 0, 4), batch(3, 4, 5, CONTINUES));
    assert.deepEqual([noStart.seen, noStart.feed.gaps], [[1, 3], 1]);
    const noRest = await openLive();
    await noRest.send(batch(1, 0, 4), batch(2, 4, 4, PARTIAL), batch(4, 5, 6));
    assert.deepEqual([noRest.seen, noRest.feed.gaps], [[1, 2, 4], 1], 'what is here is handed on');
  });

  it('refuses a batch that no broker carries before it looks at its records', async () => {
    const { feed, seen, send } = await openLive();
    await send(
      batchOf(
        Array.from({ length: 20_000 }, () => [1, 4] as const),
        0,
        4,
      ),
    );
    assert.deepEqual([seen, feed.gaps], [[], 1]);
  });

  it('ends, and says so, when what it tells throws: live as from a stream', async () => {
    const broker = new MemoryBroker();
    const server = broker.connect();
    const transport = broker.connect();
    const errors: unknown[] = [];
    const onReports = () => {
      throw new Error('no room');
    };
    const source = { kind: 'live', transport } as const;
    const feed = await ReportFeed.open(source, MARKET, 7, onReports, (error) => errors.push(error));
    server.publish(SUBJECT, batch(1, 0, 4));
    server.publish(SUBJECT, batch(2, 4, 5));
    await server.flush();
    assert.deepEqual(errors, [new Error('no room')]);
    await feed.close();
  });
});

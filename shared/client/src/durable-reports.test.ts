import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  BatchFlag,
  BatchKind,
  BatchOffset,
  EventOffset,
  encodeBatch,
  encodeRefusal,
  isMsgpackMap,
  querySubject,
  RECORD_BYTES,
  readCount,
  readMsgpack,
  refuse,
  reportSubject,
  viewOf,
} from '@foldbook/protocol';
import { MemoryBroker } from '@foldbook/runtime';
import fc from 'fast-check';
import { ReportFeed } from './report-feed.ts';
import { batch, batchOf, names } from './testing/report-batches.ts';

const MARKET = 'BTC-USD';
const SUBJECT = reportSubject(0, 7, MARKET);
const { PARTIAL, CONTINUES } = BatchFlag;

const lastOf = (payload: Uint8Array) => readCount(viewOf(payload), BatchOffset.LAST);
const reachOf = (payload: Uint8Array) =>
  readCount(viewOf(payload), payload.byteLength - RECORD_BYTES + EventOffset.SEQUENCE);

/** The market's side of it: what is durable, and its answers, `pageBatches` batches at a time. */
class FakeMarket {
  readonly broker = new MemoryBroker();
  readonly durable: Uint8Array[] = [];
  readonly questions: string[] = [];
  /** Answers that are refused first. */
  busy = 0;
  readonly #server = this.broker.connect();

  constructor(pageBatches: number) {
    this.#server.subscribe(querySubject(MARKET, 7), ({ payload, reply }) => {
      const limits = { depth: 1, arrayLength: 0, mapLength: 8, stringBytes: 32 };
      const question = readMsgpack(payload, limits);
      assert(question.ok && isMsgpackMap(question.value) && reply !== undefined);
      const [after, skip] = [question.value.get('reports'), question.value.get('skip')];
      assert(typeof after === 'number' && typeof skip === 'number');
      this.questions.push(`${after}+${skip}`);
      if (this.busy > 0) {
        this.busy -= 1;
        this.#server.publish(reply, encodeRefusal('msgpack', refuse('BUSY', 0, '')));
        return;
      }
      const found = this.durable.filter((one) => reachOf(one) > after);
      const page = found.slice(skip, skip + pageBatches);
      const newest = this.durable.at(-1);
      const header = { kind: BatchKind.REPLY, last: newest === undefined ? 0 : lastOf(newest) };
      this.#server.publish(reply, encodeBatch(header, Buffer.concat(page)));
    });
  }

  say(...batches: Uint8Array[]): void {
    for (const payload of batches) this.#server.publish(SUBJECT, payload);
  }

  /** Durable, and heard live as well. */
  tell(...batches: Uint8Array[]): void {
    this.durable.push(...batches);
    this.say(...batches);
  }
}

async function open(test: TestContext | undefined, before: Uint8Array[] = [], pageBatches = 2) {
  const market = new FakeMarket(pageBatches);
  market.durable.push(...before);
  const transport = market.broker.connect();
  const seen: number[] = [];
  const feed = await ReportFeed.open(
    { kind: 'durable', transport },
    MARKET,
    7,
    (records) => seen.push(...names(records)),
    (error) => assert.fail(String(error)),
  );
  const close = async () => {
    feed.close();
    await transport.close();
  };
  test?.after(close);
  /** Waits until so many reports were handed on, and a little more for what should not come. */
  const see = async (...expected: number[]) => {
    while (seen.length < expected.length) await new Promise((resolve) => setImmediate(resolve));
    await transport.flush();
    assert.deepEqual(seen, expected);
  };
  return { market, feed, see, seen, close };
}

describe('reports that are durable', () => {
  it('come from the next one on, and none is asked for while none is missing', async (test) => {
    const { market, feed, see } = await open(test, [batch(1, 0, 4)]);
    market.tell(batch(2, 4, 9), batch(3, 9, 12));
    await see(2, 3);
    assert.equal(market.questions.length, 1);
    assert.equal(feed.gaps, 0);
  });

  it('are asked for where one was not heard', async (test) => {
    const { market, feed, see } = await open(test);
    market.tell(batch(1, 0, 4));
    market.durable.push(batch(2, 4, 9), batch(3, 9, 10), batch(4, 10, 11));
    market.tell(batch(5, 11, 12), batch(6, 12, 13));
    await see(1, 2, 3, 4, 5, 6);
    assert.equal(feed.gaps, 0);
  });

  it('are asked for again when they were heard before they were durable', async (test) => {
    const { market, see } = await open(test);
    market.tell(batch(1, 0, 4));
    market.say(batch(3, 9, 12));
    while (market.questions.length < 4) await new Promise((resolve) => setImmediate(resolve));
    await see(1);
    market.durable.push(batch(2, 4, 9));
    await see(1, 2, 3);
  });

  it('come once, however often they are heard and wherever they are cut', async (test) => {
    const { market, see } = await open(test);
    const whole = (last: number, ...sequences: number[]) =>
      batchOf(
        sequences.map((sequence) => [sequence, sequence] as const),
        (sequences[0] ?? 0) - 1,
        last,
      );
    market.tell(whole(3, 1, 2, 3), whole(3, 1, 2, 3), whole(2, 1, 2), whole(5, 2, 3, 4, 5));
    market.say(whole(4, 4), whole(6, 6));
    await see(1, 2, 3, 4, 5, 6);
    assert.equal(market.questions.length, 1);
  });

  it('of a cut command are read when its end is heard, over several answers', async (test) => {
    const { market, feed, see } = await open(test, [], 1);
    market.tell(batch(1, 0, 4));
    const start = batchOf(
      [
        [2, 5],
        [3, 6],
      ],
      4,
      5,
      PARTIAL,
    );
    const middle = batch(4, 4, 5, PARTIAL | CONTINUES);
    // The writer was not sure of the second part and sent it again: the stream has it once.
    market.tell(start, middle);
    market.say(middle);
    await see(1, 2);
    market.tell(batch(5, 4, 6, CONTINUES));
    await see(1, 2, 3, 4, 5);
    assert.deepEqual(market.questions.slice(1), ['5+0', '5+1', '5+2']);
    assert.equal(feed.gaps, 0);
  });

  it('of a command that was started again come once', async (test) => {
    const { market, feed, see } = await open(test, [], 1);
    market.tell(batch(1, 0, 4), batch(2, 4, 4, PARTIAL), batch(3, 4, 4, PARTIAL | CONTINUES));
    market.tell(batch(4, 4, 4, PARTIAL), batch(5, 4, 5, CONTINUES), batch(6, 5, 6));
    await see(1, 4, 5, 6);
    assert.equal(feed.gaps, 0);
  });

  it('with nothing after them are found by looking again', async (test) => {
    const { market, feed, see } = await open(test);
    market.tell(batch(1, 0, 4));
    await see(1);
    market.durable.push(batch(2, 4, 9));
    market.busy = 3;
    feed.lookAgain();
    feed.lookAgain();
    await see(1, 2);
  });

  it('that the market has lost are counted', async (test) => {
    const { market, feed, see } = await open(test);
    market.tell(batch(1, 0, 4), batch(3, 9, 12));
    await see(1, 3);
    assert.equal(feed.gaps, 1);
  });

  it('reject at the start where no market answers, and end where the listener throws', async () => {
    const broker = new MemoryBroker();
    const source = { kind: 'durable', transport: broker.connect() } as const;
    const ignore = () => undefined;
    await assert.rejects(ReportFeed.open(source, MARKET, 7, ignore, ignore), {
      code: 'UNREACHABLE',
    });
    const market = new FakeMarket(2);
    const errors: unknown[] = [];
    const feed = await ReportFeed.open(
      { kind: 'durable', transport: market.broker.connect() },
      MARKET,
      7,
      () => {
        throw new Error('no room');
      },
      (error) => errors.push(error),
    );
    market.tell(batch(1, 0, 4), batch(2, 4, 5));
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(errors, [new Error('no room')]);
    feed.close();
  });

  it('are all told once and in order, whatever is lost, repeated or cut', async () => {
    const command = fc.record({ records: fc.integer({ min: 1, max: 5 }), isCut: fc.boolean() });
    const fate = fc.constantFrom('heard', 'heard', 'lost', 'twice', 'late');
    const property = fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 12 }),
      fc.array(fate, { minLength: 60, maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      async (commands, fates, pageBatches) => {
        const { market, feed, see, close } = await open(undefined, [], pageBatches);
        const expected: number[] = [];
        let late: Uint8Array[] = [];
        for (const [index, { records, isCut }] of commands.entries()) {
          const sequence = index + 1;
          const parts = Array.from({ length: records }, () => sequence);
          expected.push(...parts);
          for (const [at, one] of cutUp(sequence, records, isCut).entries()) {
            const becomes = fates[index * 5 + at];
            market.durable.push(one);
            if (becomes === 'late') late.push(one);
            else market.say(...(becomes === 'lost' ? [] : [one]), ...late.splice(0));
            if (becomes === 'twice') market.say(one);
          }
        }
        market.say(...late);
        late = [];
        feed.lookAgain();
        await see(...expected);
        assert.equal(feed.gaps, 0);
        await close();
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });
});

/** A command's reports in one batch, or in one for each record. */
function cutUp(sequence: number, records: number, isCut: boolean): Uint8Array[] {
  const name = [sequence, sequence] as const;
  const prev = sequence - 1;
  if (!isCut)
    return [
      batchOf(
        Array.from({ length: records }, () => name),
        prev,
        sequence,
      ),
    ];
  return Array.from({ length: records }, (_, index) => {
    const isEnd = index === records - 1;
    const flags = (index > 0 ? CONTINUES : 0) | (isEnd ? 0 : PARTIAL);
    return batchOf([name], prev, isEnd ? sequence : prev, flags);
  });
}

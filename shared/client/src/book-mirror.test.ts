import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  BatchFlag,
  BatchKind,
  DeltaOffset,
  EventKind,
  EventOffset,
  encodeBatch,
  encodeRefusal,
  LevelBook,
  levelsSubject,
  RECORD_BYTES,
  refuse,
  replaySubject,
  Side,
  snapshotSubject,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import { MemoryBroker, type TransportMessage } from '@foldbook/runtime';
import { decode } from '@msgpack/msgpack';
import { BookMirror } from './book-mirror.ts';

const MARKET = 'BTC-USD';
const LEVELS = levelsSubject(MARKET);

interface Delta {
  readonly price: number;
  readonly quantity: bigint;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A market's public feed by hand: what is published, and what is answered, the test decides. */
class Feed {
  readonly broker = new MemoryBroker();
  readonly #server = this.broker.connect();
  readonly #book = new LevelBook();
  readonly #asked: string[] = [];
  readonly #window: { readonly last: number; readonly payload: Uint8Array }[] = [];
  generation = 1;
  sequence = 0;
  /** Set to hold questions back, or to answer them in another way. */
  answerSnapshot: (reply: string) => void = (reply) => this.snapshot(reply);
  answerReplay: (reply: string, from: number) => void = (reply, from) => this.replay(reply, from);

  constructor() {
    const serve = (subject: string, answer: (reply: string, payload: Uint8Array) => void) =>
      this.#server.subscribe(subject, ({ reply, payload }: TransportMessage) => {
        this.#asked.push(subject);
        assert(reply !== undefined);
        answer(reply, payload);
      });
    serve(snapshotSubject(MARKET), (reply) => this.answerSnapshot(reply));
    serve(replaySubject(MARKET), (reply, payload) => {
      const { from } = decode(payload) as { readonly from: number };
      this.answerReplay(reply, from);
    });
  }

  /** Questions so far. */
  get asked(): number {
    return this.#asked.length;
  }

  /** One command's deltas as one batch; `isLost`: it stays in the window only. */
  async command(deltas: readonly Delta[], isLost = false): Promise<Uint8Array> {
    const prev = this.sequence;
    this.sequence += 1;
    const records = this.#records(deltas, this.sequence);
    const payload = this.#encode(records, prev, this.sequence, 0);
    if (!isLost) await this.send(payload);
    return payload;
  }

  /** One command cut into a batch for each of its deltas; those of `lost` stay in the window. */
  async cutCommand(deltas: readonly Delta[], lost: readonly number[] = []): Promise<void> {
    const prev = this.sequence;
    this.sequence += 1;
    for (const [index, delta] of deltas.entries()) {
      const isPartial = index < deltas.length - 1;
      const flags = (isPartial ? BatchFlag.PARTIAL : 0) | (index > 0 ? BatchFlag.CONTINUES : 0);
      const records = this.#records([delta], this.sequence);
      const payload = this.#encode(records, prev, isPartial ? prev : this.sequence, flags);
      if (!lost.includes(index)) await this.send(payload);
    }
  }

  async send(...payloads: readonly Uint8Array[]): Promise<void> {
    for (const payload of payloads) this.#server.publish(LEVELS, payload);
    await this.#server.flush();
  }

  snapshot(reply: string, depthCrc = this.#book.checksum()): void {
    const [bids, asks] = [this.#book.levels(Side.BUY), this.#book.levels(Side.SELL)];
    const deltas = [...bids, ...asks].map(({ price, quantity }) => ({
      price: Number(price),
      quantity,
    }));
    const header = { kind: BatchKind.SNAPSHOT, last: this.sequence, prev: 1, depthCrc };
    const { generation } = this;
    const records = new Uint8Array(deltas.length * RECORD_BYTES);
    for (const [index, delta] of deltas.entries()) this.#write(records, index, delta, 0);
    this.#server.publish(reply, encodeBatch({ ...header, generation }, records));
  }

  replay(reply: string, from: number): void {
    const start = this.#window.findIndex(({ last }) => last >= from);
    const chosen = start < 0 ? [] : this.#window.slice(start).map(({ payload }) => payload);
    this.#server.publish(reply, Buffer.concat(chosen));
  }

  answer(reply: string, payload: Uint8Array): void {
    this.#server.publish(reply, payload);
  }

  refuse(reply: string): void {
    const refusal = refuse('TOO_LARGE', 0, 'older than the window');
    this.#server.publish(reply, encodeRefusal('msgpack', refusal));
  }

  #records(deltas: readonly Delta[], sequence: number): Uint8Array {
    const records = new Uint8Array(deltas.length * RECORD_BYTES);
    for (const [index, delta] of deltas.entries()) {
      this.#write(records, index, delta, sequence);
      this.#book.set(sideOf(delta.price), delta.price, delta.quantity, 1);
    }
    return records;
  }

  #write(records: Uint8Array, index: number, delta: Delta, sequence: number): void {
    const view = viewOf(records);
    const at = index * RECORD_BYTES;
    view.setUint8(at + EventOffset.KIND, EventKind.BOOK_DELTA);
    view.setUint8(at + EventOffset.SIDE, sideOf(delta.price));
    writeCount(view, at + EventOffset.SEQUENCE, sequence);
    writeCount(view, at + DeltaOffset.PRICE, delta.price);
    view.setBigUint64(at + DeltaOffset.QUANTITY, delta.quantity, true);
    writeCount(view, at + DeltaOffset.ORDERS, 1);
  }

  #encode(records: Uint8Array, prev: number, last: number, flags: number): Uint8Array {
    const depthCrc = this.#book.checksum();
    const header = { kind: BatchKind.MARKET_DATA, generation: this.generation, flags };
    const span = { first: this.sequence, last, prev, depthCrc };
    const payload = encodeBatch({ ...header, ...span }, records);
    this.#window.push({ last: this.sequence, payload });
    return payload;
  }
}

/** Bids below 1,000. */
const sideOf = (price: number) => (price < 1_000 ? Side.BUY : Side.SELL);
const at = (price: number, quantity = 1n): Delta => ({ price, quantity });
const prices = (mirror: BookMirror) => mirror.levels(Side.BUY).map(({ price }) => Number(price));

async function open(test: TestContext) {
  const feed = new Feed();
  await feed.command([at(100)]);
  const transport = feed.broker.connect();
  const trouble: string[] = [];
  const mirror = new BookMirror(transport, MARKET, (words) => trouble.push(words));
  await mirror.open();
  test.after(() => mirror.close());
  /** Until nothing more is said on the line. */
  const settled = async () => {
    let before = -1;
    while (before !== feed.asked || mirror.state !== 'following') {
      before = feed.asked;
      for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    }
  };
  return { feed, mirror, trouble, transport, settled };
}

describe('BookMirror', () => {
  it('follows, and counts neither a checksum nor a batch twice as trouble', async (test) => {
    const { feed, mirror, trouble } = await open(test);
    const batch = await feed.command([at(101)]);
    await feed.send(batch);
    assert.deepEqual(prices(mirror), [101, 100]);
    assert.deepEqual([mirror.counters.gaps, mirror.counters.mismatches], [0, 0]);
    assert.deepEqual(trouble, []);
  });

  it('tells a checksum that differs from a gap', async (test) => {
    const { feed, mirror, settled } = await open(test);
    const batch = await feed.command([at(101)], true);
    viewOf(batch).setBigUint64(RECORD_BYTES + DeltaOffset.QUANTITY, 9n, true);
    await feed.send(batch);
    await settled();
    const { gaps, mismatches, snapshots } = mirror.counters;
    assert.deepEqual({ gaps, mismatches, snapshots }, { gaps: 0, mismatches: 1, snapshots: 2 });
    assert.equal(mirror.levels(Side.BUY)[0]?.quantity, 1n);
  });

  it('asks once for a batch that is missing', async (test) => {
    const { feed, mirror, settled } = await open(test);
    await feed.command([at(101)], true);
    await feed.command([at(102)]);
    await settled();
    assert.deepEqual(prices(mirror), [102, 101, 100]);
    const { gaps, refills, snapshots } = mirror.counters;
    assert.deepEqual({ gaps, refills, snapshots }, { gaps: 1, refills: 1, snapshots: 1 });
  });

  it('goes on after a batch that cannot be read', async (test) => {
    const { feed, mirror, settled } = await open(test);
    await feed.send(new Uint8Array(10));
    await settled();
    const damaged = await feed.command([at(101)], true);
    await feed.send(damaged.subarray(0, 100));
    await settled();
    assert.deepEqual(prices(mirror), [101, 100]);
    assert.equal(mirror.counters.gaps, 2);
    assert.equal(feed.asked, 3, 'the first snapshot, and one question a batch');
  });

  it('takes a snapshot where a refill leads nowhere', async (test) => {
    const { feed, mirror, settled } = await open(test);
    feed.answerReplay = (reply) => feed.replay(reply, Number.MAX_SAFE_INTEGER);
    await feed.command([at(101)], true);
    await feed.command([at(102)]);
    await settled();
    assert.deepEqual(prices(mirror), [102, 101, 100]);
    assert.equal(mirror.counters.snapshots, 2);
  });

  it('starts again once when the market did, whatever waits from before', async (test) => {
    const { feed, mirror, settled } = await open(test);
    const { PARTIAL } = BatchFlag;
    feed.generation = 2;
    const header = { kind: BatchKind.MARKET_DATA, flags: PARTIAL, prev: 1, last: 1 } as const;
    const late = new Uint8Array(RECORD_BYTES);
    writeCount(viewOf(late), EventOffset.SEQUENCE, 2);
    const ofFirst = encodeBatch({ ...header, generation: 1 }, late);
    await feed.command([at(101)]);
    await feed.send(ofFirst, ofFirst);
    await settled();
    await feed.command([at(102)]);
    assert.deepEqual(prices(mirror), [102, 101, 100]);
    assert.deepEqual([mirror.counters.snapshots, feed.asked], [2, 2]);
  });

  it('does not listen to an owner that another one has followed', async (test) => {
    const { feed, mirror, settled } = await open(test);
    feed.generation = 2;
    await feed.command([at(101)]);
    await settled();
    feed.generation = 1;
    await feed.command([at(102)]);
    await feed.command([at(103)]);
    assert.deepEqual(prices(mirror), [101, 100]);
    assert.deepEqual([mirror.counters.snapshots, mirror.counters.gaps], [2, 1]);
  });

  it('takes no book of an owner that another one has followed', async (test) => {
    const { feed, mirror, settled } = await open(test);
    let answers = 0;
    feed.answerSnapshot = (reply) => {
      answers += 1;
      // It was stopped, and is the first to answer.
      feed.generation = answers === 1 ? 1 : 2;
      feed.snapshot(reply);
      feed.generation = 2;
    };
    feed.generation = 2;
    await feed.command([at(101)]);
    await settled();
    assert.equal(answers, 2, 'asked anew');
    feed.generation = 1;
    await feed.command([at(102)]);
    assert.deepEqual(prices(mirror), [101, 100]);
    assert.equal(mirror.counters.snapshots, 2);
  });

  it('applies a cut command when it is whole and asks for a part that is missing', async (test) => {
    const { feed, mirror, settled } = await open(test);
    // Eleven better levels: the checksum does not see the ones that the cut command adds.
    await feed.command(Array.from({ length: 11 }, (_, index) => at(500 + index)));
    await feed.cutCommand([at(101), at(102), at(103)]);
    await feed.cutCommand([at(104), at(105)], [0]);
    await settled();
    assert.deepEqual(prices(mirror).slice(11), [105, 104, 103, 102, 101, 100]);
    const { gaps, refills, snapshots } = mirror.counters;
    assert.deepEqual({ gaps, refills, snapshots }, { gaps: 1, refills: 1, snapshots: 1 });
  });

  it('holds back only so much while it waits, and asks for the rest', async (test) => {
    const { feed, mirror, settled } = await open(test);
    const asked = Promise.withResolvers<string>();
    feed.answerReplay = (reply) => asked.resolve(reply);
    const missing = await feed.command([at(101)], true);
    // Half a megabyte each: more together than is held back.
    const large = Array.from({ length: 8_000 }, (_, index) => at(index + 1));
    for (let batch = 0; batch < 40; batch += 1) await feed.command(large);
    assert.equal(mirror.state, 'refilling');
    feed.answerReplay = (reply, from) => feed.replay(reply, from);
    feed.answer(await asked.promise, missing);
    await settled();
    assert.equal(mirror.sequence, feed.sequence);
    const { gaps, refills, snapshots } = mirror.counters;
    assert.deepEqual({ gaps, refills, snapshots }, { gaps: 2, refills: 2, snapshots: 1 });
  });

  it('refuses a snapshot whose checksum is not its own', async (test) => {
    const { feed, mirror, trouble, settled } = await open(test);
    const second = new BookMirror(feed.broker.connect(), MARKET, () => undefined);
    feed.answerSnapshot = (reply) => feed.snapshot(reply, 1);
    await assert.rejects(second.open(), { code: 'BAD_ANSWER' });
    feed.answerSnapshot = (reply) => feed.snapshot(reply);
    await second.open();
    assert.deepEqual(prices(second), [100], 'a mirror that failed to open may try again');
    second.close();
    await settled();
    assert.deepEqual([prices(mirror), trouble], [[100], []]);
  });

  it('leaves nothing open when it could not open', async (test) => {
    const { feed } = await open(test);
    const transport = feed.broker.connect();
    let live = 0;
    const subscribe = transport.subscribe.bind(transport);
    transport.subscribe = (filter, handler) => {
      const { unsubscribe } = subscribe(filter, handler);
      live += 1;
      const end = () => {
        live -= 1;
        unsubscribe();
      };
      return { unsubscribe: end };
    };
    const mirror = new BookMirror(transport, MARKET, () => undefined);
    feed.answerSnapshot = (reply) => feed.refuse(reply);
    await assert.rejects(mirror.open(), { code: 'REFUSED' });
    assert.equal(live, 0);
  });

  it('says and asks nothing after the close', async (test) => {
    const { feed, mirror, trouble } = await open(test);
    const question = Promise.withResolvers<string>();
    feed.answerReplay = (reply) => question.resolve(reply);
    const batch = await feed.command([at(101)], true);
    await feed.command([at(102)]);
    assert.equal(mirror.state, 'refilling');
    assert.equal(trouble.length, 1);
    const reply = await question.promise;
    const { asked } = feed;
    mirror.close();
    feed.refuse(reply);
    await feed.send(batch, new Uint8Array(10));
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    assert.equal(mirror.state, 'closed');
    assert.deepEqual([trouble.length, feed.asked], [1, asked]);
    assert.deepEqual(prices(mirror), [100], 'what it knew stays');
    await assert.rejects(mirror.open(), { code: 'CLOSED' });
    mirror.close();
  });

  it('tries no more after the close, nor on a line that is closed', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { feed, mirror, trouble, transport } = await open(test);
    feed.answerReplay = (reply) => feed.refuse(reply);
    feed.answerSnapshot = (reply) => feed.refuse(reply);
    const turns = async () => {
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    };
    await feed.command([at(101)], true);
    await feed.command([at(102)]);
    await turns();
    assert.equal(trouble.length, 2, 'the gap, and the refusal');
    test.mock.timers.tick(500);
    await turns();
    assert.equal(trouble.length, 3, 'it tries again');
    const { asked } = feed;
    mirror.close();
    test.mock.timers.tick(60_000);
    await turns();
    assert.deepEqual([trouble.length, feed.asked], [3, asked]);

    const words: string[] = [];
    const other = new BookMirror(transport, MARKET, (line) => words.push(line));
    feed.answerSnapshot = (reply) => feed.snapshot(reply);
    await other.open();
    feed.answerReplay = () => undefined;
    await feed.send(new Uint8Array(10));
    await transport.close();
    await turns();
    assert.equal(words.length, 2, 'the batch, and the end of the line');
    test.mock.timers.tick(60_000);
    await turns();
    assert.equal(words.length, 2);
    other.close();
  });

  it('rejects an opening that a close overtakes', async (test) => {
    const { feed } = await open(test);
    const mirror = new BookMirror(feed.broker.connect(), MARKET, () => undefined);
    feed.answerSnapshot = (reply) => {
      mirror.close();
      feed.snapshot(reply);
    };
    await assert.rejects(mirror.open(), { code: 'CLOSED' });
  });
});

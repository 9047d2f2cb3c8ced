import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BatchKind,
  EventKind,
  EventOffset,
  GroupEndOffset,
  RECORD_BYTES,
  viewOf,
  writeBatchHeader,
  writeCount,
} from '@foldbook/protocol';
import { createRing, ManualClock, RingConsumer, RingProducer } from '@foldbook/runtime';
import { DurableOutput } from './durable-output.ts';
import type { OnAnswer } from './event-feed.ts';
import { openMetrics, ServiceMetrics } from './market-metrics.ts';
import { Market, MarketRegistry } from './market-registry.ts';
import { Publisher } from './publisher.ts';
import { ControlKind, ControlOffset, EVENT_RING_SLOTS } from './ring-message.ts';
import { MemoryWriter } from './testing/pipeline.ts';

const ACCOUNTS = 1_000;
const nobody = {
  askers: [],

  shares: new Map<number, number>(),
  receivedNs: [],
  durableNs: 0,
};

function publisherOf(rings: readonly SharedArrayBuffer[], onAnswer: OnAnswer) {
  const markets = new MarketRegistry(0);
  const market = new Market('M', 1, 0);
  markets.add(market);
  const clock = new ManualClock(1_000_000_000n);
  const reports = new MemoryWriter('RPT_0');
  const fail = (error: Error) => assert.fail(error);
  const outputs = {
    reports: new DurableOutput(undefined, fail),
    diffs: new DurableOutput(undefined, fail),
  };
  outputs.reports.open(reports);
  outputs.diffs.open(new MemoryWriter('DIFF_0'));
  const publisher = new Publisher({
    rings: rings.map((ring) => new RingConsumer(ring)),
    markets,
    ...outputs,
    clock,
    metrics: new ServiceMetrics(openMetrics(undefined, 1, 0).buffer),
    publish: () => undefined,
    sendReply: () => undefined,
    onExecuted: () => undefined,
    onAnswer,
    onMoved: () => undefined,
    onSnapshot: () => undefined,
  });
  return { publisher, market, clock, reports };
}

/** A market thread that fills the event ring whenever there is room: it ends inside a group. */
function open(commandsPerGroup: number) {
  const ring = createRing(EVENT_RING_SLOTS);
  const producer = new RingProducer(ring);
  const { publisher, market, clock, reports } = publisherOf([ring], () => undefined);
  let logSequence = 0;
  let sequence = 0;
  const nextGroup = () => {
    logSequence += 1;
    const group = new Uint8Array((commandsPerGroup + 2) * RECORD_BYTES);
    const view = viewOf(group);
    const kind = BatchKind.GROUP;
    const header = { kind, market: 1, count: commandsPerGroup, logSequence, first: sequence + 1 };
    writeBatchHeader(view, 0, header);
    for (let index = 1; index <= commandsPerGroup; index += 1) {
      sequence += 1;
      const at = index * RECORD_BYTES;
      view.setUint8(at + EventOffset.KIND, EventKind.REJECTED);
      view.setUint32(at + EventOffset.ACCOUNT, 7 + (index % ACCOUNTS), true);
      writeCount(view, at + EventOffset.SEQUENCE, sequence);
    }
    const end = (commandsPerGroup + 1) * RECORD_BYTES;
    view.setUint8(end, EventKind.GROUP_END);
    writeCount(view, end + GroupEndOffset.LAST_SEQUENCE, sequence);
    writeCount(view, end + GroupEndOffset.LOG_SEQUENCE, logSequence);
    writeCount(view, end + GroupEndOffset.COMMANDS, commandsPerGroup);
    const head = new Uint8Array(32);
    market.committed.push({ logSequence, payload: group, head, closesEpoch: false, ...nobody });
    return group;
  };
  let group = nextGroup();
  let offered = 0;
  const offer = (most: number) => {
    const left = Math.min(most, group.byteLength / RECORD_BYTES - offered);
    const taken = producer.offerSome(group, offered, left);
    offered += taken;
    if (offered * RECORD_BYTES === group.byteLength) {
      group = nextGroup();
      offered = 0;
    }
    producer.publish();
    return taken;
  };
  const fill = () => {
    while (offer(commandsPerGroup + 2) > 0);
  };
  return { publisher, market, clock, reports, fill, offer };
}

describe('the publisher', () => {
  it('tells accounts and readers in time, though no pass ever ends between two groups', () => {
    const { publisher, market, reports, fill } = open(1_000);
    fill();
    publisher.doWork();
    let answered = 0;
    assert(publisher.whenWhole(market, () => (answered += 1)));
    fill();
    publisher.doWork();
    assert.equal(answered, 1, 'a reader waits for one group, not for a pause');
    for (let pass = 0; pass < 4; pass += 1) {
      fill();
      publisher.doWork();
    }
    assert(reports.records.length >= ACCOUNTS, 'reports go out at the end of groups');
  });

  it('does not let what a group said wait for the next ones', () => {
    const { publisher, clock, reports, offer } = open(10);
    offer(12);
    offer(3);
    publisher.doWork();
    assert.equal(reports.records.length, 10, 'the first in a while goes at once');
    offer(9);
    offer(3);
    publisher.doWork();
    assert.equal(reports.records.length, 10);
    clock.advanceNs(5_000_000n);
    offer(9);
    offer(3);
    publisher.doWork();
    assert.equal(reports.records.length, 20, 'two groups, of the same accounts');
  });

  it('gathers reports while the stream has some, and sends them in one batch an account', () => {
    const { publisher, market, reports, offer } = open(10);
    const group = () => {
      offer(12);
      publisher.doWork();
    };
    reports.stall();
    for (let groups = 0; groups < 6; groups += 1) group();
    assert.equal(reports.inFlight(), 40, 'of four groups: enough for a broker to do');
    assert.equal(market.unsentFrom, 5, 'others know that the fifth and sixth were not sent');
    let answered = 0;
    assert(publisher.whenWhole(market, () => (answered += 1)));
    assert.equal(answered, 1, 'readers of the book do not wait for reports');
    reports.recover();
    publisher.doWork();
    assert.equal(reports.records.length, 50);
    const [last] = reports.records.slice(-1);
    assert.equal(last?.payload.byteLength, 3 * RECORD_BYTES, 'of two groups');
    assert.equal(market.unsentFrom, 0);
  });

  it('gathers no more than it may while the stream takes none', () => {
    const { publisher, reports, fill } = open(1_000);
    reports.stall();
    let passes = 0;
    while (!publisher.isHeldBack) {
      fill();
      publisher.doWork();
      passes += 1;
      assert(passes < 1_000, 'no bound');
    }
    const inFlight = reports.inFlight();
    publisher.doWork();
    assert.equal(reports.inFlight(), inFlight);
    reports.recover();
    publisher.doWork();
    assert(!publisher.isHeldBack);
  });

  it('keeps nothing back when it closes', () => {
    const { publisher, reports, offer } = open(10);
    reports.stall();
    for (let groups = 0; groups < 6; groups += 1) {
      offer(12);
      publisher.doWork();
    }
    publisher.onClose();
    assert.equal(reports.inFlight(), 50);
  });

  it('comes to every host, though outputs are held back after each of them', () => {
    const rings = [createRing(64), createRing(64)];
    const producers = rings.map((ring) => new RingProducer(ring));
    const seen: number[] = [];
    const { publisher, reports } = publisherOf(rings, (token) => {
      seen.push(Number(token));
      reports.stall();
      for (let output = 0; output < 300; output += 1) void reports.append('', new Uint8Array(0));
    });
    for (let pass = 0; pass < 4; pass += 1) {
      for (const [host, producer] of producers.entries()) {
        const end = new Uint8Array(RECORD_BYTES);
        end[ControlOffset.KIND] = ControlKind.CONTROL_END;
        end[ControlOffset.TOKEN] = host;
        assert(producer.offer(end, 1));
        producer.publish();
      }
      publisher.doWork();
      reports.recover();
    }
    assert.deepEqual(seen.slice(0, 4), [0, 1, 0, 1]);
  });

  it('bounds the readers that wait for the end of a group', () => {
    const { publisher, market, offer } = open(10);
    offer(3);
    publisher.doWork();
    let answered = 0;
    const ask = () => publisher.whenWhole(market, () => (answered += 1));
    let taken = 0;
    while (ask()) {
      taken += 1;
      assert(taken < 10_000, 'no bound');
    }
    assert.equal(answered, 0);
    offer(9);
    publisher.doWork();
    assert.equal(answered, taken);
    assert(ask(), 'and takes more when they have been answered');
  });
});

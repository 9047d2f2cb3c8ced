import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BALANCE_VIEW_WORDS,
  MARKET_BALANCES,
  MARKET_NAME_WORDS,
  MARKET_NAMES,
  MARKET_VIEW_WORDS,
  MARKET_VIEWS,
  MarketViewWord,
} from '@foldbook/protocol';
import {
  createMetrics,
  currentThreadId,
  layOutMetrics,
  type MetricSpecs,
  MetricsReader,
  MetricsWriter,
  thisOwner,
} from '@foldbook/runtime';
import { TopSampler } from './top-sample.ts';
import { topWords } from './top-words.ts';

const thread = { kind: 'gauge', unit: 'id', help: 'a thread' } as const;
const blocks = (words: number) =>
  ({ kind: 'blocks', unit: 'words', help: 'one', count: 1, words }) as const;
const SPECS: MetricSpecs = {
  service: {
    serviceThreadId: thread,
    hostThreadId: thread,
    refused: { kind: 'counters', unit: 'messages', help: 'by code', labels: { BUSY: 3 } },
    groupSize: { kind: 'histogram', unit: 'commands', help: 'a group' },
    localClients: { kind: 'gauge', unit: 'connections', help: 'now' },
    localFramesIn: { kind: 'counter', unit: 'frames', help: 'in' },
    localEnds: { kind: 'counters', unit: 'connections', help: 'by reason', labels: { LEFT: 0 } },
    localTurnedAway: { kind: 'counters', unit: 'connections', help: 'why', labels: { TAKEN: 0 } },
    [MARKET_NAMES]: blocks(MARKET_NAME_WORDS),
    [MARKET_VIEWS]: blocks(MARKET_VIEW_WORDS),
    [MARKET_BALANCES]: blocks(BALANCE_VIEW_WORDS),
  },
};

function open() {
  const layout = layOutMetrics(thisOwner('test', Date.now()), SPECS);
  const buffer = new SharedArrayBuffer(layout.totalBytes);
  createMetrics(layout, buffer);
  const sampler = new TopSampler(new MetricsReader(buffer));
  return { writer: new MetricsWriter(buffer, 'service'), sampler };
}

test('a thread that is not known yet is unavailable, and not whoever asks', (t) => {
  const { writer, sampler } = open();
  t.after(() => sampler.close());
  const unknown = sampler.next();
  assert.deepEqual(
    new Set(Object.values(unknown.threads['host 0'] ?? {})),
    new Set(['unavailable']),
  );
  assert.deepEqual(new Set(Object.values(unknown.perCommand)), new Set(['unavailable']));
  const own = currentThreadId();
  if (own === undefined) return;
  writer.gauge('hostThreadId').set(own);
  assert.equal(
    sampler.next().threads['host 0']?.minorFaultsPerSec,
    'unavailable',
    'of one look only',
  );
  assert.equal(typeof sampler.next().threads['host 0']?.minorFaultsPerSec, 'number');
  assert.equal(sampler.next().threads.service?.minorFaultsPerSec, 'unavailable');
});

test('a host on the thread of the service is not shown as another thread', (t) => {
  const { writer, sampler } = open();
  t.after(() => sampler.close());
  const own = currentThreadId();
  if (own === undefined) return;
  writer.gauge('hostThreadId').set(own);
  writer.gauge('serviceThreadId').set(own);
  assert.deepEqual(Object.keys(sampler.next().threads), ['service']);
});

test('rates and sizes are of the interval; what memory does not have is unavailable', (t) => {
  const { writer, sampler } = open();
  t.after(() => sampler.close());
  const sizes = writer.histogram('groupSize');
  sizes.record(1_000);
  sampler.next();
  writer.counters('refused').add(3, 5);
  sizes.record(2);
  const { perSec, groupCommands, refused, latencyNs } = sampler.next();
  assert(typeof perSec.refused === 'number' && perSec.refused > 0);
  assert.equal(perSec.rejects, 'unavailable');
  assert.deepEqual(refused, { BUSY: 5 });
  assert(groupCommands !== 'unavailable');
  assert.deepEqual([groupCommands.count, groupCommands.p50, groupCommands.max], [1, 2, 2]);
  assert.equal(latencyNs.matching, 'unavailable');
});

test('clients on the same host are shown once there have been some', (t) => {
  const { writer, sampler } = open();
  t.after(() => sampler.close());
  assert.doesNotMatch(topWords(sampler.next()), /on this host/);
  writer.counter('localFramesIn').add(50);
  writer.counters('localEnds').add(0, 2);
  const sample = sampler.next();
  assert(sample.local.perSec.localFramesIn !== 0);
  const words =
    /^on this host: 0 connected, .* unavailable out .*; ended: LEFT 2; turned .* none$/m;
  assert.match(topWords(sample), words);
});

test('each market has rates of the interval, once it was shown before', (t) => {
  const { writer, sampler } = open();
  t.after(() => sampler.close());
  const name = new Int32Array(MARKET_NAME_WORDS);
  name[0] = 1;
  name[1] = 'A'.charCodeAt(0);
  writer.block(MARKET_NAMES, 0).write(name);
  const view = new Int32Array(MARKET_VIEW_WORDS);
  const show = (sequence: number, events: number) => {
    view[MarketViewWord.MARKET] = 1;
    view[MarketViewWord.SEQUENCE] = sequence;
    view[MarketViewWord.EVENTS] = events;
    writer.block(MARKET_VIEWS, 0).write(view);
    return sampler.next().markets[0]?.perSec;
  };
  const none = 'unavailable';
  assert.deepEqual(show(3, 5), { commands: none, events: none, rejected: none });
  const rates = show(1_000_003, 3_000_005);
  assert(typeof rates?.commands === 'number' && rates.commands > 0);
  assert(typeof rates.events === 'number' && rates.events > 2 * rates.commands);
  assert.equal(rates.rejected, 0);
});

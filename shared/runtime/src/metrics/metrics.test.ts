import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { mapFile } from '../mapped-file.ts';
import {
  type MetricsWriterData,
  RACE_SPECS,
  RACE_STEP,
  RACE_WORDS,
} from '../testing/metrics-writer-worker.ts';
import { layOutMetrics, type MetricSpecs } from './metrics-layout.ts';
import { isAlive, MetricsReader, thisOwner } from './metrics-reader.ts';
import { createMetrics, MetricsWriter } from './metrics-writer.ts';

const SPECS: MetricSpecs = {
  io: {
    commands: { kind: 'counter', unit: 'commands', help: 'taken' },
    rejects: {
      kind: 'counters',
      unit: 'commands',
      help: 'by code',
      labels: { BUSY: 112, OK: 0 },
    },
    refused: { kind: 'errors', unit: 'messages', help: 'by code' },
  },
  market: {
    depth: { kind: 'gauge', unit: 'slots', help: 'in the ring' },
    matching: { kind: 'histogram', unit: 'ns', help: 'a group' },
    book: { kind: 'blocks', unit: 'words', help: 'none', count: 3, words: 5 },
  },
};

function open(specs: MetricSpecs = SPECS) {
  const layout = layOutMetrics(thisOwner('test', 1), specs);
  const buffer = new SharedArrayBuffer(layout.totalBytes);
  createMetrics(layout, buffer);
  return { buffer, layout, reader: new MetricsReader(buffer) };
}

test('a reader finds by the descriptor what each thread wrote', () => {
  const { buffer, reader } = open();
  const io = new MetricsWriter(buffer, 'io');
  const market = new MetricsWriter(buffer, 'market');
  io.counter('commands').add(2 ** 33 + 5);
  io.counter('commands').add(2);
  const rejects = io.counters('rejects');
  rejects.add(112, 3);
  rejects.add(999, 1);
  rejects.add(5, 1);
  market.gauge('depth').set(2 ** 40 + 1);
  market.gauge('depth').set(7);
  market.histogram('matching').record(50);
  market.block('book', 2).write(Int32Array.of(1, 2, 3, 4, 5));
  const sample = reader.sample(0);
  assert.equal(sample.numbers.get('commands'), 2 ** 33 + 7);
  assert.equal(sample.numbers.get('depth'), 7);
  assert.deepEqual(
    [...(sample.counters.get('rejects') ?? [])],
    [
      ['other', 2],
      ['BUSY', 3],
    ],
  );
  assert.equal(sample.histograms.get('matching')?.quantile(0.5), 50);
  const block = new Int32Array(5);
  assert(reader.readBlock('book', 2, block));
  assert.deepEqual([...block], [1, 2, 3, 4, 5]);
  assert(reader.readBlock('book', 0, block));
  assert.deepEqual([...block], [0, 0, 0, 0, 0]);
  assert.throws(() => reader.readBlock('book', 3, block), RangeError);
  assert.throws(() => io.gauge('commands'), /no gauge named commands/);
  assert.throws(() => io.gauge('depth'), /io thread has no gauge named depth/);
});

test('threads do not share cache lines, and metrics do not overlap', () => {
  const { reader, layout } = open();
  const { metrics } = reader.descriptor;
  const [io, market] = ['io', 'market'].map((writer) =>
    metrics.filter((entry) => entry.writer === writer).map((entry) => entry.offsetBytes),
  );
  const border = Math.min(...(market ?? []));
  assert.equal(border % 128, 0);
  assert(Math.max(...(io ?? [])) < border);
  assert(layout.totalBytes % 128 === 0);
  const blocks = reader.blocks('book');
  assert.equal(blocks.offsetBytes % 128, 0);
  const offsets = metrics.map((entry) => entry.offsetBytes);
  assert.equal(new Set(offsets).size, metrics.length);
});

test('errors: rates after 2038, when seconds since 1970 need another bit', () => {
  const { buffer, reader } = open();
  const errors = new MetricsWriter(buffer, 'io').errors('refused');
  const startMs = 2 ** 31 * 1_000 - 2_000;
  for (let second = 0; second < 5; second += 1) {
    for (let index = 0; index < 6; index += 1) errors.record(112, 0, startMs + second * 1_000);
  }
  const report = reader.sample(startMs + 5_000).errors.get('refused');
  assert.equal(report?.perSecond10, 3);
});

test('errors: the latest, their number, and rates over whole seconds', () => {
  const { buffer, reader } = open();
  const errors = new MetricsWriter(buffer, 'io').errors('refused');
  const startMs = 1_790_000_000_000;
  for (let second = 0; second < 100; second += 1) {
    for (let index = 0; index < 3; index += 1) {
      errors.record(112, second, startMs + second * 1_000 + index);
    }
  }
  const report = reader.sample(startMs + 100_000).errors.get('refused');
  assert.equal(report?.total, 300);
  assert.equal(report?.latest.length, 128);
  const last = { code: 112, detail: 99, timeMs: startMs + 99_002 };
  assert.deepEqual(report?.latest.at(-1), last);
  assert.equal(report?.perSecond10, 3);
  assert.equal(report?.perSecond60, 3);
  const later = reader.sample(startMs + 105_000).errors.get('refused');
  assert.equal(later?.perSecond10, 1.5);
  assert.equal(reader.sample(startMs + 1_000_000).errors.get('refused')?.perSecond60, 0);
});

test('memory that holds no metrics, or too little of them, is refused by a code', () => {
  const { buffer, layout } = open();
  assert.throws(() => new MetricsReader(new SharedArrayBuffer(4_096)), { code: 'NOT_METRICS' });
  assert.throws(() => new MetricsReader(new SharedArrayBuffer(8)), { code: 'NOT_METRICS' });
  const cut = new SharedArrayBuffer(layout.totalBytes - 128);
  new Uint8Array(cut).set(new Uint8Array(buffer, 0, cut.byteLength));
  assert.throws(() => new MetricsReader(cut), { code: 'DAMAGED' });
  const scribbled = new SharedArrayBuffer(layout.totalBytes);
  new Uint8Array(scribbled).set(new Uint8Array(buffer));
  new Uint8Array(scribbled)[64] = 0;
  assert.throws(() => new MetricsReader(scribbled), { code: 'DAMAGED' });
  new Int32Array(buffer)[1] = 99;
  assert.throws(() => new MetricsReader(buffer), { code: 'OTHER_FORMAT' });
});

test('a descriptor that makes no sense is refused by a code, whatever is wrong with it', () => {
  const { buffer } = open();
  const { descriptor } = new MetricsReader(buffer);
  const [first] = descriptor.metrics;
  const block = descriptor.metrics.find(({ kind }) => kind === 'blocks');
  assert(first !== undefined && block !== undefined);
  const damages: readonly unknown[] = [
    null,
    7,
    { ...descriptor, owner: undefined },
    { ...descriptor, owner: { ...descriptor.owner, pid: -1 } },
    { ...descriptor, metrics: {} },
    { ...descriptor, metrics: [null] },
    ...[
      { ...first, name: 5 },
      { ...first, kind: 'another' },
      { ...first, kind: 'counters', labels: null },
      { ...first, offsetBytes: 2 ** 40 },
      { ...first, offsetBytes: first.offsetBytes + 1 },
      { ...first, offsetBytes: 0 },
      { ...block, words: -4 },
      { ...block, words: 2.5 },
      { ...block, count: 2 ** 52, words: 2 ** 20 },
    ].map((entry) => ({ ...descriptor, metrics: [entry] })),
  ];
  for (const damage of damages) {
    const json = new TextEncoder().encode(JSON.stringify(damage));
    const damaged = new SharedArrayBuffer(buffer.byteLength);
    new Uint8Array(damaged).set(new Uint8Array(buffer));
    new Uint8Array(damaged).set(json, 64);
    new Int32Array(damaged)[2] = json.byteLength;
    assert.throws(() => new MetricsReader(damaged), { code: 'DAMAGED' }, JSON.stringify(damage));
  }
});

test('an owner is alive as long as its own process, not as its number is in use', () => {
  const owner = thisOwner('test', 1);
  assert(isAlive(owner));
  assert(!isAlive({ ...owner, pid: 2 ** 22 + 1 }));
  if (owner.startTicks !== undefined) {
    assert(!isAlive({ ...owner, startTicks: owner.startTicks + 1 }));
  }
});

const WORKER = new URL('../testing/metrics-writer-worker.ts', import.meta.url);
const READS = 5_000;

/**
 * Reads against a writer that never pauses: what is torn fails. Turns of the event loop in between
 * tell a writer that has ended; one that isn't given a core is waited for.
 */
async function race(buffer: ArrayBufferLike, hasEnded: () => boolean): Promise<void> {
  const reader = new MetricsReader(buffer);
  const words = new Int32Array(RACE_WORDS);
  const last = { sum: 0, count: 0, turn: 0, read: 0, histogram: 0 };
  const isDone = () => last.read >= READS && last.histogram >= 2;
  for (let tries = 0; !isDone(); tries += 1) {
    assert(!hasEnded(), `the writer ended after ${last.read} of ${tries} reads`);
    if (reader.readBlock('book', 1, words)) {
      const turn = words[0] ?? 0;
      if (turn > 0) {
        for (let index = 0; index < RACE_WORDS; index += 1) {
          if (words[index] !== turn + index) assert.fail(`torn: ${words.join(' ')}`);
        }
      }
      assert(turn >= last.turn, 'a block went back');
      if (turn > last.turn) last.read += 1;
      last.turn = turn;
    }
    if (tries % 64 !== 0) continue;
    checkNumbers(reader, last);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function checkNumbers(
  reader: MetricsReader,
  last: { sum: number; count: number; histogram: number },
): void {
  const { numbers, histograms } = reader.sample(0);
  const sum = numbers.get('sum') ?? last.sum;
  assert(sum % RACE_STEP === 0 && sum >= last.sum, `a torn sum: ${sum} after ${last.sum}`);
  const level = numbers.get('level') ?? 0;
  assert(level % RACE_STEP === 0, `a torn level: ${level}`);
  const count = numbers.get('count') ?? last.count;
  assert(count >= last.count, `a count went back: ${count} after ${last.count}`);
  const took = histograms.get('took');
  if (took !== undefined && took.count > 0) {
    assert(took.count >= count - 1 && took.max < 100_000);
    last.histogram += 1;
  }
  last.sum = sum;
  last.count = count;
}

/** One word more than the metrics, which ends the writer. */
function createRace(fill: (bytes: number) => ArrayBufferLike) {
  const layout = layOutMetrics(thisOwner('race', 1), RACE_SPECS);
  const buffer = fill(layout.totalBytes + 4);
  createMetrics(layout, buffer);
  const words = new Int32Array(buffer);
  return { buffer, stop: () => Atomics.store(words, words.length - 1, 1) };
}

describe('readers against a writer at full speed', { timeout: 120_000 }, () => {
  test('on another thread: no torn value, and readers come through', async () => {
    const shared: SharedArrayBuffer[] = [];
    const { buffer, stop } = createRace((bytes) => {
      shared.push(new SharedArrayBuffer(bytes));
      return shared[0] ?? new ArrayBuffer(0);
    });
    const [metrics] = shared;
    assert(metrics !== undefined);
    const data: MetricsWriterData = { metrics };
    const worker = new Worker(WORKER, { workerData: data });
    let hasEnded = false;
    const ended = once(worker, 'exit').then(() => {
      hasEnded = true;
    });
    try {
      await race(buffer, () => hasEnded);
    } finally {
      stop();
    }
    await ended;
  });

  const skip = process.platform !== 'linux' && 'only Linux maps files here';
  test('in another process, over a mapped file', { skip }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'foldbook-metrics-'));
    const path = join(dir, 'metrics');
    const mapped: { close(): void }[] = [];
    const { buffer, stop } = createRace((bytes) => {
      const file = mapFile(path, bytes, { create: true });
      mapped.push(file);
      return file.buffer;
    });
    const child = fork(fileURLToPath(WORKER), ['write', path]);
    const ended = once(child, 'exit');
    try {
      await race(buffer, () => child.exitCode !== null || child.signalCode !== null);
    } finally {
      stop();
      await ended;
      for (const file of mapped) file.close();
      rmSync(dir, { recursive: true });
    }
  });
});

test('metrics of threads that do the same are told together, and each by itself', () => {
  const section = {
    done: { kind: 'counter', unit: 'things', help: 'done' },
    kinds: { kind: 'counters', unit: 'things', help: 'by kind', labels: { A: 1, B: 2 } },
    took: { kind: 'histogram', unit: 'ns', help: 'a thing' },
    books: { kind: 'blocks', unit: 'words', help: 'two', count: 2, words: 3 },
  } as const;
  const layout = layOutMetrics(thisOwner('test', 0), { one: section, other: section });
  const buffer = new SharedArrayBuffer(layout.totalBytes);
  createMetrics(layout, buffer);
  const [one, other] = ['one', 'other'].map((name) => new MetricsWriter(buffer, name));
  assert(one !== undefined && other !== undefined);
  one.counter('done').add(3);
  other.counter('done').add(4);
  one.counters('kinds').add(1, 10);
  other.counters('kinds').add(1, 5);
  other.counters('kinds').add(2, 1);
  one.histogram('took').record(10);
  other.histogram('took').record(1_000);
  other.block('books', 1).write(Int32Array.of(1, 2, 3));
  const reader = new MetricsReader(buffer);
  const { numbers, each, counters, histograms } = reader.sample(0);
  assert.equal(numbers.get('done'), 7);
  assert.deepEqual(each.get('done'), [3, 4]);
  assert.deepEqual(
    counters.get('kinds'),
    new Map([
      ['A', 15],
      ['B', 1],
    ]),
  );
  const took = histograms.get('took');
  assert.deepEqual([took?.count, took?.sum, took?.max], [2, 1_010, 1_000]);
  assert.equal(reader.copies('books'), 2);
  const words = new Int32Array(3);
  assert(reader.readBlock('books', 1, words, 1));
  assert.deepEqual([...words], [1, 2, 3]);
  assert(reader.readBlock('books', 1, words));
  assert.deepEqual([...words], [0, 0, 0]);
  assert.throws(() => reader.readBlock('books', 1, words, 2), /no blocks/);
  const differs = { ...section, done: { kind: 'gauge', unit: 'things', help: 'done' } } as const;
  assert.throws(
    () => layOutMetrics(thisOwner('test', 0), { one: section, other: differs }),
    /differ are named done/,
  );
});

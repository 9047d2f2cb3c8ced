/** The other side of metrics.test.ts: writes as fast as it can until it is told to stop. */
import { workerData } from 'node:worker_threads';
import { mapFile } from '../mapped-file.ts';
import type { MetricSpecs } from '../metrics/metrics-layout.ts';
import { MetricsWriter } from '../metrics/metrics-writer.ts';

/**
 * A path is of a mapped file: then the writer may be a process. The last word of the memory, past
 * the metrics, ends the writer.
 */
export interface MetricsWriterData {
  readonly metrics: SharedArrayBuffer | string;
}

export const RACE_WORDS = 150;
/** Not a power of two: a sum that is torn between its words is no multiple of it. */
export const RACE_STEP = 2 ** 31 + 11;
export const RACE_SPECS: MetricSpecs = {
  fast: {
    sum: { kind: 'counter', unit: 'steps', help: 'a multiple of the step' },
    level: { kind: 'gauge', unit: 'steps', help: 'a multiple of the step' },
    count: { kind: 'counter', unit: 'turns', help: 'one a turn' },
    took: { kind: 'histogram', unit: 'ns', help: 'one value a turn' },
    book: {
      kind: 'blocks',
      unit: 'words',
      help: 'word i is the turn + i',
      count: 2,
      words: RACE_WORDS,
    },
  },
};

const LEVELS = 1_000;

function write({ metrics }: MetricsWriterData): void {
  const buffer =
    typeof metrics === 'string' ? mapFile(metrics, 0, { create: false }).buffer : metrics;
  const writer = new MetricsWriter(buffer, 'fast');
  const sum = writer.counter('sum');
  const level = writer.gauge('level');
  const count = writer.counter('count');
  const took = writer.histogram('took');
  const block = writer.block('book', 1);
  const words = new Int32Array(RACE_WORDS);
  const flag = new Int32Array(buffer);
  for (let turn = 1; Atomics.load(flag, flag.length - 1) === 0; turn += 1) {
    sum.add(RACE_STEP);
    level.set((turn % LEVELS) * RACE_STEP);
    count.add(1);
    took.record(turn % 100_000);
    for (let index = 0; index < RACE_WORDS; index += 1) words[index] = turn + index;
    block.write(words);
  }
}

if (workerData?.metrics !== undefined) write(workerData as MetricsWriterData);
else if (process.argv[2] === 'write') write({ metrics: process.argv[3] ?? '' });

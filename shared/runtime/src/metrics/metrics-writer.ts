/** The writing side of metrics in shared memory: each thread opens what is its own. */
import assert from 'node:assert/strict';
import { addToCell, CELL_WORDS, setCell } from './cell.ts';
import { ErrorRing } from './error-ring.ts';
import { Histogram } from './histogram.ts';
import {
  blockStride,
  HEADER_BYTES,
  HeaderWord,
  METRICS_FORMAT,
  METRICS_MAGIC,
  type MetricEntry,
  type MetricKind,
  type MetricsLayout,
  WORD_BYTES,
} from './metrics-layout.ts';
import { openDescriptor } from './metrics-reader.ts';
import { LockedWriter } from './sequence-lock.ts';

/** Only rises. */
export interface Counter {
  /** A whole number, 0 or more. */
  add(count: number): void;
}

export interface Gauge {
  /** A whole number from 0 to 2^53 - 1. */
  set(value: number): void;
}

/** A counter for each of the numbers that the descriptor names. */
export interface Counters {
  add(label: number, count: number): void;
}

/** Writes the descriptor into memory of zeros, `layout.totalBytes` of them or more. */
export function createMetrics(layout: MetricsLayout, buffer: ArrayBufferLike): void {
  assert(buffer.byteLength >= layout.totalBytes, `metrics need ${layout.totalBytes} bytes`);
  const words = new Int32Array(buffer);
  new Uint8Array(buffer).set(layout.json, HEADER_BYTES);
  words[HeaderWord.FORMAT] = METRICS_FORMAT;
  words[HeaderWord.JSON_BYTES] = layout.json.byteLength;
  words[HeaderWord.TOTAL_BYTES] = layout.totalBytes;
  Atomics.store(words, HeaderWord.MAGIC, METRICS_MAGIC);
}

/** What one thread writes. One in the world for each section. */
export class MetricsWriter {
  readonly #words: Int32Array;
  readonly #entries: ReadonlyMap<string, MetricEntry>;
  readonly #writer: string;

  /** @param writer the name under which the layout has this thread's metrics */
  constructor(buffer: ArrayBufferLike, writer: string) {
    const { metrics } = openDescriptor(buffer);
    const own = metrics.filter((entry) => entry.writer === writer);
    this.#words = new Int32Array(buffer);
    this.#entries = new Map(own.map((entry) => [entry.name, entry]));
    this.#writer = writer;
  }

  counter(name: string): Counter {
    const words = this.#words;
    const at = wordOf(this.#entry(name, 'counter'));
    return { add: (count) => addToCell(words, at, count) };
  }

  gauge(name: string): Gauge {
    const words = this.#words;
    const at = wordOf(this.#entry(name, 'gauge'));
    return { set: (value) => setCell(words, at, value) };
  }

  counters(name: string): Counters {
    const words = this.#words;
    const entry = this.#entry(name, 'counters');
    const at = wordOf(entry);
    const values = Object.values(entry.labels);
    // The first cell is for numbers without a name.
    const cells = new Int32Array(1 + Math.max(-1, ...values)).fill(at);
    for (const [index, value] of values.entries()) cells[value] = at + (1 + index) * CELL_WORDS;
    return { add: (label, count) => addToCell(words, cells[label] ?? at, count) };
  }

  histogram(name: string): Histogram {
    return new Histogram(this.#words, wordOf(this.#entry(name, 'histogram')));
  }

  errors(name: string): ErrorRing {
    return new ErrorRing(this.#words, wordOf(this.#entry(name, 'errors')));
  }

  /** Block number `index` of those with this name. */
  block(name: string, index: number): LockedWriter {
    const entry = this.#entry(name, 'blocks');
    assert(index >= 0 && index < entry.count, `${name} has no block ${index}`);
    const at = wordOf(entry) + index * blockStride(entry.words);
    return new LockedWriter(this.#words, at, entry.words);
  }

  #entry<Kind extends MetricKind>(name: string, kind: Kind): MetricEntry & { kind: Kind } {
    const entry = this.#entries.get(name);
    assert(isOfKind(entry, kind), `the ${this.#writer} thread has no ${kind} named ${name}`);
    return entry;
  }
}

function isOfKind<Kind extends MetricKind>(
  entry: MetricEntry | undefined,
  kind: Kind,
): entry is MetricEntry & { kind: Kind } {
  return entry?.kind === kind;
}

const wordOf = ({ offsetBytes }: MetricEntry) => offsetBytes / WORD_BYTES;

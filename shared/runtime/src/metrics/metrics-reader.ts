/**
 * Reads metrics out of memory that other threads or processes write, without touching them: by
 * loads alone, each number whole, each try bounded.
 */
import { isAlive as isProcessAlive, ownIdentity } from '../process-identity.ts';
import { CELL_WORDS, readCell } from './cell.ts';
import { type ErrorReport, readErrors } from './error-ring.ts';
import { type HistogramSnapshot, readHistogram } from './histogram.ts';
import {
  blockStride,
  HEADER_BYTES,
  HeaderWord,
  isOfOneKind,
  METRICS_FORMAT,
  METRICS_MAGIC,
  type MetricEntry,
  type MetricsDescriptor,
  type MetricsOwner,
  WORD_BYTES,
  wordsOf,
} from './metrics-layout.ts';
import { readLocked } from './sequence-lock.ts';

export type MetricsErrorCode =
  /** No metrics are there, or not yet. */
  | 'NOT_METRICS'
  /** Written by another version of this program. */
  | 'OTHER_FORMAT'
  /** The descriptor makes no sense, or does not fit the memory. */
  | 'DAMAGED'
  /** The file's owner runs. */
  | 'IN_USE'
  /** The file is another user's. */
  | 'NOT_OURS';

export class MetricsError extends Error {
  override readonly name = 'MetricsError';
  readonly code: MetricsErrorCode;

  constructor(code: MetricsErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * All that one look gives, of all threads that have a metric of this name together; undefined: a
 * writer was faster at every try.
 */
export interface MetricsSample {
  /** Counters and gauges, and the same of each thread. */
  readonly numbers: ReadonlyMap<string, number | undefined>;
  readonly each: ReadonlyMap<string, readonly (number | undefined)[]>;
  /** Counts by label, those of 0 left out. */
  readonly counters: ReadonlyMap<string, ReadonlyMap<string, number> | undefined>;
  readonly histograms: ReadonlyMap<string, HistogramSnapshot | undefined>;
  readonly errors: ReadonlyMap<string, ErrorReport | undefined>;
}

/** @throws MetricsError */
export function openDescriptor(buffer: ArrayBufferLike): MetricsDescriptor {
  if (buffer.byteLength < HEADER_BYTES) throw new MetricsError('NOT_METRICS', 'no header');
  const words = new Int32Array(buffer, 0, HEADER_BYTES / WORD_BYTES);
  if (Atomics.load(words, HeaderWord.MAGIC) !== METRICS_MAGIC) {
    throw new MetricsError('NOT_METRICS', 'these are no metrics, or not yet');
  }
  const format = words[HeaderWord.FORMAT];
  if (format !== METRICS_FORMAT) {
    throw new MetricsError(
      'OTHER_FORMAT',
      `format ${format}; this program reads ${METRICS_FORMAT}`,
    );
  }
  const jsonBytes = words[HeaderWord.JSON_BYTES] ?? 0;
  const totalBytes = words[HeaderWord.TOTAL_BYTES] ?? 0;
  if (totalBytes > buffer.byteLength || HEADER_BYTES + jsonBytes > totalBytes || jsonBytes < 0) {
    throw new MetricsError(
      'DAMAGED',
      `${totalBytes} bytes are announced, ${buffer.byteLength} there`,
    );
  }
  // Copied: a decoder takes no shared memory.
  const json = new Uint8Array(buffer, HEADER_BYTES, jsonBytes).slice();
  const descriptor = parse(json);
  checkCopies(descriptor);
  for (const entry of descriptor.metrics) {
    const end = entry.offsetBytes + wordsOf(entry) * WORD_BYTES;
    const isInside = entry.offsetBytes >= HEADER_BYTES + jsonBytes && end <= totalBytes;
    const isAligned = entry.offsetBytes % WORD_BYTES === 0;
    if (isInside && isAligned) continue;
    throw new MetricsError('DAMAGED', `${entry.name} lies outside of the memory`);
  }
  return descriptor;
}

/** Metrics of one name are told together. */
function checkCopies({ metrics }: MetricsDescriptor): void {
  const first = new Map<string, MetricEntry>();
  for (const entry of metrics) {
    const other = first.get(entry.name);
    if (other === undefined) first.set(entry.name, entry);
    else if (!isOfOneKind(other, entry) || other.writer === entry.writer) {
      throw new MetricsError('DAMAGED', `two metrics that differ are named ${entry.name}`);
    }
  }
}

function parse(json: Uint8Array): MetricsDescriptor {
  try {
    // Checked below, as far as readers rely on it.
    const descriptor = JSON.parse(new TextDecoder().decode(json)) as MetricsDescriptor;
    checkOwner(descriptor.owner);
    for (const entry of descriptor.metrics) checkEntry(entry);
    return descriptor;
  } catch (error) {
    throw new MetricsError('DAMAGED', `no descriptor: ${error}`);
  }
}

function checkOwner({ name, pid, startTicks, sinceMs }: MetricsOwner): void {
  const isWhole = typeof name === 'string' && isSize(pid) && pid > 0 && isSize(sinceMs);
  if (isWhole && (startTicks === undefined || isSize(startTicks))) return;
  throw new TypeError(`the owner is ${name}, process ${pid}`);
}

/** Kinds that this program does not know have no size: `wordsOf` throws. */
function checkEntry(entry: MetricEntry): void {
  const texts = [entry.name, entry.writer, entry.unit, entry.help];
  const isText = texts.every((text) => typeof text === 'string');
  const isSized = entry.kind !== 'blocks' || (isSize(entry.count) && isSize(entry.words));
  if (isText && isSized && isSize(entry.offsetBytes) && isSize(wordsOf(entry))) return;
  throw new TypeError(`a metric is ${JSON.stringify(entry)}`);
}

const isSize = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;

export class MetricsReader {
  readonly descriptor: MetricsDescriptor;
  readonly #words: Int32Array;
  readonly #byName: ReadonlyMap<string, readonly MetricEntry[]>;

  /** @throws MetricsError */
  constructor(buffer: ArrayBufferLike) {
    this.descriptor = openDescriptor(buffer);
    this.#byName = Map.groupBy(this.descriptor.metrics, ({ name }) => name);
    this.#words = new Int32Array(buffer, 0, Math.floor(buffer.byteLength / WORD_BYTES));
  }

  /** @param nowMs since 1970, for rates of errors */
  sample(nowMs: number): MetricsSample {
    const words = this.#words;
    const numbers = new Map<string, number | undefined>();
    const counters = new Map<string, ReadonlyMap<string, number> | undefined>();
    const histograms = new Map<string, HistogramSnapshot | undefined>();
    const errors = new Map<string, ErrorReport | undefined>();
    const each = new Map<string, (number | undefined)[]>();
    for (const entry of this.descriptor.metrics) {
      const { name } = entry;
      const at = entry.offsetBytes / WORD_BYTES;
      if (entry.kind === 'counters') {
        join(counters, name, readCounters(words, at, entry.labels), addCounts);
      } else if (entry.kind === 'histogram') {
        join(histograms, name, readHistogram(words, at), (one, other) => one.plus(other));
      } else if (entry.kind === 'errors') {
        errors.set(name, readErrors(words, at, nowMs));
      } else if (entry.kind !== 'blocks') {
        const number = readCell(words, at);
        join(numbers, name, number, (one, other) => one + other);
        each.set(name, [...(each.get(name) ?? []), number]);
      }
    }
    return { numbers, each, counters, histograms, errors };
  }

  /**
   * Copies block number `index` of those with this name to `into`, as one write left it; false if
   * the writer was faster at every try. `into` has as many words as the block.
   * @param copy of the threads that have such blocks, from 0
   */
  readBlock(name: string, index: number, into: Int32Array, copy = 0): boolean {
    const entry = this.blocks(name, copy);
    if (index < 0 || index >= entry.count || into.length !== entry.words) {
      throw new RangeError(`${name} has ${entry.count} blocks of ${entry.words} words`);
    }
    const at = entry.offsetBytes / WORD_BYTES + index * blockStride(entry.words);
    return readLocked(this.#words, at, into);
  }

  /** What the descriptor says of the blocks with this name. */
  blocks(name: string, copy = 0): MetricEntry & { kind: 'blocks' } {
    const entry = this.#named(name)[copy];
    if (entry?.kind === 'blocks') return entry;
    throw new MetricsError('OTHER_FORMAT', `there are no blocks named ${name}`);
  }

  /** How many threads have a metric of this name. */
  copies(name: string): number {
    return this.#named(name).length;
  }

  #named(name: string): readonly MetricEntry[] {
    return this.#byName.get(name) ?? [];
  }
}

/** Adds a thread's part to what others have; nothing whole comes of a part that is missing. */
function join<Value>(
  all: Map<string, Value | undefined>,
  name: string,
  part: Value | undefined,
  add: (one: Value, other: Value) => Value,
): void {
  if (!all.has(name)) {
    all.set(name, part);
    return;
  }
  const before = all.get(name);
  all.set(name, before === undefined || part === undefined ? undefined : add(before, part));
}

function addCounts(
  one: ReadonlyMap<string, number>,
  other: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const sums = new Map(one);
  for (const [label, count] of other) sums.set(label, (sums.get(label) ?? 0) + count);
  return sums;
}

function readCounters(
  words: Int32Array,
  at: number,
  labels: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> | undefined {
  const counts = new Map<string, number>();
  for (const [index, name] of ['other', ...Object.keys(labels)].entries()) {
    const count = readCell(words, at + index * CELL_WORDS);
    if (count === undefined) return undefined;
    if (count > 0) counts.set(name, count);
  }
  return counts;
}

/** This process, as the owner of metrics. */
export function thisOwner(name: string, sinceMs: number): MetricsOwner {
  const { pid, started } = ownIdentity();
  return { name, pid, startTicks: started === '' ? undefined : Number(started), sinceMs };
}

/** Whether the process that made the metrics still runs: its id may be another's by now. */
export function isAlive({ pid, startTicks }: MetricsOwner): boolean {
  return isProcessAlive({ pid, started: `${startTicks ?? ''}` });
}

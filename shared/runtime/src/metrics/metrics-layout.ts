/**
 * Where each metric lies, and what says so to those who read them.
 *
 *   byte     0         4         8         12        64
 *            +---------+---------+---------+---------+--------------+---------+-----+
 *            | magic   | format  | bytes   | bytes   | descriptor,  | section | ... |
 *            |         |         | of JSON | in all  | JSON (UTF-8) |         |     |
 *            +---------+---------+---------+---------+--------------+---------+-----+
 *
 * A section holds the metrics of one writing thread, and shares no pair of cache lines with
 * another. Threads that do the same have metrics of the same names, each its own: readers see them
 * together. The magic number is stored last: memory without it is not ready. Little-endian, as the
 * machine.
 */
import assert from 'node:assert/strict';
import { CELL_WORDS } from './cell.ts';
import { ERROR_RING_WORDS } from './error-ring.ts';
import { HISTOGRAM_WORDS } from './histogram.ts';
import { lockedWords } from './sequence-lock.ts';

export const METRICS_MAGIC = 0x46_42_4d_31;
export const METRICS_FORMAT = 1;
export const HeaderWord = { MAGIC: 0, FORMAT: 1, JSON_BYTES: 2, TOTAL_BYTES: 3 } as const;
export const HEADER_BYTES = 64;
export const WORD_BYTES = 4;
const SECTION_BYTES = 128;

/** What a metric is, said by the program that has it. */
export type MetricSpec =
  /** Only rises. */
  | { readonly kind: 'counter'; readonly unit: string; readonly help: string }
  | { readonly kind: 'gauge'; readonly unit: string; readonly help: string }
  /** A counter for each number that has a name here; other numbers share one, named `other`. */
  | {
      readonly kind: 'counters';
      readonly unit: string;
      readonly help: string;
      readonly labels: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'histogram'; readonly unit: string; readonly help: string }
  | { readonly kind: 'errors'; readonly unit: string; readonly help: string }
  /** `count` sequence locks of `words` words each; what the words mean, `help` says where. */
  | {
      readonly kind: 'blocks';
      readonly unit: 'words';
      readonly help: string;
      readonly count: number;
      readonly words: number;
    };

export type MetricKind = MetricSpec['kind'];

/** Metrics by name, by the name of the thread that writes them. */
export type MetricSpecs = Readonly<Record<string, Readonly<Record<string, MetricSpec>>>>;

/** A metric as the descriptor has it. */
export type MetricEntry = MetricSpec & {
  readonly name: string;
  readonly writer: string;
  /** Of its first word, from the beginning of the memory. */
  readonly offsetBytes: number;
};

export interface MetricsOwner {
  readonly name: string;
  readonly pid: number;
  /** When the process started, in the system's own count; tells a pid that was used again. */
  readonly startTicks: number | undefined;
  /** Milliseconds since 1970 when the metrics began. */
  readonly sinceMs: number;
}

export interface MetricsDescriptor {
  readonly format: typeof METRICS_FORMAT;
  readonly owner: MetricsOwner;
  readonly metrics: readonly MetricEntry[];
}

export interface MetricsLayout {
  /** The descriptor. */
  readonly json: Uint8Array;
  readonly totalBytes: number;
}

/** Words that a metric takes. */
export function wordsOf(spec: MetricSpec): number {
  switch (spec.kind) {
    case 'counter':
    case 'gauge':
      return CELL_WORDS;
    case 'counters':
      return CELL_WORDS * (1 + Object.keys(spec.labels).length);
    case 'histogram':
      return HISTOGRAM_WORDS;
    case 'errors':
      return ERROR_RING_WORDS;
    case 'blocks':
      return spec.count * blockStride(spec.words);
    default: {
      const unknown: never = spec;
      throw new RangeError(`no such metric: ${JSON.stringify(unknown)}`);
    }
  }
}

/** Words from one block's lock to the next: each begins a pair of cache lines. */
export function blockStride(words: number): number {
  return roundUp(lockedWords(words) * WORD_BYTES, SECTION_BYTES) / WORD_BYTES;
}

/** Gives every metric its place. */
export function layOutMetrics(owner: MetricsOwner, specs: MetricSpecs): MetricsLayout {
  // The descriptor says where things lie, and has to fit in front of them: its length does not
  // depend on the offsets if room is kept for their digits.
  const encode = (firstByte: number) => {
    const { metrics, endByte } = place(specs, firstByte);
    const descriptor: MetricsDescriptor = { format: METRICS_FORMAT, owner, metrics };
    return { json: new TextEncoder().encode(JSON.stringify(descriptor)), endByte };
  };
  const draft = encode(0);
  const firstByte = roundUp(HEADER_BYTES + draft.json.byteLength * 2, SECTION_BYTES);
  const { json, endByte } = encode(firstByte);
  assert(HEADER_BYTES + json.byteLength <= firstByte, 'the descriptor fits in front');
  return { json, totalBytes: endByte };
}

function place(specs: MetricSpecs, firstByte: number) {
  const metrics: MetricEntry[] = [];
  let endByte = firstByte;
  for (const [writer, section] of Object.entries(specs)) {
    for (const [name, spec] of Object.entries(section)) {
      const other = metrics.find((entry) => entry.name === name);
      const isAlike = other === undefined || isOfOneKind(other, spec);
      assert(isAlike, `two metrics that differ are named ${name}`);
      if (spec.kind === 'blocks') endByte = roundUp(endByte, SECTION_BYTES);
      metrics.push({ ...spec, name, writer, offsetBytes: endByte });
      endByte += wordsOf(spec) * WORD_BYTES;
    }
    endByte = roundUp(endByte, SECTION_BYTES);
  }
  return { metrics, endByte };
}

/** Whether metrics of two threads can be told together. */
export function isOfOneKind(one: MetricSpec, other: MetricSpec): boolean {
  if (one.kind !== other.kind) return false;
  if (one.kind === 'counters' && other.kind === 'counters') {
    return JSON.stringify(one.labels) === JSON.stringify(other.labels);
  }
  if (one.kind === 'blocks' && other.kind === 'blocks') {
    return one.count === other.count && one.words === other.words;
  }
  return one.kind !== 'errors';
}

const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

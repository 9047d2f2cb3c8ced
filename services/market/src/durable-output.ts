/** One durable output stream (reports or diffs), and how far each of its subjects reaches. */
import assert from 'node:assert/strict';
import {
  type BatchHeader,
  type BatchKind,
  decodeBatchHeader,
  isTermSubject,
  RECORD_BYTES,
} from '@foldbook/protocol';
import {
  StreamError,
  type StreamReader,
  type StreamRecord,
  type StreamWriter,
} from '@foldbook/runtime';
import type { MarketRegistry } from './market-registry.ts';

/** Above what any broker's message holds; bounds what a damaged count makes us believe. */
const MAX_BATCH_RECORDS = (8 * 1024 * 1024) / RECORD_BYTES;

/** What the last batch of each subject of an output stream says. */
export type Coverage = ReadonlyMap<string, BatchHeader>;

/** A durable output that a market can't write on from. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

export interface OutputSource {
  /** The stream's name, for people. */
  readonly stream: string;
  readonly reader: StreamReader;
  /** Of the subjects of the output. */
  readonly filter: string;
  readonly kind: BatchKind;
  /** Sequence of the asker's barrier: what stands behind it is of an owner that followed. */
  readonly barrier?: number | undefined;
}

/**
 * How far an output stream reaches, from the last batch of each of its subjects.
 * @throws OutputError when one of these is no batch of the kind; StreamError STALE_WRITER for what
 *   stands behind the barrier
 */
export async function readCoverage(source: OutputSource): Promise<Coverage> {
  const coverage = new Map<string, BatchHeader>();
  for (const record of await source.reader.lastOfEach(source.filter)) {
    cover(coverage, source, record);
  }
  return coverage;
}

/**
 * The same, of the subjects alone that were written to behind a record of the stream.
 * @throws OutputError as `readCoverage`
 */
export async function readCoverageSince(source: OutputSource, since: number): Promise<Coverage> {
  const coverage = new Map<string, BatchHeader>();
  const records = source.reader.read({ fromSequence: since + 1, follow: false });
  for await (const record of records) cover(coverage, source, record);
  return coverage;
}

/** Another owner has begun to write behind the barrier of this process. */
export function followed(stream: string, sequence: number, barrier: number): StreamError {
  const text = `${stream} has record ${sequence} behind the barrier ${barrier} of this process`;
  return new StreamError('STALE_WRITER', `${text}: another owner has followed`);
}

/**
 * Notes what a record of an output says of its subject.
 * @throws OutputError as `readCoverage`
 */
export function cover(
  coverage: Map<string, BatchHeader>,
  source: OutputSource,
  record: StreamRecord,
): void {
  const { stream, filter, kind, barrier = Number.POSITIVE_INFINITY } = source;
  const { sequence, subject, payload } = record;
  if (sequence > barrier) {
    throw followed(stream, sequence, barrier);
  }
  if (isTermSubject(subject)) return;
  const where = `record ${sequence} of ${stream} (${subject})`;
  const header = decodeBatchHeader(payload, kind, MAX_BATCH_RECORDS);
  if (!header.ok) {
    throw new OutputError(
      `${where} was not written by a market: ${header.name} at byte ${header.offset}, ` +
        `${header.detail}; ${mendOutput(stream, filter)}`,
    );
  }
  coverage.set(subject, header.value);
}

/**
 * Checks outputs against the markets that were recovered from the log.
 * @throws OutputError when a subject tells of a market, or of commands, that the log doesn't have:
 *   a market that went on would write nothing until it got there
 */
export function checkCoverage(stream: string, coverage: Coverage, markets: MarketRegistry): void {
  for (const [subject, { market: id, last }] of coverage) {
    const name = subject.slice(subject.lastIndexOf('.') + 1);
    const market = markets.byName(name);
    if (market === undefined) {
      throw new OutputError(
        `${subject} reaches sequence ${last}, but the log has no market ${name}; ` +
          mendLog(stream),
      );
    }
    if (market.id !== id) {
      throw new OutputError(
        `${subject} ends with a batch of market ${id}, but ${name} is market ${market.id} in the ` +
          `log; ${mendLog(stream)}`,
      );
    }
    if (last > market.sequence) {
      throw new OutputError(
        `${subject} reaches sequence ${last}, but the log ends at ${market.sequence} of ${name}; ` +
          mendLog(stream),
      );
    }
  }
}

function mendOutput(stream: string, filter: string): string {
  return (
    `find out what else may write to ${filter} and keep it out, then remove the stream ` +
    `${stream}: the market writes it again from its log`
  );
}

function mendLog(stream: string): string {
  return (
    'what was told has been lost from the log, or another log was put in its place: restore the ' +
    `log from a copy. Only if there is none, and all are told: remove the stream ${stream}, and ` +
    'the market writes it again from the log as it is'
  );
}

/** Muted until it is opened: what a process executes before then is told by another one. */
export class DurableOutput {
  readonly #echo: ((subject: string, payload: Uint8Array) => void) | undefined;
  readonly #onFailure: (error: Error) => void;
  readonly #coverage = new Map<string, number>();
  #writer: StreamWriter | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `echo`: set where the store itself doesn't deliver to live subscribers. */
  constructor(
    echo: ((subject: string, payload: Uint8Array) => void) | undefined,
    onFailure: (error: Error) => void,
  ) {
    this.#echo = echo;
    this.#onFailure = onFailure;
  }

  /** From now on everything that the stream does not cover goes there. */
  open(writer: StreamWriter): void {
    this.#writer = writer;
  }

  /** Nothing goes out. */
  get isMuted(): boolean {
    return this.#writer === undefined;
  }

  /** The stream holds these; what is known of other subjects stays. */
  cover(coverage: Coverage): void {
    for (const [subject, { last }] of coverage) this.#coverage.set(subject, last);
  }

  /** Market sequence up to which `subject` was written by another process. */
  covered(subject: string): number {
    return this.#coverage.get(subject) ?? 0;
  }

  inFlight(): number {
    return this.#writer?.inFlight() ?? 0;
  }

  /** The stream's last sequence once everything that was sent is durable. */
  get position(): number {
    return this.#opened.lastSequence + this.#opened.inFlight();
  }

  /** Resolves when everything that was sent so far is durable; rejects if it can't be any more. */
  async settled(): Promise<void> {
    await this.#last;
  }

  send(subject: string, payload: Uint8Array): void {
    const appended = this.#opened.append(subject, payload);
    appended.catch((error: unknown) => {
      this.#onFailure(error instanceof Error ? error : new Error(String(error)));
    });
    this.#last = appended;
    this.#echo?.(subject, payload);
  }

  get #opened(): StreamWriter {
    assert(this.#writer !== undefined, 'a muted output sends nothing');
    return this.#writer;
  }
}

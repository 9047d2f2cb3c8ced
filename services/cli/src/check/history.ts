/**
 * What the streams of a partition say happened, read whole from outside: the log through the naive
 * engine, and the outputs held against what the log gives, byte by byte.
 */
import { InvariantError } from '@foldbook/engine';
import {
  BatchKind,
  decodeBatchHeader,
  diffStream,
  diffSubject,
  EventKind,
  isTermSubject,
  logStream,
  MAX_COMMANDS_PER_GROUP,
  RECORD_BYTES,
  reportStream,
  reportSubject,
} from '@foldbook/protocol';
import { JetStreamReader, type NatsTransport } from '@foldbook/runtime';
import { AuditedMarket } from './audited-market.ts';
import type { ByteTape } from './byte-tape.ts';
import { type Barrier, type StoredMessage, StreamFence } from './stream-fence.ts';

/** An answer said that a request is in the log, and where. */
export interface Claim {
  readonly account: number;
  readonly session: number;
  readonly requestId: bigint;
  readonly logSequence: number;
}

export interface HistoryOptions {
  readonly transport: NatsTransport;
  readonly partition: number;
  /** Of all commands. */
  readonly accounts: readonly number[];
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

const MAX_BATCH_RECORDS = 2 ** 17;
/** More of them say nothing new. */
const MOST_VIOLATIONS = 20;

export class History {
  /** In words; empty if everything is as it must be. */
  readonly violations: string[] = [];
  readonly markets = new Map<string, AuditedMarket>();
  commands = 0;
  readonly #options: HistoryOptions;
  readonly #log: StreamFence;
  readonly #reports: StreamFence;
  readonly #diffs: StreamFence;

  private constructor(options: HistoryOptions) {
    this.#options = options;
    const { partition } = options;
    const fence = (stream: string) => new StreamFence(stream, (words) => this.tell(words));
    this.#log = fence(logStream(partition));
    this.#reports = fence(reportStream(partition));
    this.#diffs = fence(diffStream(partition));
  }

  /**
   * Reads everything, once nobody writes any more. Rejects with StreamError where the broker does
   * not give all of it.
   */
  static async read(options: HistoryOptions): Promise<History> {
    const history = new History(options);
    await history.#readLog();
    await history.#readReports();
    await history.#readDiffs();
    return history;
  }

  /** Of the log, in order. */
  get barriers(): readonly Barrier[] {
    return this.#log.barriers;
  }

  /** Whether the message was stored by any of the streams. */
  isStored(messageId: string): boolean {
    return [this.#log, this.#reports, this.#diffs].some((each) => each.messageIds.has(messageId));
  }

  market(name: string): AuditedMarket {
    const market = this.markets.get(name);
    if (market !== undefined) return market;
    this.tell(`the log has no market ${name}`);
    return new AuditedMarket(name, 0, []);
  }

  checkClaims(name: string, claims: readonly Claim[]): void {
    const market = this.market(name);
    for (const { account, session, requestId, logSequence } of claims) {
      if (market.isCarried(account, session, requestId, logSequence)) continue;
      const request = `request ${account}/${session}/${requestId}`;
      this.tell(`${request} was acknowledged at ${logSequence}, where the log does not have it`);
    }
  }

  /** Each order that a client was told was accepted is in the log once, and no others are. */
  checkAccepted(name: string, account: number, told: ReadonlySet<bigint>): void {
    const accepted = this.market(name).acceptedOf(account);
    for (const id of told) {
      const times = accepted.get(id) ?? 0;
      if (times !== 1)
        this.tell(`order ${id} of ${account} was accepted ${times} times in the log`);
    }
    for (const id of accepted.keys()) {
      if (!told.has(id)) this.tell(`order ${id} of ${account} is in the log, and was never told`);
    }
  }

  tell(words: string): void {
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(words);
    else if (this.violations.length === MOST_VIOLATIONS) this.violations.push('and more');
  }

  async #readLog(): Promise<void> {
    const { partition, onProgress } = this.#options;
    const stream = logStream(partition);
    const total = await this.#reader(stream).lastSequence();
    for await (const message of this.#messages(stream)) {
      this.#log.take(message);
      onProgress?.(message.sequence, total);
      if (!isTermSubject(message.subject)) this.#execute(message);
    }
  }

  #execute({ sequence, subject, payload }: StoredMessage): void {
    const header = decodeBatchHeader(payload, BatchKind.GROUP, MAX_COMMANDS_PER_GROUP);
    if (!header.ok) {
      this.tell(`log record ${sequence} is no group: ${header.name}`);
      return;
    }
    const { market: id, count, timeNs } = header.value;
    const name = subject.split('.')[2] ?? '';
    let market = this.markets.get(name);
    if (market === undefined) {
      market = new AuditedMarket(name, id, this.#options.accounts);
      this.markets.set(name, market);
    }
    if (market.id !== id) this.tell(`log record ${sequence}: ${name} is ${market.id}, not ${id}`);
    this.commands += count;
    try {
      market.apply(payload, count, timeNs, sequence);
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      this.tell(`${name}, log record ${sequence}: ${error.message}`);
    }
  }

  async #readReports(): Promise<void> {
    const { partition } = this.#options;
    const tapes = new Map<string, ByteTape>();
    for (const { name, reports } of this.markets.values()) {
      for (const [account, tape] of reports) {
        tapes.set(reportSubject(partition, account, name), tape);
      }
    }
    const stream = reportStream(partition);
    await this.#readOutput(stream, this.#reports, BatchKind.REPORTS, tapes);
  }

  async #readDiffs(): Promise<void> {
    const { partition } = this.#options;
    const markets = [...this.markets.values()];
    const tapes = new Map(
      markets.map(({ name, settlements }) => [diffSubject(partition, name), settlements]),
    );
    await this.#readOutput(diffStream(partition), this.#diffs, BatchKind.DIFF, tapes);
  }

  async #readOutput(
    stream: string,
    fence: StreamFence,
    kind: BatchKind,
    tapes: ReadonlyMap<string, ByteTape>,
  ): Promise<void> {
    const lasts = new Map<string, number>();
    for await (const message of this.#messages(stream)) {
      fence.take(message);
      const { sequence, subject, payload } = message;
      if (isTermSubject(subject)) continue;
      const where = `${stream}: record ${sequence} (${subject})`;
      const header = decodeBatchHeader(payload, kind, MAX_BATCH_RECORDS);
      const tape = tapes.get(subject);
      if (!header.ok || tape === undefined) {
        this.tell(`${where} ${header.ok ? 'is of nobody in the log' : `is no batch`}`);
        continue;
      }
      const last = lasts.get(subject) ?? 0;
      const { prev } = header.value;
      if (prev !== last) this.tell(`${where} follows ${prev}, not ${last}`);
      lasts.set(subject, header.value.last);
      if (!isNext(tape, payload, kind)) this.tell(`${where} is not what the log gives`);
    }
    for (const [subject, tape] of tapes) {
      if (tape.compared === tape.length) continue;
      const [has, gives] = [tape.compared, tape.length].map((bytes) => bytes / RECORD_BYTES);
      this.tell(`${stream}: ${subject} has ${has} records, the log gives ${gives}`);
    }
  }

  #messages(stream: string) {
    return this.#reader(stream).messages({ fromSequence: 1, follow: false });
  }

  #reader(stream: string): JetStreamReader {
    return new JetStreamReader(this.#options.transport, stream, this.#options.signal);
  }
}

/** Of diffs, settlement records alone: marks and heads of chains are the prover's to check. */
function isNext(tape: ByteTape, payload: Uint8Array, kind: BatchKind): boolean {
  if (kind === BatchKind.REPORTS) return tape.isNext(payload.subarray(RECORD_BYTES));
  for (let at = RECORD_BYTES; at < payload.byteLength; at += RECORD_BYTES) {
    const record = payload.subarray(at, at + RECORD_BYTES);
    if (record[0] === EventKind.SETTLEMENT && !tape.isNext(record)) return false;
  }
  return true;
}

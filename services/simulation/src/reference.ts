/**
 * The log as the broker has it, run through the naive engine record by record: what every market,
 * account and reader of the world has to agree with. Rules that hold for every log are checked here
 * at once.
 */
import { InvariantError, LogMarket, requestKey, settlementRecord } from '@foldbook/engine';
import {
  BatchKind,
  decodeBatchHeader,
  decodeTerm,
  EventKind,
  EventOffset,
  isTermSubject,
  MAX_COMMANDS_PER_GROUP,
  RECORD_BYTES,
  readCount,
  viewOf,
} from '@foldbook/protocol';
import type { StoredRecord, StreamWatcher } from './sim-stream.ts';

/** Tells of something that must not be. */
export type OnViolation = (words: string) => void;

/** Told on the diff stream as they are. */
const RULE_KINDS: ReadonlySet<number> = new Set([
  EventKind.MARKET_CREATED,
  EventKind.FEES_CHANGED,
  EventKind.TIER_CHANGED,
  EventKind.CONFIGURED,
]);

export class ReferenceMarket extends LogMarket {
  /** State hashes by the market sequence at the end of each group. */
  readonly hashes = new Map<number, bigint>();
  /** Private reports of each account, in order. */
  readonly reports = new Map<number, Uint8Array[]>();
  /** All events by market sequence. */
  readonly events = new Map<number, Uint8Array>();
  /** Records of the durable outputs. */
  reportCount = 0;
  diffCount = 0;
  readonly #accepted = new Set<string>();
  readonly #onViolation: OnViolation;

  constructor(name: string, id: number, accounts: readonly number[], onViolation: OnViolation) {
    super(name, id, accounts);
    this.#onViolation = onViolation;
  }

  override apply(payload: Uint8Array, count: number, timeNs: bigint, logSequence: number): void {
    super.apply(payload, count, timeNs, logSequence);
    this.hashes.set(this.sequence, this.engine.stateHash());
  }

  protected override onReport(account: number, record: Uint8Array): void {
    this.reportCount += 1;
    const told = this.reports.get(account);
    if (told === undefined) this.reports.set(account, [record]);
    else told.push(record);
  }

  protected override onEvent(events: Uint8Array, view: DataView, at: number): void {
    const sequence = readCount(view, at + EventOffset.SEQUENCE);
    const record = events.slice(at, at + RECORD_BYTES);
    const known = this.events.get(sequence);
    this.events.set(sequence, known === undefined ? record : joined(known, record));
    const kind = view.getUint8(at);
    // The head of the log's chain stands beside each epoch's mark.
    if (kind === EventKind.EPOCH_MARK) this.diffCount += 2;
    else if (RULE_KINDS.has(kind)) this.diffCount += 1;
    else if (settlementRecord(view, at) !== undefined) this.diffCount += 1;
    if (kind !== EventKind.ACCEPTED) return;
    const key = requestKey(
      view.getUint32(at + EventOffset.ACCOUNT, true),
      view.getUint16(at + EventOffset.SESSION, true),
      view.getBigUint64(at + EventOffset.REQUEST_ID, true),
    );
    if (this.#accepted.has(key)) this.#onViolation(`${this.name}: request ${key} ran twice`);
    this.#accepted.add(key);
  }

  /** All settlement records, in order, without their places. */
  *settlements() {
    for (const events of this.events.values()) {
      const view = viewOf(events);
      for (let at = 0; at < events.byteLength; at += RECORD_BYTES) {
        const move = settlementRecord(view, at);
        if (move !== undefined) {
          yield { ...move, sequence: readCount(view, at + EventOffset.SEQUENCE) };
        }
      }
    }
  }
}

export class Reference implements StreamWatcher {
  /** In the order in which the log names them first. */
  markets: ReferenceMarket[] = [];
  /** Records of the log that were acknowledged and are gone, by a disk that does not sync each. */
  lostRecords = 0;
  /** How often records of any stream were lost so. */
  losses = 0;
  readonly #accounts: readonly number[];
  readonly #mayLose: boolean;
  readonly #onViolation: OnViolation;
  readonly #last = new Map<string, number>();
  #log: StoredRecord[] = [];
  /** Of the last barrier in the log. */
  #term = 0;
  /** The highest that anybody wrote groups under, and where its barrier is. */
  #owned = { term: 0, barrier: 0 };
  #barrier = 0;

  /** @param mayLose - the disk acknowledges what a loss of power takes away, and says so */
  constructor(accounts: readonly number[], mayLose: boolean, onViolation: OnViolation) {
    this.#accounts = accounts;
    this.#mayLose = mayLose;
    this.#onViolation = onViolation;
  }

  market(name: string): ReferenceMarket | undefined {
    return this.markets.find((market) => market.name === name);
  }

  get logSequence(): number {
    return this.#log.length;
  }

  stored(stream: string, record: StoredRecord): void {
    const last = this.#last.get(stream) ?? 0;
    if (record.sequence !== last + 1) {
      this.#onViolation(`${stream}: sequence ${record.sequence} was stored behind ${last}`);
    }
    this.#last.set(stream, record.sequence);
    if (stream.startsWith('LOG')) this.#append(record);
  }

  lost(stream: string, last: number, before: number): void {
    this.#last.set(stream, last);
    if (this.#mayLose) this.losses += 1;
    if (!stream.startsWith('LOG')) return;
    if (this.#mayLose) this.lostRecords += before - last;
    const left = this.#log.slice(0, last);
    this.#log = [];
    this.#term = 0;
    this.#barrier = 0;
    this.#owned = { term: 0, barrier: 0 };
    this.markets = [];
    for (const record of left) this.#append(record);
  }

  #append(record: StoredRecord): void {
    this.#log.push(record);
    if (isTermSubject(record.subject)) {
      this.#begin(record);
      return;
    }
    this.#checkTerm(record);
    const header = decodeBatchHeader(record.payload, BatchKind.GROUP, MAX_COMMANDS_PER_GROUP);
    if (!header.ok) {
      this.#onViolation(`log record ${record.sequence} is no group: ${header.name}`);
      return;
    }
    const { market: id, count, timeNs } = header.value;
    const name = record.subject.split('.')[2] ?? '';
    try {
      this.#marketOf(name, id).apply(record.payload, count, timeNs, record.sequence);
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      this.#onViolation(`${name}, log record ${record.sequence}: ${error.message}`);
    }
  }

  #begin({ sequence, payload }: StoredRecord): void {
    const term = decodeTerm(payload);
    if (!term.ok) {
      this.#onViolation(`log record ${sequence} is no term: ${term.name}`);
      return;
    }
    this.#term = term.value.term;
    this.#barrier = sequence;
  }

  /** Two may open the log at once; who goes on to write has a higher term than all before. */
  #checkTerm({ sequence }: StoredRecord): void {
    if (this.#barrier === 0) this.#onViolation(`log record ${sequence} has no barrier before it`);
    const { term, barrier } = this.#owned;
    if (this.#barrier === barrier) return;
    if (this.#term <= term) {
      this.#onViolation(`log record ${sequence} is of term ${this.#term}, behind term ${term}`);
    }
    this.#owned = { term: this.#term, barrier: this.#barrier };
  }

  #marketOf(name: string, id: number): ReferenceMarket {
    const known = this.markets.find((market) => market.id === id || market.name === name);
    if (known !== undefined) {
      if (known.id !== id || known.name !== name) {
        this.#onViolation(`market ${id} is ${name} in the log, and was ${known.name}`);
      }
      return known;
    }
    const market = new ReferenceMarket(name, id, this.#accounts, this.#onViolation);
    this.markets.push(market);
    return market;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.byteLength + other.byteLength);
  both.set(one);
  both.set(other, one.byteLength);
  return both;
}

/**
 * Executes a market's log group by group and gathers its epochs. One epoch's records and the
 * engine's state are in memory, however long the log.
 */
import { createHash } from 'node:crypto';
import {
  createKernelEngine,
  type Engine,
  loadKernel,
  RESULT_CAPACITY,
  settlementRecord,
} from '@foldbook/engine';
import {
  BatchKind,
  decodeBatchHeader,
  type EpochMark,
  EventKind,
  EventOffset,
  MAX_COMMANDS_PER_GROUP,
  RECORD_BYTES,
  readCount,
  readEvent,
  viewOf,
} from '@foldbook/protocol';
import type { EpochReplay, ReplayCounts, ReplayedEpoch } from '../check-replay.ts';
import { CHAIN_START, type PlacedGroup, placeGroup, pointAfter } from '../log-group.ts';
import { DEFAULT_RECORDS_MAX } from '../packed-records.ts';
import { type Refused, refused } from '../reason-codes.ts';
import { RecordList } from '../record-list.ts';
import type { RuleChange } from '../rules.ts';
import { ruleChange, ruleEvent } from './rule-change.ts';

/** A group of the log as a stream has it. */
export interface LogRecord {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export interface LogReplayParts {
  /** The market's groups, all from the first on, in order. What it throws becomes LOG_READ. */
  readonly log: AsyncIterable<LogRecord>;
  /** Without commands so far. */
  readonly engine: Engine;
  /** Refuses epochs of more records; default as `verifyChain`. */
  readonly recordsMax?: number;
  /** After each group, with the log sequence of it. */
  readonly onProgress?: (counts: ReplayCounts, logSequence: number) => void;
}

/** The engine that markets run on, with their capacities, which are part of their rules. */
export async function createReplayEngine(): Promise<Engine> {
  return createKernelEngine(await loadKernel(), { resultCapacity: RESULT_CAPACITY });
}

/** What the open epoch has so far. */
class OpenEpoch {
  readonly records = new RecordList();
  readonly sequences: number[] = [];
  readonly changes: RuleChange[] = [];
  logFirst: number | undefined;
  mark: EpochMark | undefined;
}

export class LogReplay implements EpochReplay {
  readonly #parts: LogReplayParts;
  readonly #recordsMax: number;
  readonly #log: AsyncIterator<LogRecord>;
  #point = CHAIN_START;
  #logSequence = 0;
  #market: number | undefined;
  #groups = 0;
  #recordFirst = 0;
  #open = new OpenEpoch();
  /** What once was wrong stays so. */
  #failed: Refused | undefined;

  constructor(parts: LogReplayParts) {
    this.#parts = parts;
    this.#recordsMax = parts.recordsMax ?? DEFAULT_RECORDS_MAX;
    this.#log = parts.log[Symbol.asyncIterator]();
  }

  get counts(): ReplayCounts {
    return { groups: this.#groups, commands: this.#point.sequence };
  }

  async next(logLast: bigint): Promise<ReplayedEpoch | Refused> {
    while (this.#failed === undefined) {
      const record = await this.#read();
      if (record === undefined) break;
      this.#failed = this.#execute(record);
      this.#parts.onProgress?.(this.counts, this.#logSequence);
      if (this.#failed === undefined && this.#open.mark !== undefined) {
        return this.#close(this.#open.mark, record.sequence);
      }
      if (record.sequence >= logLast) {
        const signed = `an epoch ends at log sequence ${logLast} by its header`;
        this.#failed ??= refused('LOG_DIFFERS', `${signed}, the log has none at ${this.#here()}`);
      }
    }
    return this.#failed ?? refused('LOG_READ', 'the log was not read');
  }

  /** Ends the reading of the log. */
  async end(): Promise<void> {
    await this.#log.return?.();
  }

  async #read(): Promise<LogRecord | undefined> {
    try {
      const next = await this.#log.next();
      if (next.done !== true) return next.value;
      const ends = `the log ends at ${this.#here()}, before the epoch does`;
      this.#failed = refused('LOG_MISSING', `${ends}: replay needs all of it`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#failed = refused('LOG_READ', `behind ${this.#here()}: ${message}`);
    }
    return undefined;
  }

  #here(): string {
    return `log sequence ${this.#logSequence}, market sequence ${this.#point.sequence}`;
  }

  #execute({ sequence, payload }: LogRecord): Refused | undefined {
    const header = decodeBatchHeader(payload, BatchKind.GROUP, MAX_COMMANDS_PER_GROUP);
    const group = header.ok ? placeGroup(this.#point, payload, sha256) : undefined;
    if (!header.ok || group === undefined || group.timeNs < 0n) {
      const what = header.ok ? 'no commands, or no time' : `${header.name}, ${header.detail}`;
      return refused('LOG_FORMAT', `record ${sequence} of the log is no group: ${what}`);
    }
    const { market, count } = header.value;
    this.#market ??= market;
    if (market !== this.#market || sequence <= this.#logSequence) {
      const found = `record ${sequence} is of market ${market}`;
      return refused('LOG_FORMAT', `${found}, behind ${this.#here()} of market ${this.#market}`);
    }
    this.#open.logFirst ??= sequence;
    this.#logSequence = sequence;
    try {
      const commands = payload.subarray(RECORD_BYTES);
      this.#parts.engine.apply(commands, count, group.timeNs, (block, events) =>
        this.#take(viewOf(block), events),
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return refused('REPLAY_ENGINE', `the group at log sequence ${sequence}: ${message}`);
    }
    this.#point = pointAfter(group);
    this.#groups += 1;
    return this.#checkOpen(group);
  }

  /** What an honest market's group can't have done. */
  #checkOpen({ last }: PlacedGroup): Refused | undefined {
    const { mark, records } = this.#open;
    if (records.length > this.#recordsMax) {
      const many = `an epoch of more than ${this.#recordsMax} records`;
      return refused('REPLAY_RECORDS', `${many}, at ${this.#here()}: allow more to go on`);
    }
    if (mark === undefined) return undefined;
    const { sequence, recordFirst, recordCount } = mark;
    if (sequence !== last) {
      return refused('LOG_FORMAT', `an epoch ends with a group, not at ${sequence} before ${last}`);
    }
    if (recordFirst === this.#recordFirst && recordCount === records.length) return undefined;
    const counted = `${recordCount} records from ${recordFirst} on`;
    return refused('REPLAY_ENGINE', `the engine counts ${counted}, and gave ${records.length}`);
  }

  #take(view: DataView, events: number): void {
    const { records, sequences, changes } = this.#open;
    for (let at = 0; at < events * RECORD_BYTES; at += RECORD_BYTES) {
      switch (view.getUint8(at + EventOffset.KIND)) {
        case EventKind.TRADE:
        case EventKind.FEE:
        case EventKind.FUNDS: {
          const move = settlementRecord(view, at);
          // Above what is allowed nothing is kept: the group's end says so.
          if (move === undefined || records.length > this.#recordsMax) break;
          const { kind, a, b, price, base, quote } = move;
          records.push({ kind, a, b, price, dBase: base, dQuote: quote });
          sequences.push(readCount(view, at + EventOffset.SEQUENCE));
          break;
        }
        case EventKind.MARKET_CREATED:
        case EventKind.CONFIGURED:
        case EventKind.FEES_CHANGED:
        case EventKind.TIER_CHANGED: {
          const event = ruleEvent(readEvent(view, at));
          const next = this.#recordFirst + records.length;
          if (event !== undefined) changes.push(ruleChange(event, next));
          break;
        }
        case EventKind.EPOCH_MARK: {
          const event = readEvent(view, at);
          if (event?.type === 'epoch') this.#open.mark ??= event;
          break;
        }
        default:
      }
    }
  }

  #close(mark: EpochMark, logLast: number): ReplayedEpoch {
    const { records, sequences, changes, logFirst = logLast } = this.#open;
    this.#recordFirst += records.length;
    this.#open = new OpenEpoch();
    return {
      ok: true,
      market: this.#market ?? 0,
      epoch: BigInt(mark.epoch),
      logFirst: BigInt(logFirst),
      logLast: BigInt(logLast),
      logHeadEnd: this.#point.head,
      sequenceFirst: BigInt(mark.sequenceFirst),
      sequenceLast: BigInt(mark.sequence),
      stateHash: mark.stateHash,
      timeNs: mark.timeNs,
      ...{ records, sequences, changes },
    };
  }
}

/** Node's own takes a fraction of the time of the browsers' one. */
const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest());

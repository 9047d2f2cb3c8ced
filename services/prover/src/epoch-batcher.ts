// SPDX-License-Identifier: GPL-3.0-or-later
import { type EpochMark, MAX_EPOCH_RECORDS } from '@foldbook/protocol';
import { type Creation, checkRecord, RecordList, type RuleChange } from '@foldbook/verifier';
import { type RuleEvent, ruleChange } from '@foldbook/verifier/replay';
import type { ChainHead, DiffRecord, Settlement } from './diff-record.ts';
import { ProverError } from './prover-error.ts';
import { isSameChange } from './rule-events.ts';

const CHAIN_START = new Uint8Array(32);

/** All that the market said about one closed epoch. */
export interface ClosedEpoch {
  readonly epoch: number;
  /** Index of the first record, over the market's life. */
  readonly recordFirst: number;
  readonly records: RecordList;
  /** Of the market's rules, in order. */
  readonly changes: readonly RuleChange[];
  /** Market sequences, both inclusive. */
  readonly sequenceFirst: number;
  readonly sequenceLast: number;
  readonly stateHash: bigint;
  readonly timeNs: bigint;
  /** Hash-chain heads of the market's log before its first and after its last group. */
  readonly logHeadStart: Uint8Array;
  readonly logHeadEnd: Uint8Array;
  /** Log stream sequences of these groups. */
  readonly logFirst: number;
  readonly logLast: number;
}

/**
 * Gathers one market's diff records into closed epochs. The stream repeats itself where a market
 * restarted: what was seen is dropped by its number, after a look whether it says the same. What is
 * held can be compared: the open epoch, and the mark and head of the one before. What is missing is
 * never skipped: a gap throws, as does a repetition that says something else.
 */
export class EpochBatcher {
  readonly #market: string;
  readonly #maxRecords: number;
  #creation: Creation | undefined;
  #changes: RuleChange[] = [];
  /** Of the last record or change that was taken. */
  #sequence = 0;
  #records = new RecordList();
  #recordFirst = 0;
  #mark: EpochMark | undefined;
  #last: ClosedEpoch | undefined;

  constructor(market: string, maxRecords: number = MAX_EPOCH_RECORDS) {
    this.#market = market;
    this.#maxRecords = maxRecords;
  }

  /** Undefined until the market's creation was read. */
  get creation(): Creation | undefined {
    return this.#creation;
  }

  /** Index that the next new record will have. */
  get nextRecord(): number {
    return this.#recordFirst + this.#records.length;
  }

  /** Takes the stream's next record; returns the epoch that it closes, if it closes one. */
  push(record: DiffRecord): ClosedEpoch | undefined {
    switch (record.type) {
      case 'market-created':
      case 'fees-changed':
      case 'tier-changed':
      case 'configured':
        this.#change(record);
        return undefined;
      case 'settlement':
        this.#settle(record);
        return undefined;
      case 'epoch':
        this.#markEpoch(record);
        return undefined;
      case 'chain-head':
        return this.#close(record);
      default:
        return record satisfies never;
    }
  }

  #change(event: RuleEvent): void {
    const change = ruleChange(event, this.nextRecord);
    const { sequence } = event;
    if (change.kind === 'creation') this.#create(change);
    else if (this.#creation === undefined) {
      this.#fail('DIFF_GAP', `its rules change at sequence ${sequence}, before its creation`);
    }
    if (sequence > this.#sequence) {
      if (this.#mark !== undefined) {
        this.#fail('DIFF_GAP', `no chain head follows the mark of epoch ${this.#mark.epoch}`);
      }
      this.#changes.push(change);
      this.#sequence = sequence;
    } else if (sequence > (this.#last?.sequenceLast ?? 0)) {
      const held = this.#changes.find((known) => known.sequence === change.sequence);
      if (held === undefined || !isSameChange(held, change)) {
        this.#fail('DIFF_CONFLICT', `the rules change at sequence ${sequence} unlike before`);
      }
    }
  }

  #create(creation: Creation): void {
    const known = this.#creation;
    if (known !== undefined && !isSameChange(known, creation)) {
      this.#fail('DIFF_CONFLICT', 'it was created twice, and differs');
    }
    this.#creation ??= creation;
  }

  #settle(entry: Settlement): void {
    const expected = this.nextRecord;
    if (entry.recordIndex < expected) {
      this.#checkRepeated(entry);
      return;
    }
    if (this.#creation === undefined) {
      this.#fail('DIFF_GAP', `record ${entry.recordIndex} comes before its creation`);
    }
    if (entry.recordIndex > expected) {
      this.#fail('DIFF_GAP', `record ${entry.recordIndex} follows record ${expected - 1}`);
    }
    if (this.#mark !== undefined) {
      this.#fail('DIFF_GAP', `no chain head follows the mark of epoch ${this.#mark.epoch}`);
    }
    if (this.#records.length >= this.#maxRecords) {
      this.#fail(
        'EPOCH_TOO_LARGE',
        `epoch ${this.#nextEpoch} has over ${this.#maxRecords} records, more than a header counts`,
      );
    }
    this.#keep(entry);
    this.#sequence = entry.sequence;
  }

  #checkRepeated({ kind, a, b, price, base, quote, recordIndex }: Settlement): void {
    if (recordIndex < this.#recordFirst) return;
    const held = this.#records.get(recordIndex - this.#recordFirst);
    const same =
      held.kind === kind &&
      held.a === a &&
      held.b === b &&
      held.price === price &&
      held.dBase === base &&
      held.dQuote === quote;
    if (!same) this.#fail('DIFF_CONFLICT', `record ${recordIndex} comes twice, and differs`);
  }

  #keep({ kind, a, b, price, base, quote, recordIndex }: Settlement): void {
    const record = { kind, a, b, price, dBase: base, dQuote: quote };
    // What breaks its rules has no proof; better to say so than to fail in a circuit.
    const wrong = checkRecord(record);
    if (wrong !== undefined) {
      throw new ProverError(
        'RECORD_INVALID',
        `market ${this.#market}: record ${recordIndex} of epoch ${this.#nextEpoch}: ${wrong} ` +
          "(the market's engine should not have written it)",
      );
    }
    try {
      this.#records.push(record);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new ProverError(
        'EPOCH_TOO_LARGE',
        `market ${this.#market}: no memory for more than ${this.#records.length} records of ` +
          `epoch ${this.#nextEpoch}; start this prover again on a machine with more`,
        { cause: error },
      );
    }
  }

  #markEpoch(mark: EpochMark): void {
    if (mark.epoch < this.#nextEpoch) {
      this.#checkRepeatedMark(mark);
      return;
    }
    if (mark.epoch > this.#nextEpoch) {
      this.#fail('DIFF_GAP', `epoch ${mark.epoch} is marked, the next one is ${this.#nextEpoch}`);
    }
    const { recordFirst, recordCount } = mark;
    if (recordFirst !== this.#recordFirst || recordCount !== this.#records.length) {
      this.#fail(
        'DIFF_GAP',
        `epoch ${mark.epoch} has ${recordCount} records from ${recordFirst} on, ` +
          `read were ${this.#records.length} from ${this.#recordFirst} on`,
      );
    }
    const follows = (this.#last?.sequenceLast ?? 0) + 1;
    if (mark.sequenceFirst !== follows || mark.sequence < mark.sequenceFirst) {
      this.#fail(
        'DIFF_GAP',
        `epoch ${mark.epoch} covers sequences ${mark.sequenceFirst}..${mark.sequence}, ` +
          `and should start at ${follows}`,
      );
    }
    const known = this.#mark;
    const differs =
      known !== undefined &&
      (known.stateHash !== mark.stateHash ||
        known.timeNs !== mark.timeNs ||
        known.sequence !== mark.sequence);
    if (differs) this.#fail('DIFF_CONFLICT', `epoch ${mark.epoch} is marked twice, and differs`);
    this.#mark = mark;
  }

  #checkRepeatedMark(mark: EpochMark): void {
    const last = this.#last;
    if (last === undefined || mark.epoch !== last.epoch) return;
    const same =
      mark.sequenceFirst === last.sequenceFirst &&
      mark.sequence === last.sequenceLast &&
      mark.recordFirst + mark.recordCount === this.#recordFirst &&
      mark.stateHash === last.stateHash &&
      mark.timeNs === last.timeNs;
    if (!same) this.#fail('DIFF_CONFLICT', `epoch ${mark.epoch} is marked twice, and differs`);
  }

  #close(chain: ChainHead): ClosedEpoch | undefined {
    const mark = this.#mark;
    const last = this.#last;
    // A repeated head must not close the epoch whose mark was read just before the repetition.
    if (last !== undefined && chain.sequence <= last.sequenceLast) {
      const isLast = chain.sequence === last.sequenceLast;
      if (isLast && Buffer.compare(chain.head, last.logHeadEnd) !== 0) {
        this.#fail('DIFF_CONFLICT', `epoch ${last.epoch} has two chain heads`);
      }
      return undefined;
    }
    if (mark === undefined || chain.sequence !== mark.sequence) {
      return this.#fail('DIFF_GAP', 'a chain head comes without its epoch mark');
    }
    const closed: ClosedEpoch = {
      epoch: mark.epoch,
      recordFirst: this.#recordFirst,
      records: this.#records,
      changes: this.#changes,
      sequenceFirst: mark.sequenceFirst,
      sequenceLast: mark.sequence,
      stateHash: mark.stateHash,
      timeNs: mark.timeNs,
      logHeadStart: last?.logHeadEnd ?? CHAIN_START,
      logHeadEnd: chain.head,
      logFirst: chain.logFirst,
      logLast: chain.logSequence,
    };
    this.#recordFirst += this.#records.length;
    this.#records = new RecordList();
    this.#changes = [];
    this.#sequence = mark.sequence;
    this.#mark = undefined;
    // Without its records, which are the receiver's from now on.
    this.#last = { ...closed, records: new RecordList(0), changes: [] };
    return closed;
  }

  get #nextEpoch(): number {
    return this.#last === undefined ? 0 : this.#last.epoch + 1;
  }

  #fail(code: 'DIFF_GAP' | 'DIFF_CONFLICT' | 'EPOCH_TOO_LARGE', what: string): never {
    throw new ProverError(
      code,
      `market ${this.#market}: ${what} (diff stream; rebuild it from the market's log)`,
    );
  }
}

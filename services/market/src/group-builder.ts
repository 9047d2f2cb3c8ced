/** One market's open group: commands gathered until the log takes the next append. */
import assert from 'node:assert/strict';
import {
  Account,
  BatchKind,
  CommandKind,
  CommandOffset,
  MAX_COMMANDS_PER_GROUP,
  RECORD_BYTES,
  viewOf,
  writeBatchHeader,
} from '@foldbook/protocol';

/** Somebody who waits for an answer about commands of a group. */
export interface Asker {
  readonly encoding: 'binary' | 'msgpack';
  readonly replySubject: string;
  readonly account: number;
  readonly whenReceived: boolean;
  /** Index of the first of the asker's commands in the group. */
  readonly index: number;
  readonly count: number;
}

export interface Group {
  readonly payload: Uint8Array;
  readonly commands: number;
  readonly askers: readonly Asker[];
  readonly closesEpoch: boolean;
  /** Commands by the account that sent them, clients only. */
  readonly shares: ReadonlyMap<number, number>;
  /** When each of its messages was received, on the host's monotonic clock. */
  readonly receivedNs: readonly number[];
}

/** One place is kept for the epoch's close, which must be the last command of its group. */
const CAPACITY = MAX_COMMANDS_PER_GROUP - 1;
const FIRST_CAPACITY = 64;

export class GroupBuilder {
  #buffer = new Uint8Array((FIRST_CAPACITY + 1) * RECORD_BYTES);
  #count = 0;
  #askers: Asker[] = [];
  #shares = new Map<number, number>();
  #receivedNs: number[] = [];
  #sealed = false;

  get count(): number {
    return this.#count;
  }

  fits(commands: number): boolean {
    return !this.#sealed && this.#count + commands <= CAPACITY;
  }

  /**
   * One message's commands.
   * @param receivedNs when it came, on the host's monotonic clock
   * @param closesEpoch the records are one CLOSE_EPOCH; nothing may follow it in this group
   */
  add(
    records: Uint8Array,
    count: number,
    account: number,
    asker: Omit<Asker, 'index' | 'count'> | undefined,
    closesEpoch: boolean,
    receivedNs: number,
  ): void {
    assert(this.fits(count), 'the caller asks first whether the commands fit');
    this.#reserve(count + 1);
    this.#buffer.set(records, (this.#count + 1) * RECORD_BYTES);
    if (asker !== undefined) this.#askers.push({ ...asker, index: this.#count, count });
    if (account >= Account.FIRST_CLIENT) {
      this.#shares.set(account, (this.#shares.get(account) ?? 0) + count);
    }
    this.#receivedNs.push(receivedNs);
    this.#count += count;
    this.#sealed = closesEpoch;
  }

  /** The group's bytes for the log; the builder is empty afterwards. */
  take(market: number, timeNs: bigint, closeEpoch: boolean): Group {
    const closesEpoch = closeEpoch || this.#sealed;
    if (closeEpoch && !this.#sealed) this.#appendOwn(CommandKind.CLOSE_EPOCH);
    assert(this.#count > 0, 'no empty groups');
    const payload = this.#buffer.slice(0, (this.#count + 1) * RECORD_BYTES);
    writeBatchHeader(viewOf(payload), 0, {
      kind: BatchKind.GROUP,
      market,
      count: this.#count,
      timeNs,
    });
    const group = {
      payload,
      commands: this.#count,
      askers: this.#askers,
      closesEpoch,
      shares: this.#shares,
      receivedNs: this.#receivedNs,
    };
    this.#count = 0;
    this.#askers = [];
    this.#shares = new Map();
    this.#receivedNs = [];
    this.#sealed = false;
    return group;
  }

  /** A command that does nothing but let time pass. */
  addClock(): void {
    this.#appendOwn(CommandKind.CLOCK);
  }

  /** Request id 0: the sequencer's own command, exempt from the request rule. */
  #appendOwn(kind: CommandKind): void {
    this.#reserve(1);
    const at = (this.#count + 1) * RECORD_BYTES;
    this.#buffer.fill(0, at, at + RECORD_BYTES);
    this.#buffer[at + CommandOffset.KIND] = kind;
    this.#count += 1;
  }

  #reserve(more: number): void {
    const needed = (this.#count + more + 1) * RECORD_BYTES;
    if (needed <= this.#buffer.byteLength) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.byteLength * 2));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

/** One market's open group: commands gathered until the log takes the next append. */
import assert from 'node:assert/strict';
import {
  Account,
  BatchKind,
  CommandKind,
  CommandOffset,
  MAX_COMMANDS_PER_GROUP,
  RECORD_BYTES,
  Slab,
  viewOf,
  writeBatchHeader,
} from '@foldbook/protocol';

/** Somebody who waits for an answer about commands of a group. */
export interface Asker {
  readonly encoding: 'binary' | 'msgpack';
  readonly replySubject: string;
  readonly account: number;
  readonly whenReceived: boolean;
  /** It waits for the signed receipt of the group, too. */
  readonly wantsReceipt: boolean;
  /** Index of the first of the asker's commands in the group. */
  readonly index: number;
  readonly count: number;
}

export interface Group {
  readonly payload: Uint8Array;
  readonly commands: number;
  readonly askers: readonly Asker[];
  /** It ends with the sequencer's own close; an operator's may still be refused. */
  readonly closesEpoch: boolean;
  /** Commands by the account that sent them, clients only. */
  readonly shares: ReadonlyMap<number, number>;
  /** When each of its messages was received, on the host's monotonic clock. */
  readonly receivedNs: readonly number[];
}

/** One place is kept for the epoch's close, which must be the last command of its group. */
const CAPACITY = MAX_COMMANDS_PER_GROUP - 1;
const FIRST_CAPACITY = 64;

/** Groups live until the log has them. */
const slab = new Slab();

/** What is known of the message that brought commands. */
export interface MessageFacts {
  /** The records are one CLOSE_EPOCH; nothing may follow it in this group. */
  readonly closesEpoch: boolean;
  /** It takes orders off and does nothing else. */
  readonly isCancel: boolean;
  /** When it came, on the host's monotonic clock. */
  readonly receivedNs: number;
}

type Sender = Omit<Asker, 'index' | 'count'>;

/** Commands in the order in which they came, and who asked. */
class Lane {
  count = 0;
  askers: Asker[] = [];
  #buffer = new Uint8Array(FIRST_CAPACITY * RECORD_BYTES);

  add(records: Uint8Array, count: number, asker: Sender | undefined): void {
    this.#reserve(count);
    this.#buffer.set(records, this.count * RECORD_BYTES);
    if (asker !== undefined) this.askers.push({ ...asker, index: this.count, count });
    this.count += count;
  }

  get records(): Uint8Array {
    return this.#buffer.subarray(0, this.count * RECORD_BYTES);
  }

  empty(): void {
    this.count = 0;
    this.askers = [];
  }

  #reserve(more: number): void {
    const needed = (this.count + more) * RECORD_BYTES;
    if (needed <= this.#buffer.byteLength) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.byteLength * 2));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

export class GroupBuilder {
  /** Cancels go first, unless their account has other commands in the group that came before. */
  readonly #cancels = new Lane();
  readonly #others = new Lane();
  readonly #accountsOfOthers = new Set<number>();
  #shares = new Map<number, number>();
  #receivedNs: number[] = [];
  #sealed = false;

  get count(): number {
    return this.#cancels.count + this.#others.count;
  }

  fits(commands: number): boolean {
    return !this.#sealed && this.count + commands <= CAPACITY;
  }

  /** One message's commands. */
  add(
    records: Uint8Array,
    count: number,
    account: number,
    asker: Sender | undefined,
    message: MessageFacts,
  ): void {
    assert(this.fits(count), 'the caller asks first whether the commands fit');
    const isFirst = message.isCancel && !this.#accountsOfOthers.has(account);
    if (!isFirst) this.#accountsOfOthers.add(account);
    (isFirst ? this.#cancels : this.#others).add(records, count, asker);
    if (account >= Account.FIRST_CLIENT) {
      this.#shares.set(account, (this.#shares.get(account) ?? 0) + count);
    }
    this.#receivedNs.push(message.receivedNs);
    this.#sealed = message.closesEpoch;
  }

  /** The group's bytes for the log; the builder is empty afterwards. */
  take(market: number, timeNs: bigint, closeEpoch: boolean): Group {
    const closesEpoch = closeEpoch && !this.#sealed;
    if (closesEpoch) this.#addOwn(CommandKind.CLOSE_EPOCH);
    const { count } = this;
    assert(count > 0, 'no empty groups');
    const cancels = this.#cancels.count;
    const payload = slab.take((count + 1) * RECORD_BYTES);
    const header = { kind: BatchKind.GROUP, market, count, timeNs } as const;
    writeBatchHeader(viewOf(payload), 0, header);
    payload.set(this.#cancels.records, RECORD_BYTES);
    payload.set(this.#others.records, (cancels + 1) * RECORD_BYTES);
    const askersOfOthers = this.#others.askers.map((asker) => ({
      ...asker,
      index: asker.index + cancels,
    }));
    const group = {
      payload,
      commands: count,
      askers: [...this.#cancels.askers, ...askersOfOthers],
      closesEpoch,
      shares: this.#shares,
      receivedNs: this.#receivedNs,
    };
    this.#cancels.empty();
    this.#others.empty();
    this.#accountsOfOthers.clear();
    this.#shares = new Map();
    this.#receivedNs = [];
    this.#sealed = false;
    return group;
  }

  /** A command that does nothing but let time pass. */
  addClock(): void {
    this.#addOwn(CommandKind.CLOCK);
  }

  /** Request id 0: the sequencer's own command, exempt from the request rule. */
  #addOwn(kind: CommandKind): void {
    const record = new Uint8Array(RECORD_BYTES);
    record[CommandOffset.KIND] = kind;
    this.#others.add(record, 1, undefined);
  }
}

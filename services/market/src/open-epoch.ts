/** How many settlement records a market's open epoch has, and may come to have. */
import assert from 'node:assert/strict';
import { engineCapacity } from '@foldbook/engine';
import { MAX_COMMANDS_PER_GROUP, MAX_EPOCH_RECORDS } from '@foldbook/protocol';

/** Resting orders, or shown parts of them, that one order meets at most: RULES.md, section 6. */
const MAX_MATCHES = engineCapacity({}).matchLimit;
/** Its own order, the stops until they met as many together, and the last stop. */
const ORDERS_THAT_MATCH = 3;
/** A trade, and a fee of either side. */
const RECORDS_PER_MATCH = 3;
/** What a command moves beside its matches: funds, and room to spare. */
const OTHER_RECORDS = 100;
/** By the engine's rules; only it knows how many a command makes, and only afterwards. */
export const MAX_RECORDS_PER_COMMAND =
  RECORDS_PER_MATCH * MAX_MATCHES * ORDERS_THAT_MATCH + OTHER_RECORDS;

/**
 * Keeps an epoch within what its header counts, whatever the commands on their way through the log
 * will do. What is in the log can't be taken back, so before a group is appended there is room for
 * all that it can make, beside the records that there are and those that all commands on their way
 * can make. Where there is not, a close goes first: there is always room behind a close.
 */
export class OpenEpoch {
  readonly #most: number;
  #records = 0;
  /** Commands on their way, those before a close that is on its way left out. */
  #commands = 0;
  #closes = 0;

  /** @param most - records of an epoch; tests have reason to say less */
  constructor(most = MAX_EPOCH_RECORDS) {
    this.#most = most;
  }

  /** Records of the open epoch, as of the last group that came back. */
  get records(): number {
    return this.#records;
  }

  /** A close of the sequencer is on its way through the log. */
  get closing(): boolean {
    return this.#closes > 0;
  }

  /** Whether so many commands may follow what is on its way without a close before them. */
  hasRoom(commands: number): boolean {
    const known = this.closing ? 0 : this.#records;
    return known + (this.#commands + commands) * MAX_RECORDS_PER_COMMAND <= this.#most;
  }

  /** Instead of the groups that came back so far. */
  restore(records: number): void {
    this.#records = records;
  }

  /**
   * A group is on its way.
   * @param closes - it ends with the sequencer's own close, which an engine never refuses
   */
  appended(commands: number, closes: boolean): void {
    this.#commands = closes ? 0 : this.#commands + commands;
    if (closes) this.#closes += 1;
  }

  /** A group came back: what was said of it before, and the records that the engine counts. */
  executed(commands: number, closes: boolean, records: number): void {
    this.#records = records;
    if (closes) this.#closes -= 1;
    else if (!this.closing) this.#commands -= commands;
    assert(this.#commands >= 0 && this.#closes >= 0, 'a group comes back once');
  }
}

assert(
  MAX_COMMANDS_PER_GROUP * MAX_RECORDS_PER_COMMAND <= MAX_EPOCH_RECORDS,
  'an epoch has room for any one group',
);

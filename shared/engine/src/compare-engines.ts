/** Runs one flow of commands through two engines and stops where they disagree. */
import {
  Account,
  CommandOffset,
  EventOffset,
  RECORD_BYTES,
  Side,
  viewOf,
} from '@foldbook/protocol';
import { concatenate } from './command-record.ts';
import { BALANCE_WORDS, DEPTH_WORDS, type Engine } from './engine.ts';
import { describeEvents } from './event-words.ts';

export interface CommandGroup {
  /** `count` command records. */
  readonly records: Uint8Array;
  readonly count: number;
  readonly timeNs: bigint;
}

export interface Comparison {
  readonly commands: number;
  readonly events: number;
  /** Of both, at the end. */
  readonly stateHash: bigint;
}

export interface CompareOptions {
  /** Called after each group that both agree on, with its events. */
  readonly onGroup?: (events: Uint8Array) => void;
  /** Compares the state after every command, not only after every group. */
  readonly isThorough?: boolean;
  /** Compares the bytes of snapshots after every so many groups. */
  readonly snapshotEvery?: number;
  /**
   * From a snapshot of the right engine one of the left's kind goes on, and the other way round.
   */
  readonly restore?: EnginePair<(chunks: Iterable<Uint8Array>) => Engine>;
}

export interface EnginePair<Each> {
  readonly left: Each;
  readonly right: Each;
}

/** Two engines answered the same commands differently: one of them is wrong. */
export class DivergenceError extends Error {
  override readonly name = 'DivergenceError';
  /** Market sequence at which, or in the group up to which, they differ. */
  readonly sequence: bigint;

  constructor(sequence: bigint, message: string, options?: ErrorOptions) {
    super(`at market sequence ${sequence}: ${message}`, options);
    this.sequence = sequence;
  }
}

/**
 * Compares the bytes of all events, and after each group (or command) sequence, open records and
 * orders, timers, the last price, the best levels and the state hash, which covers everything.
 * @throws DivergenceError at the first difference
 */
export function compareEngines(
  left: Engine,
  right: Engine,
  groups: Iterable<CommandGroup>,
  options: CompareOptions = {},
): Comparison {
  const { onGroup, isThorough = false, snapshotEvery = 0, restore } = options;
  let engines = { left, right };
  let commands = 0;
  let events = 0;
  let groupsDone = 0;
  for (const group of groups) {
    for (const part of isThorough ? singly(group) : [group]) {
      const blocks = compareGroup(engines, part);
      compareStates(engines);
      events += blocks.byteLength / RECORD_BYTES;
      onGroup?.(blocks);
    }
    commands += group.count;
    groupsDone += 1;
    if (snapshotEvery === 0 || groupsDone % snapshotEvery !== 0) continue;
    const snapshot = compareSnapshots(engines);
    if (restore === undefined) continue;
    engines = { left: restore.left([snapshot]), right: restore.right([snapshot]) };
    compareStates(engines);
  }
  return { commands, events, stateHash: engines.left.stateHash() };
}

/** The commands of a group one by one: a group is its commands with one stamp. */
export function* singly({ records, count, timeNs }: CommandGroup): Generator<CommandGroup> {
  for (let index = 0; index < count; index += 1) {
    const at = index * RECORD_BYTES;
    yield { records: records.subarray(at, at + RECORD_BYTES), count: 1, timeNs };
  }
}

/** Gives the events of both. */
function compareGroup(engines: EnginePair<Engine>, group: CommandGroup): Uint8Array {
  const sequence = engines.left.sequence + BigInt(group.count);
  const left = eventsOrError(engines.left, group);
  const right = eventsOrError(engines.right, group);
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    compareEvents(left, right, group);
    return left;
  }
  const words = [left, right].map((each) => (each instanceof Error ? each.stack : 'went on'));
  const thrown = `an engine threw\n  left:  ${words[0]}\n  right: ${words[1]}`;
  throw new DivergenceError(sequence, thrown, { cause: left instanceof Error ? left : right });
}

/** An engine that throws is wrong, too, whichever way. */
function eventsOrError(engine: Engine, group: CommandGroup): Uint8Array | Error {
  try {
    return eventsOf(engine, group);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

export function eventsOf(engine: Engine, { records, count, timeNs }: CommandGroup): Uint8Array {
  const blocks: Uint8Array[] = [];
  engine.apply(records, count, timeNs, (block, events) => {
    blocks.push(block.slice(0, events * RECORD_BYTES));
  });
  return concatenate(blocks);
}

function compareEvents(left: Uint8Array, right: Uint8Array, group: CommandGroup): void {
  const at = left.findIndex((byte, index) => byte !== right[index]);
  if (at === -1 && left.byteLength === right.byteLength) return;
  const place = at === -1 ? Math.min(left.byteLength, right.byteLength) : at;
  const longer = left.byteLength >= right.byteLength ? left : right;
  const record = place - (place % RECORD_BYTES);
  const sequence = sequenceAt(longer, record);
  const what = `byte ${place - record} of event ${record / RECORD_BYTES} differs`;
  const both = [left, right].map((events) => eventsOfSequence(events, sequence));
  const bytes = [left, right].map((events) => hex(events.subarray(record, record + RECORD_BYTES)));
  const command = commandOf(group, sequence, sequenceAt(longer, 0));
  throw new DivergenceError(
    sequence,
    `${what}\n  command ${command}\n  left:\n    ${both[0]}\n  right:\n    ${both[1]}\n` +
      `  the event, left:  ${bytes[0]}\n  the event, right: ${bytes[1]}`,
  );
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const sequenceAt = (events: Uint8Array, at: number) =>
  viewOf(events).getBigUint64(at + EventOffset.SEQUENCE, true);

function eventsOfSequence(events: Uint8Array, sequence: bigint): string {
  const lines = describeEvents(events);
  const ofSequence = lines.filter((_, index) => {
    return sequenceAt(events, index * RECORD_BYTES) === sequence;
  });
  return ofSequence.length === 0 ? 'nothing' : ofSequence.join('\n    ');
}

/** The bytes of the command of a sequence; every command has at least one event. */
function commandOf({ records }: CommandGroup, sequence: bigint, first: bigint): string {
  const at = Number(sequence - first) * RECORD_BYTES;
  const record = records.subarray(at, at + RECORD_BYTES);
  return `of kind ${record[CommandOffset.KIND]}: ${hex(record)}`;
}

function compareStates({ left, right }: EnginePair<Engine>): void {
  const expect = (what: string, one: unknown, other: unknown) => {
    if (one === other) return;
    throw new DivergenceError(left.sequence, `${what} differs: ${one} and ${other}`);
  };
  expect('sequence', left.sequence, right.sequence);
  expect('number of open records', left.openRecords(), right.openRecords());
  expect('number of open orders', left.openOrders(), right.openOrders());
  expect('last price', left.lastPrice(), right.lastPrice());
  expect('next timer', left.nextTimerNs(), right.nextTimerNs());
  for (const side of [Side.BUY, Side.SELL]) {
    expect(`depth of side ${side}`, describeDepth(left, side), describeDepth(right, side));
    expect(`depth of side ${side}, in words`, depthWords(left, side), depthWords(right, side));
  }
  for (const account of [Account.SUPPLY, Account.FEES, Account.FIRST_CLIENT]) {
    expect(`balance of ${account}`, balanceOf(left, account), balanceOf(right, account));
    expect(`balance of ${account}, in words`, balanceOf(left, account), wordsOf(left, account));
    expect(`balance of ${account}, in words`, balanceOf(right, account), wordsOf(right, account));
  }
  expect('state hash', left.stateHash(), right.stateHash());
}

const COMPARED_LEVELS = 20;

function describeDepth(engine: Engine, side: Side): string {
  const levels = engine.depth(side, COMPARED_LEVELS);
  return levels.map(({ price, quantity, orders }) => `${quantity}@${price}/${orders}`).join(' ');
}

function depthWords(engine: Engine, side: Side): string {
  const words = new Int32Array(COMPARED_LEVELS * DEPTH_WORDS);
  const levels = engine.writeDepth(side, COMPARED_LEVELS, words, 0);
  return words.subarray(0, levels * DEPTH_WORDS).join(' ');
}

function balanceOf(engine: Engine, account: number): string {
  const { baseAvailable, baseHeld, quoteAvailable, quoteHeld } = engine.balance(account);
  return [baseAvailable, baseHeld, quoteAvailable, quoteHeld].join(' ');
}

function wordsOf(engine: Engine, account: number): string {
  const words = new Int32Array(BALANCE_WORDS);
  engine.writeBalance(account, words, 0);
  return new BigUint64Array(words.buffer).join(' ');
}

/** The bytes of both. */
function compareSnapshots({ left, right }: EnginePair<Engine>): Uint8Array {
  const ofLeft = snapshotOf(left);
  const ofRight = snapshotOf(right);
  const at = ofLeft.findIndex((byte, index) => byte !== ofRight[index]);
  if (at === -1 && ofLeft.byteLength === ofRight.byteLength) return ofLeft;
  const place = at === -1 ? Math.min(ofLeft.byteLength, ofRight.byteLength) : at;
  const start = place - (place % RECORD_BYTES);
  const [one, other] = [ofLeft, ofRight].map((bytes) => hex(bytes.subarray(start, start + 64)));
  const what = `record ${start / RECORD_BYTES} of the snapshot differs at byte ${place - start}`;
  throw new DivergenceError(left.sequence, `${what}\n  left:  ${one}\n  right: ${other}`);
}

/** A snapshot in one piece. */
export function snapshotOf(engine: Engine): Uint8Array {
  // Chunks are valid until the next one is asked for.
  return concatenate([...engine.snapshot().map((chunk) => chunk.slice())]);
}

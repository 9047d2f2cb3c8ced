/** Runs one flow of commands through two engines and stops where they disagree. */
import { EventOffset, RECORD_BYTES, readEvent, Side, viewOf } from '@foldbook/protocol';
import type { Engine } from './engine.ts';

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

/** Two engines answered the same commands differently: one of them is wrong. */
export class DivergenceError extends Error {
  override readonly name = 'DivergenceError';
  /** Market sequence at which, or in the group up to which, they differ. */
  readonly sequence: bigint;

  constructor(sequence: bigint, message: string) {
    super(`at market sequence ${sequence}: ${message}`);
    this.sequence = sequence;
  }
}

/**
 * Compares the bytes of all events, and after each group sequence, open records and orders, the
 * best levels and the state hash (which covers every order, balance and session).
 * @param onGroup - called after each group that both agree on, with its events
 * @throws DivergenceError at the first difference
 */
export function compareEngines(
  left: Engine,
  right: Engine,
  groups: Iterable<CommandGroup>,
  onGroup?: (events: Uint8Array) => void,
): Comparison {
  let commands = 0;
  let events = 0;
  for (const { records, count, timeNs } of groups) {
    const ofLeft = collectEvents(left, records, count, timeNs);
    const ofRight = collectEvents(right, records, count, timeNs);
    compareEvents(ofLeft, ofRight);
    compareStates(left, right);
    commands += count;
    events += ofLeft.byteLength / RECORD_BYTES;
    onGroup?.(ofLeft);
  }
  return { commands, events, stateHash: left.stateHash() };
}

function collectEvents(
  engine: Engine,
  records: Uint8Array,
  count: number,
  timeNs: bigint,
): Uint8Array {
  const blocks: Uint8Array[] = [];
  engine.apply(records, count, timeNs, (block, events) => {
    blocks.push(block.slice(0, events * RECORD_BYTES));
  });
  const all = new Uint8Array(blocks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.byteLength;
  }
  return all;
}

function compareEvents(left: Uint8Array, right: Uint8Array): void {
  const length = Math.max(left.byteLength, right.byteLength);
  const at = left.findIndex((byte, index) => byte !== right[index]);
  if (at === -1 && left.byteLength === right.byteLength) return;
  const place = at === -1 ? Math.min(left.byteLength, right.byteLength) : at;
  const record = place - (place % RECORD_BYTES);
  const longer = left.byteLength === length ? left : right;
  const sequence = viewOf(longer).getBigUint64(record + EventOffset.SEQUENCE, true);
  const [one, other] = [describeRecord(left, record), describeRecord(right, record)];
  throw new DivergenceError(sequence, `event byte ${place - record} differs: ${one} and ${other}`);
}

function compareStates(left: Engine, right: Engine): void {
  const expect = (what: string, one: unknown, other: unknown) => {
    if (one === other) return;
    throw new DivergenceError(left.sequence, `${what} differs: ${one} and ${other}`);
  };
  expect('sequence', left.sequence, right.sequence);
  expect('number of open records', left.openRecords(), right.openRecords());
  expect('number of open orders', left.openOrders(), right.openOrders());
  for (const side of [Side.BUY, Side.SELL]) {
    expect(`depth of side ${side}`, describeDepth(left, side), describeDepth(right, side));
  }
  expect('state hash', left.stateHash(), right.stateHash());
}

const COMPARED_LEVELS = 20;

function describeDepth(engine: Engine, side: Side): string {
  const levels = engine.depth(side, COMPARED_LEVELS);
  return levels.map(({ price, quantity, orders }) => `${quantity}@${price}/${orders}`).join(' ');
}

function describeRecord(events: Uint8Array, at: number): string {
  if (at >= events.byteLength) return 'nothing';
  const event = readEvent(viewOf(events), at);
  if (event === undefined) return `an event of kind ${events[at]}`;
  return JSON.stringify(event, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

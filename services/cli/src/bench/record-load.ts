/**
 * Loads of a prover, recorded: epochs as a market closes them whose orders are the built-in flow's,
 * in virtual time. `bench router --record` prints them; the prover's simulation plays them.
 */
import { Dice, KernelHost } from '@foldbook/engine';
import { encodeRecords, RECORD_BYTES } from '@foldbook/protocol';
import { netDeltas, RecordList } from '@foldbook/verifier';
import { builtInFlow } from '../built-in-flow.ts';
import { FIRST_ACCOUNT, openingOf, settlementRecords } from './pack-flow.ts';

/** As a market's configuration has it by default. */
const EPOCH_RECORDS = 240;
const GROUP_RECORDS = 1_024;
const MS_PER_MINUTE = 60_000;
const BURST_EVERY_MS = 5 * MS_PER_MINUTE;
const BURST_MS = 20_000;

export interface FlowTerms {
  readonly name: string;
  readonly markets: number;
  /** Of each market. */
  readonly accounts: number;
  readonly minutes: number;
  /** Of an epoch's oldest record, at which it closes. */
  readonly ageMs: number;
  /** Messages a second of each market, between bursts, or in the middle of the day. */
  readonly perSecond: number;
  /** So many times as many: for 20 s of every 5 min, or at open and close. */
  readonly peak: number;
  readonly shape: 'bursts' | 'day';
  readonly seed: number;
}

/** The router's constants were set by the loads whose names begin with `tune`, and no others. */
export const recordedFlows: readonly FlowTerms[] = [
  flow('tune-quiet', { accounts: 50, perSecond: 1, seed: 11 }),
  flow('tune-bursts', { accounts: 200, perSecond: 0.3, peak: 30, ageMs: 30_000, seed: 12 }),
  flow('tune-markets', { markets: 3, perSecond: 0.2, peak: 10, ageMs: 15_000, seed: 13 }),
  flow('bursts', { accounts: 500, perSecond: 0.4, peak: 40, ageMs: 20_000, seed: 21 }),
  flow('day', { accounts: 150, perSecond: 0.5, peak: 6, ageMs: 10_000, shape: 'day', seed: 22 }),
  flow('crowd', { markets: 2, accounts: 2_000, peak: 4, ageMs: 60_000, seed: 23 }),
  flow('thin', { markets: 4, accounts: 30, perSecond: 0.1, peak: 10, seed: 24 }),
];

function flow(name: string, terms: Partial<FlowTerms>): FlowTerms {
  const usual = {
    markets: 1,
    accounts: 100,
    minutes: 60,
    ageMs: 5_000,
    perSecond: 1,
    peak: 1,
    seed: 1,
  };
  return { name, shape: 'bursts', ...usual, ...terms };
}

interface Closed {
  readonly market: number;
  readonly closedMs: number;
  readonly records: number;
  readonly accounts: number;
}

/** A line of the prover's file of loads: of each epoch market, ms since the last, and counts. */
export function recordLoad(kernel: WebAssembly.Module, terms: FlowTerms): string {
  const markets = Array.from({ length: terms.markets }, (_, market) => market);
  const closed = markets.flatMap((market) => closedBy(kernel, terms, market));
  closed.sort((left, right) => left.closedMs - right.closedMs || left.market - right.market);
  let beforeMs = 0;
  const epochs = closed.flatMap(({ market, closedMs, records, accounts }) => {
    const gapMs = closedMs - beforeMs;
    beforeMs = closedMs;
    return [market, gapMs, records, accounts];
  });
  const { name, ...flow } = terms;
  return JSON.stringify({ name, flow, epochs });
}

function closedBy(kernel: WebAssembly.Module, terms: FlowTerms, market: number): Closed[] {
  const engine = new KernelHost(kernel).addMarket();
  let records = new RecordList();
  const onEvents = (block: Uint8Array, count: number) => {
    for (const record of settlementRecords(block, count)) records.push(record);
  };
  const opening = openingOf(terms.accounts);
  for (let at = 0; at < opening.length; at += GROUP_RECORDS * RECORD_BYTES) {
    const group = opening.subarray(at, at + GROUP_RECORDS * RECORD_BYTES);
    engine.apply(group, group.byteLength / RECORD_BYTES, 0n, onEvents);
  }
  records = new RecordList();
  const closed: Closed[] = [];
  let openedMs = 0;
  const close = (closedMs: number) => {
    const accounts = netDeltas(records).length;
    closed.push({ market, closedMs, records: records.length, accounts });
    records = new RecordList();
  };
  for (const { timeMs, command } of commands(terms, market)) {
    if (records.length > 0 && timeMs >= openedMs + terms.ageMs) close(openedMs + terms.ageMs);
    const before = records.length;
    engine.apply(command, 1, BigInt(timeMs) * 1_000_000n, onEvents);
    if (before === 0 && records.length > 0) openedMs = timeMs;
    if (records.length >= EPOCH_RECORDS) close(timeMs);
  }
  return closed;
}

/** The flow's messages at times of a Poisson process whose rate follows the shape. */
function* commands(terms: FlowTerms, market: number) {
  const { accounts, minutes, perSecond, peak, seed } = terms;
  const dice = new Dice(1_000 * seed + market);
  const endMs = minutes * MS_PER_MINUTE;
  const most = Math.ceil((endMs / 1_000) * perSecond * peak);
  const requests = new Float64Array(accounts);
  let timeMs = 0;
  for (const { sender, draft } of builtInFlow(most, accounts, 100 * seed + market).messages()) {
    const perMs = (perSecond * rateAt(terms, timeMs)) / 1_000;
    timeMs += -Math.log(1 - dice.below(2 ** 30) / 2 ** 30) / perMs;
    if (timeMs >= endMs) return;
    const request = (requests[sender] ?? 0) + 1;
    requests[sender] = request;
    const account = FIRST_ACCOUNT + sender;
    const command = { ...draft, requestId: BigInt(request), session: 1 };
    yield { timeMs: Math.floor(timeMs), command: encodeRecords([[account, command]]) };
  }
}

function rateAt({ shape, peak, minutes }: FlowTerms, timeMs: number): number {
  if (shape === 'bursts') return timeMs % BURST_EVERY_MS < BURST_MS ? peak : 1;
  // From the peak at both ends down to one in the middle.
  const fromMiddle = Math.abs((2 * timeMs) / (minutes * MS_PER_MINUTE) - 1);
  return 1 + (peak - 1) * fromMiddle ** 2;
}

/** One run of a workload on a fresh engine: timed as a whole, or command by command. */
import assert from 'node:assert/strict';
import { hrtime } from 'node:process';
import type { Engine } from '@foldbook/engine';
import { RECORD_BYTES, Side } from '@foldbook/protocol';
import { EventTally } from './event-tally.ts';
import { type LatencyPercentiles, percentiles } from './statistics.ts';
import { settledCpuUs } from './thread-cpu.ts';
import {
  NO_ASK,
  NO_BID,
  PRICE_LIMIT,
  RecordOffset,
  WORKLOAD_RECORD_BYTES,
  type Workload,
  type WorkloadOutcome,
} from './workload.ts';
import { type WorkloadCommands, workloadCommands } from './workload-commands.ts';

/** Any will do: nothing in a workload waits for a time. */
const GROUP_TIME_NS = 1_767_225_600_000_000_000n;
const CLOCK_SAMPLES = 100_001;

export interface MatchInput {
  readonly workload: Workload;
  readonly commands: WorkloadCommands;
  readonly tally: EventTally;
  /** Commands a call of the engine. */
  readonly group: number;
}

export interface MatchRun {
  readonly nsPerCommand: number;
  /** The thread's own time: not what it waits while others have its core. */
  readonly cpuNsPerCommand: number;
  readonly events: number;
  readonly trades: number;
  /** What is not as the workload's header says; empty if the run is right. */
  readonly mismatches: readonly string[];
}

export interface LatencyRun {
  /** Of one command a call, what a reading of the clock takes subtracted. */
  readonly latencyNs: LatencyPercentiles;
  /** Between two readings of the clock with nothing in between. */
  readonly clockNs: number;
  readonly mismatches: readonly string[];
}

export function matchInput(workload: Workload, accounts: number, group: number): MatchInput {
  const count = workload.prefill + workload.commands;
  const orderIds = Int32Array.from({ length: count }, (_, index) =>
    workload.records.getUint32(index * WORKLOAD_RECORD_BYTES + RecordOffset.ID, true),
  );
  const commands = workloadCommands(workload, accounts);
  return { workload, commands, tally: new EventTally(orderIds), group };
}

/** Times the commands after the prefill. */
export function runMatch(engine: Engine, input: MatchInput): MatchRun {
  const { workload, group, tally } = input;
  prefill(engine, input);
  const { commands } = input.commands;
  const last = workload.prefill + workload.commands;
  const eventsBefore = tally.events;
  const cpuBefore = settledCpuUs();
  const startNs = hrtime.bigint();
  for (let first = workload.prefill; first < last; first += group) {
    const end = Math.min(first + group, last);
    const records = commands.subarray(first * RECORD_BYTES, end * RECORD_BYTES);
    engine.apply(records, end - first, GROUP_TIME_NS, tally.add);
  }
  const tookNs = Number(hrtime.bigint() - startNs);
  const cpuNs = (settledCpuUs() - cpuBefore) * 1_000;
  return {
    cpuNsPerCommand: cpuNs / workload.commands,
    nsPerCommand: tookNs / workload.commands,
    events: tally.events - eventsBefore,
    trades: tally.trades,
    mismatches: compareOutcome(workload.expected, outcomeOf(engine, tally)),
  };
}

/** Times each command after the prefill in a call of its own. */
export function runLatency(engine: Engine, input: MatchInput): LatencyRun {
  const { workload, tally } = input;
  prefill(engine, input);
  const { commands } = input.commands;
  const samples = new Float64Array(workload.commands);
  for (let index = 0; index < workload.commands; index += 1) {
    const at = (workload.prefill + index) * RECORD_BYTES;
    const record = commands.subarray(at, at + RECORD_BYTES);
    const startNs = hrtime.bigint();
    engine.apply(record, 1, GROUP_TIME_NS, tally.add);
    samples[index] = Number(hrtime.bigint() - startNs);
  }
  const clockNs = clockCost();
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = Math.max((samples[index] ?? 0) - clockNs, 0);
  }
  return {
    latencyNs: percentiles(samples.sort()),
    clockNs,
    mismatches: compareOutcome(workload.expected, outcomeOf(engine, tally)),
  };
}

function prefill(engine: Engine, { workload, commands, tally }: MatchInput): void {
  const setUpCount = commands.setUp.byteLength / RECORD_BYTES;
  tally.reset(setUpCount + 1);
  engine.apply(commands.setUp, setUpCount, GROUP_TIME_NS, tally.add);
  assert.equal(tally.rejects, 0, 'the market refuses its accounts');
  engine.apply(commands.commands, workload.prefill, GROUP_TIME_NS, tally.add);
}

function clockCost(): number {
  const samples = Float64Array.from({ length: CLOCK_SAMPLES }, () => {
    const startNs = hrtime.bigint();
    return Number(hrtime.bigint() - startNs);
  });
  return percentiles(samples.sort()).p50;
}

function outcomeOf(engine: Engine, tally: EventTally): WorkloadOutcome {
  const bids = engine.depth(Side.BUY, PRICE_LIMIT);
  const asks = engine.depth(Side.SELL, PRICE_LIMIT);
  let l2Checksum = 0;
  for (const [side, levels] of [bids, asks].entries()) {
    for (const { price, quantity } of levels) {
      l2Checksum = (l2Checksum + Number(price) * 31 + Number(quantity) * 17 + side) >>> 0;
    }
  }
  return {
    trades: tally.trades,
    quantity: tally.tradedQuantity,
    tradeChecksum: tally.tradeChecksum,
    l2Checksum,
    openOrders: engine.openOrders(),
    bestBid: Number(bids[0]?.price ?? NO_BID),
    bestAsk: Number(asks[0]?.price ?? NO_ASK),
    rejects: tally.rejects,
  };
}

function compareOutcome(expected: WorkloadOutcome, found: WorkloadOutcome): string[] {
  return (Object.keys(expected) as (keyof WorkloadOutcome)[])
    .filter((field) => expected[field] !== found[field])
    .map((field) => `${field} is ${found[field]}, the workload says ${expected[field]}`);
}

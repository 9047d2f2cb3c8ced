/** What a seed makes of a world: how many are in it, how fast it is, and what goes wrong. */
import type { Dice } from '@foldbook/engine';
import type { MarketConfig } from '@foldbook/market/src/config.ts';
import type { NetworkOptions } from './sim-broker.ts';
import type { DiskOptions } from './sim-stream.ts';

const NS_PER_MS = 1e6;

export interface FaultOptions {
  /** Between two faults, on the mean. */
  readonly everyNs: number;
  /** How often each comes, among all. */
  readonly weights: {
    readonly crash: number;
    readonly stop: number;
    readonly pause: number;
    /** Stands still past its lease. */
    readonly freeze: number;
    readonly cutMarket: number;
    readonly cutTrader: number;
    readonly crashTrader: number;
    readonly pauseTrader: number;
    readonly brokerRestart: number;
    readonly powerFailure: number;
    readonly leasesAway: number;
    /** A snapshot is changed or taken away. */
    readonly spoil: number;
  };
  /** A market that is in the middle of something is hit there, one in so many; 0 for never. */
  readonly ambush: { readonly oneIn: number; readonly withinNs: number };
}

export interface WorldOptions {
  /** The machine of each node. */
  readonly machines: readonly string[];
  readonly markets: readonly string[];
  /** One trader each, in every market. */
  readonly accounts: readonly number[];
  /** Things go wrong from the first moment on, before there is a market. */
  readonly startsRough: boolean;
  readonly feesPpm: readonly [maker: number, taker: number];
  /** Traders and operator act, and faults happen, for so long. */
  readonly activeNs: number;
  /** Between two acts, at most. */
  readonly traderNs: number;
  readonly operatorNs: number;
  readonly resendAfterMs: number;
  readonly askAfterMs: number;
  readonly ackTimeoutMs: number;
  readonly turnNs: number;
  /** Clocks differ from the world's by up to so much, both ways. */
  readonly clockOffsetNs: number;
  readonly clockDriftPpm: number;
  readonly network: NetworkOptions;
  readonly disk: DiskOptions;
  readonly faults: FaultOptions;
  readonly market: Partial<Omit<MarketConfig, 'memory'>>;
}

export function optionsOf(dice: Dice): WorldOptions {
  const between = (least: number, most: number) => least + dice.below(most - least + 1);
  const isLossy = dice.oneIn(3);
  const leastNs = between(5_000, 200_000);
  return {
    machines: machinesOf(dice),
    markets: dice.oneIn(3) ? ['BTC-USD', 'ETH-USD'] : ['BTC-USD'],
    accounts: [2, 3, 4, 5].slice(0, between(2, 4)),
    startsRough: dice.oneIn(5),
    feesPpm: dice.oneIn(3) ? [-100, 400] : [between(0, 300), between(0, 900)],
    activeNs: between(600, 2_500) * NS_PER_MS,
    traderNs: between(4, 60) * NS_PER_MS,
    operatorNs: between(20, 400) * NS_PER_MS,
    resendAfterMs: between(20, 300),
    askAfterMs: between(30, 400),
    ackTimeoutMs: between(20, 200),
    turnNs: between(50, 600) * 1_000,
    clockOffsetNs: dice.oneIn(2) ? 0 : between(1, 3_000) * NS_PER_MS,
    clockDriftPpm: dice.oneIn(2) ? 0 : between(1, 500),
    network: {
      leastNs,
      mostNs: leastNs * between(2, 10),
      lossOneIn: dice.oneIn(3) ? 0 : between(10, 400),
      twiceOneIn: dice.oneIn(3) ? 0 : between(10, 400),
      reconnectNs: between(1, 80) * NS_PER_MS,
      lateOneIn: dice.oneIn(3) ? 0 : between(2, 20),
    },
    disk: {
      sync: isLossy && dice.oneIn(2) ? 'interval' : 'always',
      syncEveryNs: between(5, 200) * NS_PER_MS,
      storeNs: between(20, 3_000) * 1_000,
    },
    faults: faultsOf(dice),
    market: marketOf(dice),
  };
}

/** Some kinds of faults are left out, so that others have the time to matter. */
function faultsOf(dice: Dice): FaultOptions {
  const some = (weight: number) => (dice.oneIn(3) ? 0 : weight);
  return {
    everyNs: (30 + dice.below(300)) * NS_PER_MS,
    weights: {
      crash: some(4),
      stop: some(2),
      pause: some(3),
      freeze: some(4),
      cutMarket: some(3),
      cutTrader: some(2),
      crashTrader: some(2),
      pauseTrader: some(1),
      brokerRestart: some(2),
      powerFailure: some(2),
      leasesAway: some(1),
      spoil: some(1),
    },
    ambush: {
      oneIn: dice.oneIn(3) ? 0 : 3 + dice.below(12),
      withinNs: (1 + dice.below(20)) * NS_PER_MS,
    },
  };
}

/** Two nodes or three; some of them on the same machine. */
function machinesOf(dice: Dice): readonly string[] {
  const nodes = dice.oneIn(3) ? 3 : 2;
  const machines = dice.oneIn(3) ? 1 : 2;
  return Array.from({ length: nodes }, (_, node) => `machine-${1 + (node % machines)}`);
}

function marketOf(dice: Dice): WorldOptions['market'] {
  return {
    broker: { kind: 'nats', servers: 'simulated', replicas: 1, leaseMs: 200 + dice.below(400) },
    // A host of its own, whatever cores the machine has.
    hosts: 1,
    standby: { follow: !dice.oneIn(6), stallMs: 50 + dice.below(300) },
    snapshots: { everyCommands: dice.oneIn(4) ? 1_000_000 : 5 + dice.below(100) },
    maxGroupsInFlight: 1 + dice.below(8),
    epochRecords: 1 + dice.below(80),
    epochAgeMs: 10 + dice.below(1_000),
    maxLagMs: dice.oneIn(4) ? 20 : 60_000,
    cycleRecords: 1 + dice.below(64),
    accountRate: dice.oneIn(4) ? { perSec: 200, burst: 20 } : undefined,
    breakerRefusals: dice.oneIn(4) ? 5 : 500,
    breakerRestMs: 100,
  };
}

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
    readonly takeover: number;
    readonly cutMarket: number;
    readonly cutTrader: number;
    readonly crashTrader: number;
    readonly pauseTrader: number;
    readonly brokerRestart: number;
    readonly powerFailure: number;
  };
}

export interface WorldOptions {
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
    markets: dice.oneIn(3) ? ['BTC-USD', 'ETH-USD'] : ['BTC-USD'],
    accounts: [2, 3, 4, 5].slice(0, between(2, 4)),
    startsRough: dice.oneIn(5),
    feesPpm: dice.oneIn(3) ? [-100, 400] : [between(0, 300), between(0, 900)],
    activeNs: between(400, 1_500) * NS_PER_MS,
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
      takeover: some(4),
      cutMarket: some(3),
      cutTrader: some(2),
      crashTrader: some(2),
      pauseTrader: some(1),
      brokerRestart: some(2),
      powerFailure: some(2),
    },
  };
}

function marketOf(dice: Dice): WorldOptions['market'] {
  return {
    broker: { kind: 'nats', servers: 'simulated', replicas: 1, leaseMs: 10_000 },
    // A host of its own, whatever cores the machine has.
    hosts: 1,
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

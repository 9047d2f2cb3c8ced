/** What a deployment takes, computed from measured constants: the formulas of docs/scale.md. */
import { type Constants, coresOf, type PerCommand } from './scale-sections.ts';

export interface Plan {
  readonly name: string;
  /** Venues of the same size, each with brokers of its own. */
  readonly domains: number;
  /** Of each domain, as everything below. */
  readonly nodes: number;
  readonly brokers: number;
  readonly partitions: number;
  readonly standbys: number;
  readonly markets: number;
  readonly ordersPerSec: number;
  /** Accounts that trade, and in how many markets each. */
  readonly accounts: number;
  readonly marketsPerAccount: number;
}

export const PLANS: readonly Plan[] = [
  {
    name: '3 nodes',
    ...{ domains: 1, nodes: 3, brokers: 3, partitions: 12, standbys: 1, markets: 20 },
    ...{ ordersPerSec: 100_000, accounts: 2_000, marketsPerAccount: 5 },
  },
  {
    name: '30 nodes',
    ...{ domains: 1, nodes: 15, brokers: 15, partitions: 180, standbys: 1, markets: 1_000 },
    ...{ ordersPerSec: 2_000_000, accounts: 100_000, marketsPerAccount: 10 },
  },
  {
    name: 'internet',
    ...{ domains: 20, nodes: 30, brokers: 30, partitions: 240, standbys: 1, markets: 5_000 },
    ...{ ordersPerSec: 2_000_000, accounts: 500_000, marketsPerAccount: 10 },
  },
];

const COPIES = 3;
const DAY_SEC = 86_400;
/** The key-value bucket of a venue. */
const STREAMS_OF_VENUE = 1;
/** In reports, log and settlement: the terms of a partition. */
const TERM_SUBJECTS = 3;
/**
 * A node looks at all of the register twice a second, and once more for each node that tells its
 * load, which it does each second in which that changed; never sooner than 50 ms after a look.
 */
const LOOKS_PER_SEC = 2;
const MOST_LOOKS_PER_SEC = 20;
/** A prover reads the settlement stream of its partition. */
const PROVERS = 1;

const copyBytes = ({ logBytes, reportBytes, diffBytes }: PerCommand) =>
  logBytes + reportBytes + diffBytes;

/** Of one domain. Undefined where constants are missing. */
export function deploy(constants: Constants, plan: Plan) {
  const { partition, market, standby, service, broker, brokersOfThree } = constants;
  const { ofSparse: of, ofThree } = constants;
  const { partitions, standbys, markets, ordersPerSec: orders, accounts, brokers, nodes } = plan;
  if (!service || !broker || !of || !ofThree || brokersOfThree === undefined) return undefined;
  const messages = orders * of.messagesIn;
  // A group holds what one market was sent meanwhile, and a partition makes so many at most.
  const groups = Math.min(messages, partitions * (partition.mostGroupsPerSec ?? 0));
  // Of many accounts that each send little, hardly any two are reported together.
  const reports = orders * of.reports;
  const batches = (groups * of.diffs) / of.groups;
  const stored = groups + batches + reports;
  const rates = { commands: orders, groups: groups + batches, reports };
  const work = coresOf(service, rates);
  const coresOfPartition = work / partitions + (partition.idleCores ?? 0);
  const followed = (standby.coresPerMillion ?? 0) / 1e6;
  const coresOfStandbys = standbys * (followed * orders + (standby.idleCores ?? 0) * partitions);
  const coresOfBrokers =
    brokersOfThree * coresOf(broker, rates) + (partition.idleBrokerCoresOfThree ?? 0) * partitions;
  const bytesOfCopy = copyBytes(of);
  const routed = ofThree.routeBytes / copyBytes(ofThree);
  const streams = (partition.streams ?? 0) * partitions + STREAMS_OF_VENUE;
  const processes = partitions * (1 + standbys);
  return {
    ordersPerPartition: orders / partitions,
    messagesPerSec: messages,
    groupsPerSec: groups,
    storedPerSec: stored,
    storedPerBroker: (COPIES * stored) / brokers,
    coresOfPartition,
    coresOfServices: coresOfPartition * partitions,
    coresOfStandbys,
    coresPerNode:
      (coresOfPartition * partitions + coresOfStandbys) / nodes + (constants.node.idleCores ?? 0),
    coresOfBrokers,
    coresPerBroker: coresOfBrokers / brokers,
    brokerInBytesPerSec: (orders * of.brokerInBytes) / brokers,
    brokerOutBytesPerSec:
      (orders * (of.brokerOutBytes + standbys * (standby.bytesPerCommand ?? 0))) / brokers,
    routeBytesPerSec: (orders * routed * bytesOfCopy) / brokers,
    diskBytesPerDay: (COPIES * bytesOfCopy * orders * DAY_SEC) / brokers,
    memoryPerNode:
      (processes * (partition.residentBytes ?? 0) +
        (1 + standbys) * markets * (market.residentBytes ?? 0)) /
        nodes +
      (constants.node.residentBytes ?? 0),
    streams,
    copiesPerBroker: (COPIES * streams) / brokers,
    consumers: partitions * (standbys * (standby.consumers ?? 0) + PROVERS),
    subjects: accounts * plan.marketsPerAccount + 2 * markets + TERM_SUBJECTS * partitions,
    looksPerSec: nodes * Math.min(MOST_LOOKS_PER_SEC, LOOKS_PER_SEC + nodes),
    restartSec:
      ((market.startOfAllMs ?? 0) + (Math.max(0, market.startMs ?? 0) * markets) / partitions) /
      1_000,
  };
}

export type Deployment = NonNullable<ReturnType<typeof deploy>>;

/** What `bench scale` prints: a line a run, and tables in Markdown. */
import { grouped } from '../output.ts';
import { type Machine, machineWords } from './machine.ts';
import { type Deployment, deploy, PLANS, type Plan } from './scale-model.ts';
import type { ScaleRun } from './scale-run.ts';
import type { Constants, PerCommand, Section } from './scale-sections.ts';

const MIB = 2 ** 20;
const MILLION = 1_000_000;
const NONE = '-';

const sized = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
const significant = (value: number) =>
  Math.abs(value) >= 100 ? grouped(value) : `${Number(value.toPrecision(2))}`;
const told = (value: number | undefined, unit = '') =>
  value === undefined || Number.isNaN(value) ? NONE : `${significant(value)}${unit}`;

const rows = (cells: readonly (readonly string[])[]) =>
  cells.map((row) => `| ${row.join(' | ')} |`).join('\n');

const markdown = (head: readonly string[], cells: readonly (readonly string[])[]) =>
  rows([head, head.map(() => '---'), ...cells]);

/** Of a million commands, by what the load took beyond idleness, s. */
export function cpuPerMillion({ idle, loaded, commandsPerSec }: ScaleRun) {
  const of = (who: 'brokers' | 'services' | 'nodes') =>
    (MILLION * (loaded[who].cores - idle[who].cores)) / commandsPerSec;
  return { brokers: of('brokers'), services: of('services') };
}

const sizesOf = ({ replicas, partitions, markets, nodes, clients }: ScaleRun['spec']) =>
  [`R${replicas}`, partitions, markets, nodes, clients].map(String);

function runCells(run: ScaleRun): string[] {
  const { idle, loaded, receivedMs, spec } = run;
  const cpu = cpuPerMillion(run);
  return [
    ...sizesOf(spec),
    `${told(idle.services.cores)}, ${told(idle.brokers.cores)}`,
    `${told(idle.clients.inMessages)}, ${told(idle.routes.messages)}`,
    `${sized(idle.services.residentBytes)}, ${sized(idle.brokers.residentBytes)}`,
    grouped(run.commandsPerSec),
    [loaded.log, loaded.reports, loaded.diffs].map(({ messages }) => told(messages)).join(', '),
    `${told(cpu.services)}, ${told(cpu.brokers)}`,
    receivedMs === undefined ? NONE : `${told(receivedMs.p50)}, ${told(receivedMs.p99)}`,
  ];
}

const RUN_HEAD = [
  'copies',
  'partitions',
  'markets',
  'nodes',
  'accounts',
  'idle cores: services, brokers',
  'idle messages/s: clients, routes',
  'memory: services, brokers',
  'commands/s',
  'log, reports, diffs/s',
  'CPU s/M: services, brokers',
  'in the log: p50, p99 ms',
] as const;

export function runWords(section: Section, run: ScaleRun): string {
  const [copies = '', partitions, markets, nodes, accounts] = sizesOf(run.spec);
  const cells = runCells(run).slice(5);
  const named = RUN_HEAD.slice(5).map((name, index) => `  ${name.padEnd(34)} ${cells[index]}`);
  return [
    `${section}: ${copies}, ${partitions} partitions, ${markets} markets, ${nodes} nodes, ` +
      `${accounts} accounts`,
    ...named,
  ].join('\n');
}

const BYTES_HEAD = ['a command', 'one broker', 'the same, fewest commands/s', 'three brokers'];
const BYTE_NAMES: readonly (readonly [keyof PerCommand, string])[] = [
  ['messagesIn', 'messages of clients'],
  ['groups', 'groups in the log'],
  ['reports', 'reports stored'],
  ['diffs', 'settlement batches stored'],
  ['publicMessages', 'batches of market data'],
  ['brokerInBytes', 'bytes into brokers from clients and services'],
  ['brokerOutBytes', 'bytes out of brokers to clients and services'],
  ['routeBytes', 'bytes between brokers'],
  ['logBytes', 'bytes in the log, a copy'],
  ['reportBytes', 'bytes of reports, a copy'],
  ['diffBytes', 'bytes of settlement, a copy'],
  ['publicBytes', 'bytes of market data, to each reader of all'],
  ['writtenBytes', 'bytes written to disks, all copies'],
];

function constantCells({
  partition,
  market,
  node,
  standby,
  account,
  service,
  broker,
  ...of
}: Constants) {
  const us = (seconds: number | undefined) =>
    told(seconds === undefined ? undefined : seconds * MILLION, ' us');
  return [
    [
      '`s_c`, `s_g`, `s_r`: service, a command, a group or settlement batch, a report',
      `${us(service?.perCommand)}, ${us(service?.perGroup)}, ${us(service?.perReport)}`,
    ],
    [
      '`b_c`, `b_g`, `b_r`: broker, the same',
      `${us(broker?.perCommand)}, ${us(broker?.perGroup)}, ${us(broker?.perReport)}`,
    ],
    ['`k_3`: work of three brokers to that of one', told(of.brokersOfThree)],
    ['`s_0`: idle cores of a partition', told(partition.idleCores)],
    [
      '`b_0`: idle cores of brokers for a partition, one; three',
      `${told(partition.idleBrokerCores)}; ${told(partition.idleBrokerCoresOfThree)}`,
    ],
    [
      'idle messages/s, bytes/s of a partition at its broker',
      `${told(partition.idleMessagesPerSec)}, ${told(partition.idleBytesPerSec)}`,
    ],
    [
      'idle messages/s, bytes/s between three brokers, a partition',
      `${told(partition.idleRouteMessagesPerSec)}, ${told(partition.idleRouteBytesPerSec)}`,
    ],
    ['`M_p`: memory of a partition', told(bytesIn(partition.residentBytes), ' MiB')],
    ['`M_m`: memory of a market, empty', told(bytesIn(market.residentBytes), ' MiB')],
    ['`S_p`: streams of a partition', told(partition.streams)],
    ['`g`: most groups/s of a partition', told(partition.mostGroupsPerSec)],
    ['to create a market', told(market.createMs, ' ms')],
    [
      '`t_0`, `t_m`: start of a node with one market; each further one',
      `${told(market.startOfAllMs, ' ms')}, ${told(market.startMs, ' ms')}`,
    ],
    ['`t_c`: a command of the log, executed at a start', told(market.replayUsPerCommand, ' us')],
    [
      '`n_0`, `M_n`: node process, idle cores, memory',
      `${told(node.idleCores)}, ${told(bytesIn(node.residentBytes), ' MiB')}`,
    ],
    [
      'idle messages/s, bytes/s of a further node',
      `${told(node.idleMessagesPerSec)}, ${told(node.idleBytesPerSec)}`,
    ],
    [
      '`f_0`, `f_c`: standby, idle cores, CPU s a million commands',
      `${told(standby.idleCores)}, ${told(standby.coresPerMillion)}`,
    ],
    ['`M_f`: memory of a standby', told(bytesIn(standby.residentBytes), ' MiB')],
    [
      '`f_b`: bytes to a standby, a command; consumers',
      `${told(standby.bytesPerCommand)}, ${told(standby.consumers)}`,
    ],
    ['memory of a broker for a report subject, loaded', told(account.brokerBytesPerSubject, ' B')],
    ['memory of a service for an account', told(account.serviceBytes, ' B')],
  ];
}

/** Of a section that was measured. */
const isMeasured = ([, figures = '']: readonly string[]) => /\d/.test(figures);

const bytesIn = (bytes: number | undefined) => (bytes === undefined ? undefined : bytes / MIB);

const PLAN_NAMES: readonly (readonly [string, (plan: Plan, of: Deployment) => string])[] = [
  ['domains, each of', ({ domains }) => `${domains}`],
  ['nodes; brokers', ({ nodes, brokers }) => `${nodes}; ${brokers}`],
  ['partitions; standbys of each', ({ partitions, standbys }) => `${partitions}; ${standbys}`],
  ['markets; accounts', ({ markets, accounts }) => `${grouped(markets)}; ${grouped(accounts)}`],
  ['orders/s', ({ ordersPerSec }) => grouped(ordersPerSec)],
  ['orders/s of a partition', (_, of) => grouped(of.ordersPerPartition)],
  [
    'groups/s; stored messages/s',
    (_, of) => `${grouped(of.groupsPerSec)}; ${grouped(of.storedPerSec)}`,
  ],
  ['stored messages/s of a broker, copies counted', (_, of) => grouped(of.storedPerBroker)],
  ['cores of a partition (of one)', (_, of) => told(of.coresOfPartition)],
  [
    'cores: owners; standbys',
    (_, of) => `${told(of.coresOfServices)}; ${told(of.coresOfStandbys)}`,
  ],
  ['cores of a node', (_, of) => told(of.coresPerNode)],
  ['cores: brokers; each', (_, of) => `${told(of.coresOfBrokers)}; ${told(of.coresPerBroker)}`],
  [
    'MB/s of a broker: in; out; routes in',
    (_, of) =>
      [of.brokerInBytesPerSec, of.brokerOutBytesPerSec, of.routeBytesPerSec]
        .map((bytes) => told(bytes / 1e6))
        .join('; '),
  ],
  ['disk of a broker, TB a day', (_, of) => told(of.diskBytesPerDay / 1e12)],
  ['memory of a node, GiB', (_, of) => told(of.memoryPerNode / 2 ** 30)],
  ['streams; copies on a broker', (_, of) => `${grouped(of.streams)}; ${told(of.copiesPerBroker)}`],
  ['consumers; subjects stored', (_, of) => `${grouped(of.consumers)}; ${grouped(of.subjects)}`],
  ['looks at the register/s at most, a consumer made each', (_, of) => grouped(of.looksPerSec)],
  ['start of a partition without snapshots or log, s', (_, of) => told(of.restartSec)],
];

/** A domain of each plan; what can't be computed is left out. */
function deploymentCells(constants: Constants): string[][] {
  const deployed = PLANS.flatMap((plan) => {
    const of = deploy(constants, plan);
    return of === undefined ? [] : [{ plan, of }];
  });
  if (deployed.length === 0) return [];
  return PLAN_NAMES.map(([name, tell]) => [
    name,
    ...deployed.map(({ plan, of }) => tell(plan, of)),
  ]);
}

/** What there is of constants, bytes and deployments, in Markdown. */
export function scaleTables(
  runs: readonly ScaleRun[],
  constants: Constants,
  where: { readonly machine: Machine; readonly natsServer: string; readonly method: string },
): string {
  const { ofOne, ofSparse, ofThree } = constants;
  const bytes = BYTE_NAMES.map(([key, name]) => [
    name,
    ...[ofOne, ofSparse, ofThree].map((of) => told(of?.[key])),
  ]);
  const deployments = deploymentCells(constants);
  const parts = [
    `${machineWords(where.machine)}; nats-server ${where.natsServer}. ${where.method}`,
    markdown(RUN_HEAD, runs.map(runCells)),
    markdown(['constant', 'measured'], constantCells(constants).filter(isMeasured)),
    ...(ofOne === undefined ? [] : [markdown(BYTES_HEAD, bytes)]),
    ...(deployments.length === 0
      ? []
      : [markdown(['one domain', ...PLANS.map(({ name }) => name)], deployments)]),
  ];
  return parts.join('\n\n');
}

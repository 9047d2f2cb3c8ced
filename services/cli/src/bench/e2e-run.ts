/** One run of `bench e2e`: brokers, the market or the floor, clients; all of it new each time. */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OperatorClient } from '@foldbook/client';
import { Asset, diffStream, logStream } from '@foldbook/protocol';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import { interrupted } from '../cli-error.ts';
import { LocalCluster } from '../local-cluster.ts';
import { startService } from '../service-process.ts';
import { AskedProcess } from './asked-process.ts';
import { e2eMarketConfig, GROUPS_IN_FLIGHT } from './e2e-market-config.ts';
import type {
  ClientsMeasured,
  ClientsQuestions,
  E2eMix,
  FloorQuestions,
  FloorShape,
} from './e2e-messages.ts';
import { type ProcessCpu, readProcessCpu } from './process-cpu.ts';
import { withWorkFolder } from './work-folder.ts';

export const CLIENTS_MAIN = fileURLToPath(new URL('./e2e-main.ts', import.meta.url));
const FLOOR_MAIN = fileURLToPath(new URL('./e2e-floor-main.ts', import.meta.url));
export const MARKET = 'BENCH';
export const FIRST_ACCOUNT = 100;
const FUNDS = 2n ** 50n;
const MAKER_FEE_PPM = 100;
const TAKER_FEE_PPM = 200;
/** As the market's publisher has it, on each stream. */
const OUTPUTS_IN_FLIGHT = 256;
/** What a stored message has beside subject and payload: lengths, checksum, headers of a writer. */
const STORED_BYTES = 180;
const ASK_WITHIN_MS = 30_000;

export interface E2eSettings extends E2eMix {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly clients: number;
  readonly processes: number;
  readonly connections: number;
  readonly replicas: number;
  /** Where profiles of the market go; undefined: none are taken. */
  readonly profileDir: string | undefined;
}

export interface CpuSeconds {
  readonly broker: number;
  /** Thread of the market's input and output, or all of the floor. */
  readonly service: number;
  /** The market's other threads: its engine's, and Node's helpers. */
  readonly others: number;
  readonly clients: number;
}

/** Of all clients together. */
export interface E2eMeasured extends Omit<ClientsMeasured, 'receivedMs' | 'reportedMs'> {
  readonly ordersPerSec: number;
  readonly groups: number;
  readonly diffMessages: number;
  readonly diffBytes: number;
  /** Sorted. */
  readonly receivedMs: Float64Array;
  readonly reportedMs: Float64Array;
  /** Of the measured time; undefined where the system does not tell. */
  readonly cpu: CpuSeconds | undefined;
}

/** The measured runs that were asked for, one after the other, on one market or floor. */
export interface E2eResult {
  readonly runs: readonly E2eMeasured[];
  /** All that was on its way came back. */
  readonly isWhole: boolean;
}

/** A rate at which to send; undefined: as fast as windows allow. */
export type Rate = number | undefined;

interface Stage {
  readonly dir: string;
  readonly cluster: LocalCluster;
  readonly transport: NatsTransport;
  readonly settings: E2eSettings;
  readonly signal: AbortSignal;
}

export function runMarket(
  settings: E2eSettings,
  rates: readonly Rate[],
  tell: { readonly onTrouble: (line: string) => void; readonly signal: AbortSignal },
): Promise<E2eResult> {
  return onStage(settings, tell.signal, async (stage) => {
    const { profileDir } = settings;
    const service = await startService('market', {
      config: e2eMarketConfig(settings, stage.cluster.servers),
      logDir: stage.dir,
      onTrouble: tell.onTrouble,
      signal: tell.signal,
    });
    try {
      await openMarket(stage.transport, MARKET, settings.clients);
      const toggle = () => {
        if (profileDir !== undefined) service.child.kill('SIGUSR2');
      };
      return await measure(stage, service.child.pid ?? 0, rates, toggle);
    } finally {
      await service.stop();
    }
  });
}

export function runFloor(
  settings: E2eSettings,
  shape: FloorShape,
  signal: AbortSignal,
): Promise<E2eResult> {
  return onStage(settings, signal, async (stage) => {
    const floor = new AskedProcess<FloorQuestions>(FLOOR_MAIN, [], signal);
    try {
      await floor.ask('serve', {
        ...shape,
        servers: stage.cluster.servers,
        market: MARKET,
        firstAccount: FIRST_ACCOUNT,
        accounts: settings.clients,
        replicas: settings.replicas,
        groupsInFlight: GROUPS_IN_FLIGHT,
        outputsInFlight: OUTPUTS_IN_FLIGHT,
      });
      return await measure(stage, floor.processId, [undefined], () => undefined);
    } finally {
      await floor.stop();
    }
  });
}

/** What the floor has to make, from what a market made. */
export function shapeOf(measured: E2eMeasured): FloorShape {
  const { reportedCommands } = measured;
  return {
    commandsPerGroup: reportedCommands / measured.groups,
    reportMessagesPerCommand: measured.reportMessages / reportedCommands,
    reportBytesPerCommand: measured.reportBytes / reportedCommands,
    diffMessagesPerCommand: measured.diffMessages / reportedCommands,
    diffBytesPerCommand: measured.diffBytes / reportedCommands,
  };
}

function onStage<T>(
  settings: E2eSettings,
  signal: AbortSignal,
  use: (stage: Stage) => Promise<T>,
): Promise<T> {
  return withWorkFolder(async (dir) => {
    const cluster = await LocalCluster.start({ dir, servers: settings.replicas });
    try {
      const { servers } = cluster;
      const transport = await connectNats({ servers, name: 'foldbook-bench' });
      try {
        return await use({ dir, cluster, transport, settings, signal });
      } finally {
        await transport.close();
      }
    } finally {
      await cluster.stop();
    }
  });
}

/** With so many accounts, from `FIRST_ACCOUNT` on, that have funds for everything. */
export async function openMarket(
  transport: NatsTransport,
  market: string,
  clients: number,
): Promise<void> {
  const operator = new OperatorClient(transport, market);
  await operator.createMarket(MAKER_FEE_PPM, TAKER_FEE_PPM);
  await fundAccounts(transport, market, clients);
}

export async function fundAccounts(
  transport: NatsTransport,
  market: string,
  clients: number,
): Promise<void> {
  const operator = new OperatorClient(transport, market);
  const accounts = Array.from({ length: clients }, (_, index) => FIRST_ACCOUNT + index);
  await Promise.all(
    accounts.flatMap((account) =>
      [Asset.BASE, Asset.QUOTE].map((asset) => operator.deposit(account, asset, FUNDS)),
    ),
  );
}

async function measure(
  stage: Stage,
  servicePid: number,
  rates: readonly Rate[],
  toggleProfile: () => void,
): Promise<E2eResult> {
  const { settings, signal } = stage;
  const processes = Array.from(
    { length: settings.processes },
    () => new AskedProcess<ClientsQuestions>(CLIENTS_MAIN, [], signal),
  );
  try {
    await attach(stage, processes);
    const runs: E2eMeasured[] = [];
    let isWhole = true;
    for (const rate of rates) {
      const perSec = rate === undefined ? undefined : rate / processes.length;
      await Promise.all(processes.map((each) => each.ask('start', { perSec })));
      await wait(settings.warmUpSeconds, signal);
      toggleProfile();
      runs.push(await measureOne(stage, processes, servicePid));
      toggleProfile();
      const ends = await Promise.all(processes.map((each) => each.ask('stop', undefined)));
      isWhole &&= ends.every((end) => end);
    }
    return { runs, isWhole };
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
  }
}

async function attach(
  { cluster, settings }: Stage,
  processes: readonly AskedProcess<ClientsQuestions>[],
): Promise<void> {
  const { window, singlePercent, batch, clients, connections } = settings;
  const from = (index: number) => Math.floor((index * clients) / processes.length);
  await Promise.all(
    processes.map((each, index) =>
      each.ask('attach', {
        ...{ window, singlePercent, batch, connections },
        servers: cluster.servers,
        market: MARKET,
        firstAccount: FIRST_ACCOUNT + from(index),
        accounts: from(index + 1) - from(index),
      }),
    ),
  );
}

async function measureOne(
  stage: Stage,
  processes: readonly AskedProcess<ClientsQuestions>[],
  servicePid: number,
): Promise<E2eMeasured> {
  const { cluster, settings, signal } = stage;
  const pids = {
    broker: await cluster.processIds(),
    service: [servicePid],
    clients: processes.map(({ processId }) => processId),
  };
  const ask = () => Promise.all(processes.map((each) => each.ask('measure', undefined)));
  const streamsBefore = await streamFacts(stage);
  await ask();
  const cpuBefore = mapPids(pids);
  await wait(settings.seconds, signal);
  const measured = await ask();
  const cpuAfter = mapPids(pids);
  const streams = await streamFacts(stage);
  return {
    ...together(measured),
    groups: streams.groups - streamsBefore.groups,
    diffMessages: streams.diffMessages - streamsBefore.diffMessages,
    diffBytes: streams.diffBytes - streamsBefore.diffBytes,
    cpu: between(cpuBefore, cpuAfter),
  };
}

/** What several processes measured, as one. */
export function together(all: readonly ClientsMeasured[]) {
  const sum = (of: (measured: ClientsMeasured) => number) =>
    all.reduce((total, measured) => total + of(measured), 0);
  const sorted = (of: (measured: ClientsMeasured) => Float64Array) => {
    const joined = new Float64Array(sum((measured) => of(measured).length));
    let at = 0;
    for (const measured of all) {
      joined.set(of(measured), at);
      at += of(measured).length;
    }
    return joined.sort();
  };
  return {
    seconds: sum(({ seconds }) => seconds) / all.length,
    ordersPerSec: sum(({ reportedCommands, seconds }) => reportedCommands / seconds),
    messages: sum(({ messages }) => messages),
    sentCommands: sum(({ sentCommands }) => sentCommands),
    reportedCommands: sum(({ reportedCommands }) => reportedCommands),
    reportMessages: sum(({ reportMessages }) => reportMessages),
    reportBytes: sum(({ reportBytes }) => reportBytes),
    rejected: sum(({ rejected }) => rejected),
    refused: sum(({ refused }) => refused),
    pendingFirst: sum(({ pendingFirst }) => pendingFirst),
    pendingLast: sum(({ pendingLast }) => pendingLast),
    receivedMs: sorted(({ receivedMs }) => receivedMs),
    reportedMs: sorted(({ reportedMs }) => reportedMs),
  };
}

async function streamFacts({ transport }: Stage) {
  const [log, diff] = await Promise.all([
    streamState(transport, logStream(0)),
    streamState(transport, diffStream(0)),
  ]);
  return {
    groups: log.messages,
    diffMessages: diff.messages,
    diffBytes: Math.max(0, diff.bytes - diff.messages * STORED_BYTES),
  };
}

async function streamState(transport: NatsTransport, name: string) {
  const subject = `$JS.API.STREAM.INFO.${name}`;
  const answer = await transport.request(subject, new Uint8Array(0), ASK_WITHIN_MS);
  const { state } = JSON.parse(new TextDecoder().decode(answer)) as {
    readonly state: { readonly messages: number; readonly bytes: number };
  };
  return state;
}

interface Pids {
  readonly broker: readonly number[];
  readonly service: readonly number[];
  readonly clients: readonly number[];
}

type Cpu = { readonly [Who in keyof Pids]: ProcessCpu | undefined };

function mapPids(pids: Pids): Cpu {
  const sum = (all: readonly number[]) =>
    all
      .map(readProcessCpu)
      .reduce<ProcessCpu | undefined>(
        (before, each) =>
          before && each && { main: before.main + each.main, others: before.others + each.others },
        { main: 0, others: 0 },
      );
  return { broker: sum(pids.broker), service: sum(pids.service), clients: sum(pids.clients) };
}

function between(before: Cpu, after: Cpu): CpuSeconds | undefined {
  const { broker, service, clients } = after;
  if (!(broker && service && clients && before.broker && before.service && before.clients)) {
    return undefined;
  }
  const all = (cpu: ProcessCpu) => cpu.main + cpu.others;
  return {
    broker: all(broker) - all(before.broker),
    service: service.main - before.service.main,
    others: service.others - before.service.others,
    clients: all(clients) - all(before.clients),
  };
}

/** Rejects with InterruptedError. */
export async function wait(seconds: number, signal: AbortSignal): Promise<void> {
  await Promise.race([delay(seconds * 1_000), interrupted(signal)]);
}

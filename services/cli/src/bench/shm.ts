/** `bench shm`: the round trip of a client on the same host, over shared memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { OperatorClient } from '@foldbook/client';
import { Asset } from '@foldbook/protocol';
import { connectChannel, processChannel } from '@foldbook/runtime';
import { ServiceError, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { type ServiceProcess, startService } from '../service-process.ts';
import { AskedProcess } from './asked-process.ts';
import { machineWords, thisMachine } from './machine.ts';
import { chooseCore } from './measure-options.ts';
import type { ShmMeasured, ShmQuestions } from './shm-messages.ts';
import type { LatencyPercentiles } from './statistics.ts';
import { withWorkFolder } from './work-folder.ts';

const MAIN = fileURLToPath(new URL('./shm-main.ts', import.meta.url));
const DEFAULT_SECONDS = 5;
const MAX_SECONDS = 600;
const DEFAULT_RATE = 2_000;
const MAX_RATE = 100_000;
/** Before what counts: code is compiled meanwhile. */
const DEFAULT_WARM_UP = 4_000;
const MAX_WARM_UP = 1_000_000;
const WARM_UP_PER_SEC = 4_000;
const IDLES = ['busy-spin', 'yield', 'park'] as const;
const MARKET = 'BENCH';
const ACCOUNT = 7;

export const shm: CliCommand = {
  name: 'bench shm',
  summary: 'round trip of a client on the same host, over shared memory',
  help: `
Usage: foldbook bench shm [options]

Starts a market and a client, a process each, that share memory (Linux). The client sends an order,
and next a cancel of it, at even intervals; each takes the way that all commands take: ring, log,
engine, report, ring. A row with a log that keeps nothing, and a row with one that is on the disk
before anything is answered (fdatasync). Exit status 1 if an answer is missing or wrong.

latencyNs is of orders and cancels, from when a command was to be sent, whether or not the client
was late, until the client's listener has the market's answer. echoNs is of a message to the
market's process and back, without log and engine: what of it the shared memory is.

Three threads take part: the client's, the market's input and output, the market's engine. With
fewer cores than these, and with other load, the figures are of the scheduler: each thread that
waits lets the others run, but not sooner than the scheduler does. With --inline they are two: the
market's engine is on the thread of its input and output.

  --seconds N       of each row (default ${DEFAULT_SECONDS})
  --rate N          commands a second (default ${grouped(DEFAULT_RATE)})
  --warm-up N       commands before these (default ${grouped(DEFAULT_WARM_UP)})
  --inline          the engine has no thread of its own
  --idle NAME       of the engine's thread: ${IDLES.join(', ')} (default: the market's own choice)
  --core N          core of the engine's thread (default: the last one)
  --json            {"durable","durability","inline","latencyNs":{...},"echoNs":{...},"perSec",...}
                    a line

Example: foldbook bench shm --seconds 10 --rate 5000`,
  takes: [],
  options: {
    seconds: { type: 'string' },
    rate: { type: 'string' },
    'warm-up': { type: 'string' },
    inline: { type: 'boolean' },
    idle: { type: 'string' },
    core: { type: 'string' },
  },
  endsOnSignal: true,
  run: measure,
};

interface Settings {
  readonly seconds: number;
  readonly perSec: number;
  /** Commands. */
  readonly warmUp: number;
  readonly inline: boolean;
  /** Of the engine's thread; undefined where it has none. */
  readonly idle: (typeof IDLES)[number] | undefined;
  readonly core: number | undefined;
}

async function measure(context: CommandContext): Promise<number> {
  const { output } = context;
  if (platform !== 'linux') throw new UsageError('bench shm: memory is shared on Linux only');
  const settings: Settings = {
    seconds: context.integer('seconds', 1, MAX_SECONDS) ?? DEFAULT_SECONDS,
    perSec: context.integer('rate', 1, MAX_RATE) ?? DEFAULT_RATE,
    warmUp: context.integer('warm-up', 1, MAX_WARM_UP) ?? DEFAULT_WARM_UP,
    ...engineThread(context),
  };
  let isRight = true;
  for (const durable of [false, true]) {
    const { orders, echoes, trips, durability } = await measureOne(context, settings, durable);
    const row = {
      durable,
      durability,
      latencyNs: orders.latencyNs,
      echoNs: echoes.latencyNs,
      ...settings,
      trips,
      isRight: orders.isRight,
      machine: thisMachine(),
    };
    output.result(row, words(row));
    isRight &&= orders.isRight;
  }
  if (!isRight) process.stderr.write('foldbook: an order was answered otherwise than it should\n');
  return isRight ? 0 : 1;
}

function engineThread(context: CommandContext): Pick<Settings, 'inline' | 'idle' | 'core'> {
  if (!context.flag('inline')) {
    return { inline: false, idle: idleOf(context), core: chooseCore(context) };
  }
  for (const name of ['idle', 'core']) {
    if (context.text(name) === undefined) continue;
    throw new UsageError(`--${name} is of the engine's thread, which --inline leaves away`);
  }
  return { inline: true, idle: undefined, core: undefined };
}

function idleOf(context: CommandContext): Settings['idle'] {
  const name = context.text('idle');
  if (name === undefined) return undefined;
  const idle = IDLES.find((known) => known === name);
  if (idle !== undefined) return idle;
  throw new UsageError(`--idle ${name}: use ${IDLES.join(', ')}`);
}

interface Measured {
  readonly orders: ShmMeasured;
  readonly echoes: ShmMeasured;
  readonly trips: number;
  /** What an acknowledgement survives, as the market says. */
  readonly durability: string;
}

async function measureOne(
  { output, signal }: CommandContext,
  { seconds, perSec, warmUp, inline, idle, core }: Settings,
  durable: boolean,
): Promise<Measured> {
  return withWorkFolder(async (dir) => {
    const folder = await mkdtemp('/dev/shm/foldbook-bench-');
    const broker = durable ? { kind: 'embedded', dir: join(dir, 'streams') } : { kind: 'volatile' };
    const sharedMemory = { folder, accounts: [ACCOUNT], spin: true };
    const hosts = inline ? { hosts: 'inline' } : { hosts: 1, idle, cores: [core] };
    const config = { broker, sharedMemory, ...hosts };
    const client = new AskedProcess<ShmQuestions>(MAIN, [], signal);
    let service: ServiceProcess | undefined;
    try {
      const onTrouble = (line: string) => output.say(line);
      service = await startService('market', { config, logDir: dir, onTrouble, signal });
      const durability = await prepareMarket(service);
      const path = join(folder, `account-${ACCOUNT}`);
      await client.ask('attach', { sharedMemory: path, market: MARKET, account: ACCOUNT });
      const trips = seconds * perSec;
      const before = { trips: warmUp, perSec: WARM_UP_PER_SEC };
      await client.ask('orders', before);
      await client.ask('echoes', before);
      const orders = await client.ask('orders', { trips, perSec });
      const echoes = await client.ask('echoes', { trips, perSec });
      await client.ask('detach', undefined);
      return { orders, echoes, trips, durability };
    } finally {
      await client.stop();
      await service?.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function prepareMarket({ child }: ServiceProcess): Promise<string> {
  const channel = processChannel(child);
  if (channel === undefined) throw new ServiceError('the market has ended');
  const transport = connectChannel(channel);
  const operator = new OperatorClient(transport, MARKET);
  await operator.createMarket(0, 0);
  await operator.deposit(ACCOUNT, Asset.BASE, 1_000n);
  const { durability } = await operator.info();
  await transport.close();
  return durability;
}

const figures = (latencyNs: LatencyPercentiles) =>
  Object.entries(latencyNs)
    .map(([name, ns]) => `${name} ${grouped(ns)}`)
    .join('  ');

function words(row: {
  readonly durable: boolean;
  readonly durability: string;
  readonly latencyNs: LatencyPercentiles;
  readonly echoNs: LatencyPercentiles;
  readonly seconds: number;
  readonly perSec: number;
  readonly inline: boolean;
  readonly isRight: boolean;
  readonly machine: ReturnType<typeof thisMachine>;
}): string {
  const { durable, durability, latencyNs, echoNs, seconds, perSec, inline, isRight, machine } = row;
  const engine = inline ? "on the market's only thread" : 'on a thread of its own';
  return [
    `${durable ? 'durable: on the disk before the answer' : 'not durable: the log keeps nothing'}`,
    `  order    ${figures(latencyNs)} ns`,
    `  echo     ${figures(echoNs)} ns`,
    ...(isRight ? [] : ['  checks   an answer is missing or wrong']),
    `  log      ${durability}`,
    `  engine   ${engine}`,
    `  method   ${seconds} s, ${grouped(perSec)} commands a second, from the intended send time`,
    `  machine  ${machineWords(machine)}`,
  ].join('\n');
}

/** `bench e2e`: from client to client, through the broker, the log, the engine and back. */
import { availableCores } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { measureSync } from './disk-sync.ts';
import { E2E_MARKET_WORDS } from './e2e-market-config.ts';
import {
  type E2eMeasured,
  type E2eResult,
  type E2eSettings,
  runFloor,
  runMarket,
  shapeOf,
} from './e2e-run.ts';
import { endWords, latencyOf, pairOf, rowOf, rowWords } from './e2e-words.ts';
import { thisMachine } from './machine.ts';
import { median } from './statistics.ts';
import { withWorkFolder } from './work-folder.ts';

const DEFAULT = {
  seconds: 10,
  warmUpSeconds: 4,
  runs: 3,
  clients: 400,
  window: 16,
  batch: 20,
  singlePercent: 50,
  connections: 4,
} as const;

export const e2e: CliCommand = {
  name: 'bench e2e',
  summary: 'orders a second from many clients through broker, log and engine, and back',
  help: `
Usage: foldbook bench e2e [options]

Starts a broker that syncs each write (sync_interval: always), a market service and processes with
many clients. A client has a window of messages on its way, each of one command or of a small batch:
orders that rest (45 %), orders that trade (15 %), cancels (40 %). It is told when a message is in
the log, and by reports what became of it; a command counts when the client has its report.

The floor, in turns with the market, is raw JetStream with the same bytes both ways: the same
clients and messages, a process that stores them in groups as large as the market's were, as many
in flight, and sends acknowledgements and reports of as many bytes in as many messages to the same
subjects, stored alike. It reads, checks and matches nothing. The ratio is market / floor, of each
pair of runs. (It sends no market data; the market does.)

  --seconds N       measured of each run (default ${DEFAULT.seconds})
  --warm-up N       seconds before (default ${DEFAULT.warmUpSeconds})
  --runs N          pairs of runs (default ${DEFAULT.runs})
  --clients N       in all (default ${DEFAULT.clients})
  --processes N     that the clients are in (default: half of the cores)
  --connections N   of each process, shared by its clients (default ${DEFAULT.connections})
  --window N        messages on their way, of each client (default ${DEFAULT.window})
  --batch N         commands of a batch (default ${DEFAULT.batch})
  --singles P       of a hundred messages, those with one command (default ${DEFAULT.singlePercent})
  --replicas N      1, or 3: brokers, all on this machine, and copies of each stream (default 1)
  --rate N          commands a second at which latency is measured (default: half the median)
  --market-only     no floor
  --profile DIR     profiles of the market's threads while it is measured
  --json            {"kind","ordersPerSec","groupsPerSec","receivedMs":{...},"reportedMs":{...},
                    "cpuPerMillion":{...},...} a run, and {"ordersPerSec","ratio",...} at the end

receivedMs is from when a message was to be sent until the market said that it is in the log,
reportedMs until its last report: in runs at full rate by a window's length, at the given rate by
what the path takes. cpuPerMillion is processor seconds for a million commands, of the broker, the
market's service thread, its other threads, and the clients. syncMs is of a write of 4 KiB to this
machine's disk, before the runs: a broker makes one for each group and report. Exit status 1 if
something sent never came back.

The market is configured with the defaults (in brackets) but for

${E2E_MARKET_WORDS}

Example: foldbook bench e2e --seconds 30 --runs 5`,
  takes: [],
  options: {
    seconds: { type: 'string' },
    'warm-up': { type: 'string' },
    runs: { type: 'string' },
    clients: { type: 'string' },
    processes: { type: 'string' },
    connections: { type: 'string' },
    window: { type: 'string' },
    batch: { type: 'string' },
    singles: { type: 'string' },
    replicas: { type: 'string' },
    rate: { type: 'string' },
    'market-only': { type: 'boolean' },
    profile: { type: 'string' },
  },
  endsOnSignal: true,
  run: measure,
};

function settingsOf(context: CommandContext): E2eSettings {
  const cores = availableCores().length;
  const settings = {
    seconds: context.integer('seconds', 1, 3_600) ?? DEFAULT.seconds,
    warmUpSeconds: context.integer('warm-up', 0, 600) ?? DEFAULT.warmUpSeconds,
    clients: context.integer('clients', 1, 10_000) ?? DEFAULT.clients,
    processes: context.integer('processes', 1, 64) ?? Math.max(1, Math.floor(cores / 2)),
    connections: context.integer('connections', 1, 1_000) ?? DEFAULT.connections,
    window: context.integer('window', 1, 256) ?? DEFAULT.window,
    batch: context.integer('batch', 1, 256) ?? DEFAULT.batch,
    singlePercent: context.integer('singles', 0, 100) ?? DEFAULT.singlePercent,
    replicas: context.integer('replicas', 1, 3) ?? 1,
    profileDir: context.text('profile'),
  };
  if (settings.replicas === 2) throw new UsageError('--replicas 2: two copies have no majority');
  if (settings.clients < settings.processes) throw new UsageError('--clients: one a process');
  return settings;
}

async function measure(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const settings = settingsOf(context);
  const runs = context.integer('runs', 1, 100) ?? DEFAULT.runs;
  const given = context.integer('rate', 1, 100_000_000);
  const withFloor = !context.flag('market-only');
  const syncMs = latencyOf(await withWorkFolder(measureSync));
  const tell = { onTrouble: (line: string) => output.say(line), signal };
  const markets: E2eMeasured[] = [];
  const floors: E2eMeasured[] = [];
  let isWhole = true;
  const take = (kind: 'market' | 'floor' | 'latency', result: E2eResult) => {
    isWhole &&= result.isWhole;
    for (const measured of result.runs) {
      const row = rowOf(kind, measured);
      output.result({ ...row, isWhole: result.isWhole }, rowWords(row));
    }
    return result.runs;
  };
  for (let run = 0; run < runs; run += 1) {
    const [market] = take('market', await runMarket(settings, [undefined], tell));
    if (market === undefined) break;
    markets.push(market);
    if (!withFloor) continue;
    floors.push(...take('floor', await runFloor(settings, shapeOf(market), signal)));
  }
  const perSec = given ?? median(markets.map(({ ordersPerSec }) => ordersPerSec)) / 2;
  const unprofiled = { ...settings, profileDir: undefined };
  const [paced] = take('latency', await runMarket(unprofiled, [perSec], tell));
  const end = {
    ...pairOf(markets, floors),
    latencyAtPerSec: paced && Math.round(paced.ordersPerSec),
    syncMs,
    settings: { ...settings, runs },
    machine: thisMachine(),
  };
  output.result(end, endWords(end));
  if (!isWhole) process.stderr.write('foldbook: something that was sent never came back\n');
  return isWhole ? 0 : 1;
}

/** `check kill9`: the process that serves a market dies, again and again, while clients trade. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorClient } from '@foldbook/client';
import { BatchOffset, isTermSubject, logStream, viewOf } from '@foldbook/protocol';
import { connectNats, JetStreamStore } from '@foldbook/runtime';
import { percentiles } from '../bench/statistics.ts';
import { withWorkFolder } from '../bench/work-folder.ts';
import { ServiceError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { startLocalServers } from '../local-servers.ts';
import { grouped } from '../output.ts';
import { startService } from '../service-process.ts';
import { KillLoad, MARKET } from './kill9-load.ts';

const DEFAULT_RUNS = 20;
const MAX_RUNS = 10_000;
/** Long, so that nothing that goes on here is owed to it. */
const LEASE_MS = 60_000;
const EVERY_COMMANDS = 1_000;
const LEAST_MS = 50;
const MOST_MS = 500;

export const kill9: CliCommand = {
  name: 'check kill9',
  summary:
    'a market that is killed again and again while clients trade: nothing lost, nothing twice',
  help: `
Usage: foldbook check kill9 [--runs N]

Starts nats-server and two processes that serve one partition: one does, the other waits. Accounts
trade without a pause, and the process that serves is ended by SIGKILL, at a random time, N times; a
new one waits then. Exit status 1 unless all of this holds in the end:
  every order that was accepted is open or filled, and no fill was told twice
  reports came in order and without gaps; both sides of all trades were told
  balances add to what was deposited
  the market's sequence is the number of commands in the log

  --runs N          times that a process is killed (default ${DEFAULT_RUNS})
  --json            {"runs","accepted","commands","resumeMs":{"p50",...},"failures":[...]}

resumeMs is from the kill until an order is accepted that is sent every 20 ms from then. All
processes share this machine, and the next one sees at once that the former is gone: between
machines it waits for its lease. The broker is not killed here.

Example: foldbook check kill9 --runs 200`,
  takes: [],
  options: { runs: { type: 'string' } },
  endsOnSignal: true,
  run: (context) => withWorkFolder((folder) => check(context, folder)),
};

async function check(context: CommandContext, folder: string): Promise<number> {
  const runs = context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS;
  const ports = { natsPort: await freePort(), redisPort: await freePort() };
  const servers = await startLocalServers({ dataDir: folder, ...ports });
  try {
    const figures = await measure(context, folder, servers.nats, runs);
    context.output.result({ ...figures }, words(figures));
    for (const failure of figures.failures) process.stderr.write(`foldbook: ${failure}\n`);
    return figures.failures.length === 0 ? 0 : 1;
  } finally {
    await servers.stop();
  }
}

interface Figures {
  readonly runs: number;
  readonly accepted: number;
  /** In the log. */
  readonly commands: number;
  readonly resumeMs: ReturnType<typeof percentiles>;
  readonly failures: readonly string[];
}

async function measure(
  { output, signal }: CommandContext,
  folder: string,
  nats: string,
  runs: number,
): Promise<Figures> {
  let started = 0;
  const start = () => {
    started += 1;
    const node = `node-${started}`;
    const broker = { kind: 'nats', servers: nats, leaseMs: LEASE_MS };
    const config = { node, broker, snapshots: { everyCommands: EVERY_COMMANDS } };
    const logDir = join(folder, node);
    return startService('market', { config, logDir, onTrouble: () => undefined, signal });
  };
  let serving = await start();
  let next = start();
  const transport = await connectNats({ servers: nats, name: 'foldbook-kill9' });
  const operator = new OperatorClient(transport, MARKET);
  const resumes: number[] = [];
  try {
    const load = await KillLoad.open(transport, operator);
    load.start();
    for (let run = 0; run < runs; run += 1) {
      output.progress('kill9', run, runs);
      await delay(LEAST_MS + Math.random() * (MOST_MS - LEAST_MS), undefined, { signal });
      serving.child.kill('SIGKILL');
      resumes.push(await load.probe());
      serving = await next;
      next = start();
    }
    output.endProgress();
    const { accepted } = load;
    const failures = await load.end();
    const { sequence } = await operator.info();
    const commands = await commandsInLog(new JetStreamStore(transport));
    if (sequence !== commands)
      failures.push(`${commands} commands are in the log, not ${sequence}`);
    const resumeMs = percentiles(Float64Array.from(resumes).sort());
    return { runs, accepted, commands, resumeMs, failures };
  } finally {
    // The one that waits is ready when the other one has ended.
    await serving.stop();
    await (await next.catch(() => undefined))?.stop();
    await transport.close();
  }
}

async function commandsInLog(store: JetStreamStore): Promise<number> {
  const records = store.reader(logStream(0)).read({ fromSequence: 1, follow: false });
  let commands = 0;
  for await (const { subject, payload } of records) {
    if (!isTermSubject(subject)) commands += viewOf(payload).getUint32(BatchOffset.COUNT, true);
  }
  return commands;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  if (port === 0) throw new ServiceError('the system gives no port');
  return port;
}

function words({ runs, accepted, commands, resumeMs, failures }: Figures): string {
  const figures = Object.entries(resumeMs).map(([name, ms]) => `${name} ${Math.round(ms)}`);
  return [
    `${runs} times killed: ${grouped(accepted)} orders accepted, ${grouped(commands)} logged`,
    `  resumed  ${figures.join('  ')} ms`,
    failures.length === 0 ? '  nothing lost, nothing twice' : `  ${failures.length} checks failed`,
  ].join('\n');
}

import { join, resolve } from 'node:path';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { type LocalServers, startLocalServers } from '../local-servers.ts';
import { DEFAULT_NATS } from '../node-connection.ts';
import { DEFAULT_NODE_DIR } from '../paths.ts';
import { type ServiceName, type ServiceProcess, startService } from '../service-process.ts';

const DEFAULT_REDIS = 'redis://127.0.0.1:6379';
const DEFAULT_NATS_PORT = 4_222;
const DEFAULT_REDIS_PORT = 6_379;

export const up: CliCommand = {
  name: 'up',
  summary: 'run the market and the prover against a broker until stopped',
  help: `
Usage: foldbook up [market] [prover] [options]

Runs the named services (default: both) in this terminal until Ctrl-C.

  --local           start nats-server and redis-server too, for this node alone (found on PATH
                    or unpacked by npm run setup); ports by --nats-port and --redis-port
  --nats URL        broker with JetStream (default ${DEFAULT_NATS})
  --redis URL       queue of the prover (default ${DEFAULT_REDIS})
  --user NAME       broker user; the password is read from $FOLDBOOK_PASSWORD
  --data DIR        proofs, keys and logs (default ${DEFAULT_NODE_DIR})
  --epoch-records N settlement records after which an epoch closes (default 240)
  --workers N       provers at once (default: cores - 1)

Example: foldbook up --local
Example: foldbook up --nats nats://127.0.0.1:4222 --redis redis://127.0.0.1:6379`,
  options: {
    local: { type: 'boolean' },
    'nats-port': { type: 'string' },
    'redis-port': { type: 'string' },
    nats: { type: 'string' },
    redis: { type: 'string' },
    user: { type: 'string' },
    data: { type: 'string' },
    'epoch-records': { type: 'string' },
    workers: { type: 'string' },
  },
  endsOnSignal: true,
  run: async (context) => {
    const named = context.positionals.length === 0 ? ['market', 'prover'] : context.positionals;
    const unknown = named.find((name) => name !== 'market' && name !== 'prover');
    if (unknown !== undefined) throw new UsageError(`no service "${unknown}": market or prover`);
    const data = resolve(context.text('data') ?? DEFAULT_NODE_DIR);
    const local = context.flag('local') ? await startLocal(context, data) : undefined;
    try {
      const nats = local?.nats ?? context.text('nats') ?? DEFAULT_NATS;
      const redis = local?.redis ?? context.text('redis') ?? DEFAULT_REDIS;
      if (local !== undefined) context.output.say(`broker at ${nats}, queue at ${redis}`);
      return await runServices(context, named as ServiceName[], {
        logDir: join(data, 'logs'),
        configs: serviceConfigs(context, { nats, redis, proofDir: join(data, 'proofs') }),
      });
    } finally {
      await local?.stop();
    }
  },
};

function startLocal(context: CommandContext, data: string): Promise<LocalServers> {
  return startLocalServers({
    dataDir: join(data, 'servers'),
    natsPort: context.integer('nats-port', 1, 65_535) ?? DEFAULT_NATS_PORT,
    redisPort: context.integer('redis-port', 1, 65_535) ?? DEFAULT_REDIS_PORT,
  });
}

type ServiceConfigs = Readonly<Record<ServiceName, Record<string, unknown>>>;

/** Without passwords: services take theirs from the environment, which no process list shows. */
function serviceConfigs(
  context: CommandContext,
  where: { readonly nats: string; readonly redis: string; readonly proofDir: string },
): ServiceConfigs {
  const user = context.text('user');
  const login = user === undefined ? {} : { user };
  const workers = context.integer('workers', 1, 256);
  const epochRecords = context.integer('epoch-records', 1, 1_000_000);
  return {
    market: {
      broker: { kind: 'nats', servers: where.nats, ...login },
      ...(epochRecords === undefined ? {} : { epochRecords }),
    },
    prover: {
      source: { kind: 'jetstream', servers: where.nats, ...login },
      redisUrl: where.redis,
      dataDir: where.proofDir,
      ...(workers === undefined ? {} : { workers }),
    },
  };
}

/** Until Ctrl-C (status 0), or until one of them ends by itself (status 1). */
async function runServices(
  context: CommandContext,
  names: readonly ServiceName[],
  options: { readonly logDir: string; readonly configs: ServiceConfigs },
): Promise<number> {
  const { output, signal } = context;
  const started: ServiceProcess[] = [];
  try {
    for (const name of names) {
      const service = await startService(name, {
        config: options.configs[name],
        logDir: options.logDir,
        onTrouble: (line) => output.say(`${name}: ${line}`),
      });
      started.push(service);
      output.result(
        { service: name, pid: service.child.pid, log: service.logFile },
        `${name} is up (process ${service.child.pid}, log ${service.logFile})`,
      );
    }
    output.say('Ctrl-C ends');
    const ended = started.map(async (service) => ({ service, status: await service.exited }));
    const aborted = new Promise<'signal'>((end) => {
      signal.addEventListener('abort', () => end('signal'));
      if (signal.aborted) end('signal');
    });
    const first = await Promise.race([aborted, ...ended]);
    if (first === 'signal') return 0;
    output.say(`${first.service.name} ended with status ${first.status}; see its log`);
    return 1;
  } finally {
    await Promise.all(started.map((service) => service.stop()));
  }
}

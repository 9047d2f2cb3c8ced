import { join, resolve } from 'node:path';
import type { CliCommand } from '../command.ts';
import { DEFAULT_NATS } from '../node-connection.ts';
import { type ServiceName, type ServiceProcess, startService } from '../service-process.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_REDIS = 'redis://127.0.0.1:6379';

export const up: CliCommand = {
  name: 'up',
  summary: 'run the market and the prover against a broker until stopped',
  help: `
Usage: foldbook up [market] [prover] [options]

Runs the named services (default: both) in this terminal until Ctrl-C.

  --nats URL        broker with JetStream (default ${DEFAULT_NATS})
  --redis URL       queue of the prover (default ${DEFAULT_REDIS})
  --user NAME       broker user; the password is read from $FOLDBOOK_PASSWORD
  --data DIR        proofs, keys and logs (default .foldbook/node)
  --epoch-records N settlement records after which an epoch closes (default 240)
  --workers N       provers at once (default: cores - 1)

Example: foldbook up --nats nats://127.0.0.1:4222 --redis redis://127.0.0.1:6379`,
  options: {
    nats: { type: 'string' },
    redis: { type: 'string' },
    user: { type: 'string' },
    data: { type: 'string' },
    'epoch-records': { type: 'string' },
    workers: { type: 'string' },
  },
  run: async (context) => {
    const named = context.positionals.length === 0 ? ['market', 'prover'] : context.positionals;
    const unknown = named.find((name) => name !== 'market' && name !== 'prover');
    if (unknown !== undefined) throw new UsageError(`no service "${unknown}": market or prover`);
    const servers = context.text('nats') ?? DEFAULT_NATS;
    const user = context.text('user');
    const pass = context.password;
    const login = {
      ...(user === undefined ? {} : { user }),
      ...(pass === undefined ? {} : { pass }),
    };
    const data = resolve(context.text('data') ?? '.foldbook/node');
    const workers = context.integer('workers', 1, 256);
    const epochRecords = context.integer('epoch-records', 1, 1_000_000);
    const configs: Record<ServiceName, Record<string, unknown>> = {
      market: {
        broker: { kind: 'nats', servers, ...login },
        ...(epochRecords === undefined ? {} : { epochRecords }),
      },
      prover: {
        source: { kind: 'jetstream', servers, ...login },
        redisUrl: context.text('redis') ?? DEFAULT_REDIS,
        dataDir: join(data, 'proofs'),
        ...(workers === undefined ? {} : { workers }),
      },
    };
    const started: ServiceProcess[] = [];
    try {
      for (const name of named as ServiceName[]) {
        const service = await startService(name, {
          config: configs[name],
          logDir: join(data, 'logs'),
          onTrouble: (line) => context.output.say(`${name}: ${line}`),
        });
        started.push(service);
        context.output.result(
          { service: name, pid: service.child.pid, log: service.logFile },
          `${name} is up (process ${service.child.pid}, log ${service.logFile})`,
        );
      }
      context.output.say('Ctrl-C ends');
      const ended = started.map(async (service) => ({ service, status: await service.exited }));
      const aborted = new Promise<'signal'>((end) => {
        context.signal.addEventListener('abort', () => end('signal'));
        if (context.signal.aborted) end('signal');
      });
      const first = await Promise.race([aborted, ...ended]);
      if (first === 'signal') return 0;
      const { name, logFile } = first.service;
      context.output.say(`${name} ended with status ${first.status}; see ${logFile}`);
      return 1;
    } finally {
      await Promise.all(started.map((service) => service.stop()));
    }
  },
};

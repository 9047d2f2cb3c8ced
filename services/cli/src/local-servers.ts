/** A broker and a queue on this machine, for one who wants to try a node: `foldbook up --local`. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ServiceError, UsageError } from './cli-error.ts';

const FIND_SERVERS = fileURLToPath(
  new URL('../../../infra/setup/find-servers.ts', import.meta.url),
);
const READY_WITHIN_MS = 15_000;
const LOOK_MS = 50;

export interface LocalServers {
  readonly nats: string;
  readonly redis: string;
  stop(): Promise<void>;
}

export interface LocalServerOptions {
  readonly dataDir: string;
  readonly natsPort: number;
  readonly redisPort: number;
}

export async function startLocalServers(options: LocalServerOptions): Promise<LocalServers> {
  const { dataDir, natsPort, redisPort } = options;
  for (const port of [natsPort, redisPort]) {
    if (!(await isOpen(port))) continue;
    throw new UsageError(
      `port ${port} is in use: leave --local away to use what runs there, or choose other ports`,
    );
  }
  const programs = await findPrograms();
  await mkdir(dataDir, { recursive: true });
  const config = join(dataDir, 'nats.conf');
  await writeFile(config, natsConfig(natsPort, join(dataDir, 'jetstream')));
  const children = [
    spawn(programs.natsServer, ['-c', config], { stdio: 'ignore', detached: true }),
    spawn(programs.redisServer, redisArguments(redisPort, dataDir), {
      stdio: 'ignore',
      detached: true,
    }),
  ];
  // A parent that exits without a word must not leave servers behind.
  const reap = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', reap);
  const stop = async () => {
    await Promise.all(children.map(end));
    process.off('exit', reap);
  };
  try {
    await Promise.all([untilOpen(natsPort, 'nats-server'), untilOpen(redisPort, 'redis-server')]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nats: `nats://127.0.0.1:${natsPort}`,
    redis: `redis://127.0.0.1:${redisPort}`,
    stop,
  };
}

/** Synced before each acknowledgement, as a node should be; groups make that affordable. */
const natsConfig = (port: number, storeDir: string) =>
  [
    `listen: "127.0.0.1:${port}"`,
    `jetstream { store_dir: ${JSON.stringify(storeDir)}, sync_interval: always }`,
    '',
  ].join('\n');

const redisArguments = (port: number, dir: string) => [
  ...['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', dir],
  ...['--maxmemory-policy', 'noeviction'],
];

async function findPrograms(): Promise<{ natsServer: string; redisServer: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [FIND_SERVERS]);
    return JSON.parse(stdout);
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new UsageError(stderr.trim() === '' ? String(error) : stderr.trim());
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function untilOpen(port: number, name: string): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  while (!(await isOpen(port))) {
    if (performance.now() > deadlineMs) throw new ServiceError(`${name} did not open port ${port}`);
    await delay(LOOK_MS);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

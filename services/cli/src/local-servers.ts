/** A broker and a queue on this machine, for one who wants to try a node: `foldbook up --local`. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ServiceError, UsageError } from './cli-error.ts';
import { fileTrouble } from './file-trouble.ts';
import { endOf, endWords } from './process-end.ts';

const FIND_SERVERS = fileURLToPath(
  new URL('../../../infra/setup/find-servers.ts', import.meta.url),
);
const KEEPER = fileURLToPath(new URL('./server-keeper.ts', import.meta.url));
const READY_WITHIN_MS = 15_000;
const LOOK_MS = 50;

export interface LocalServers {
  readonly nats: string;
  /** The broker's sync_interval. */
  readonly sync: string;
  readonly redis: string;
  /** Resolves with words when one of them ends that nobody stopped. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

export interface LocalServerOptions {
  readonly dataDir: string;
  readonly natsPort: number;
  readonly redisPort: number;
}

export async function startLocalServers(options: LocalServerOptions): Promise<LocalServers> {
  const { dataDir, natsPort, redisPort } = options;
  await checkFree(natsPort, '--nats-port');
  await checkFree(redisPort, '--redis-port');
  const programs = await findPrograms();
  const config = join(dataDir, 'nats.conf');
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(config, natsConfig(natsPort, join(dataDir, 'jetstream')));
  } catch (error) {
    throw new UsageError(`--data: ${dataDir} can't be written: ${fileTrouble(error)}`);
  }
  const servers = [
    startServer('nats-server', dataDir, programs.natsServer, ['-c', config]),
    startServer('redis-server', dataDir, programs.redisServer, redisArguments(redisPort, dataDir)),
  ];
  const ended = Promise.race(
    servers.map(async ({ name, child, logFile }) => {
      return `${name} of this node ${endWords(await endOf(child))}; its log: ${logFile}`;
    }),
  );
  const stop = async () => {
    await Promise.all(servers.map(({ child }) => endServer(child)));
  };
  try {
    const open = [untilOpen(natsPort, 'nats-server'), untilOpen(redisPort, 'redis-server')];
    const early = ended.then((words) => Promise.reject(new ServiceError(words)));
    await Promise.race([Promise.all(open), early]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nats: `nats://127.0.0.1:${natsPort}`,
    sync: SYNC,
    redis: `redis://127.0.0.1:${redisPort}`,
    ended,
    stop,
  };
}

async function checkFree(port: number, option: string): Promise<void> {
  if (!(await isOpen(port))) return;
  throw new UsageError(
    `port ${port} is in use: leave --local away to use what runs there, choose another with ` +
      `${option}, or end it if it is left from a former node`,
  );
}

export interface LocalServer {
  readonly name: string;
  /** The keeper, which ends as its server does. */
  readonly child: ChildProcess;
  readonly logFile: string;
  /** Of the server itself; 0 if it was not started. */
  readonly pid: Promise<number>;
}

/** Behind a keeper (server-keeper.ts), so that it ends even when this process is killed. */
export function startServer(
  name: string,
  dir: string,
  program: string,
  args: readonly string[],
): LocalServer {
  const logFile = join(dir, `${name}.log`);
  const child = fork(KEEPER, [logFile, program, ...args], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // Ctrl-C goes to the whole process group; servers end last.
    detached: true,
  });
  const pid = new Promise<number>((resolve) => {
    child.once('message', (told) => resolve(Number(told)));
    endOf(child).then(() => resolve(0));
  });
  return { name, child, logFile, pid };
}

/** Before each acknowledgement, as a node should; groups make that affordable. */
const SYNC = 'always';

const natsConfig = (port: number, storeDir: string) =>
  [
    `listen: "127.0.0.1:${port}"`,
    `jetstream { store_dir: ${JSON.stringify(storeDir)}, sync_interval: ${SYNC} }`,
    '',
  ].join('\n');

const redisArguments = (port: number, dir: string) => [
  ...['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', dir],
  ...['--maxmemory-policy', 'noeviction'],
];

export async function findPrograms(): Promise<{ natsServer: string; redisServer: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [FIND_SERVERS]);
    return JSON.parse(stdout);
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new UsageError(stderr.trim() === '' ? String(error) : stderr.trim());
  }
}

function isOpen(port: number, address = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function untilOpen(port: number, name: string, address?: string): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  while (!(await isOpen(port, address))) {
    if (performance.now() > deadlineMs) throw new ServiceError(`${name} did not open port ${port}`);
    await delay(LOOK_MS);
  }
}

export async function endServer(keeper: ChildProcess): Promise<void> {
  const ended = endOf(keeper);
  keeper.kill('SIGTERM');
  await ended;
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServer, ServerProcess } from './server-process.ts';

export interface NatsServerOptions {
  /** Lines to add to its configuration file. */
  readonly config?: string;
  /** `always`: fsync before each acknowledgement; else a duration such as `2m`, the default. */
  readonly syncInterval?: string;
  /** Where its streams go, if not into its own folder; stays when it is closed. */
  readonly storeDir?: string;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Where its streams lie. */
  readonly storeDir: string;
  /** Ends it in order; its data stays for `restart`. */
  stop(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** It stands still, its connections open, until it is told to go on. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

/** A real nats-server with JetStream on a free port, and a folder of its own. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const program = findServer('nats-server', 'FOLDBOOK_NATS_SERVER');
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-nats-'));
  const configFile = join(dir, 'nats.conf');
  const start = async (port: number) => {
    await writeFile(configFile, renderConfig(port, dir, options));
    return ServerProcess.start({
      program,
      args: ['-c', configFile],
      readyLine: /Server is ready/,
    });
  };
  const clear = () => rm(dir, { recursive: true, force: true });
  let current = await start(-1).catch(async (error: unknown) => {
    await clear();
    throw error;
  });
  const port = listeningPort(current.lines);
  const close = async () => {
    await current.end('SIGKILL');
    await clear();
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir: storeOf(dir, options),
    stop: () => current.end('SIGTERM'),
    kill: () => current.end('SIGKILL'),
    pause: () => current.pause(),
    resume: () => current.resume(),
    restart: async () => {
      current = await start(port);
    },
    close,
  };
}

const storeOf = (dir: string, { storeDir }: NatsServerOptions) =>
  storeDir ?? join(dir, 'jetstream');

function renderConfig(port: number, dir: string, options: NatsServerOptions): string {
  const sync = options.syncInterval === undefined ? '' : `sync_interval: ${options.syncInterval}`;
  return [
    `listen: "127.0.0.1:${port}"`,
    `jetstream { store_dir: ${JSON.stringify(storeOf(dir, options))}, ${sync} }`,
    options.config ?? '',
    '',
  ].join('\n');
}

function listeningPort(lines: readonly string[]): number {
  for (const line of lines) {
    const port = /Listening for client connections on .*:(\d+)$/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`nats-server didn't say where it listens:\n${lines.join('\n')}`);
}

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServer, ServerProcess } from './server-process.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** It stands still, its connections open, until it is told to go on. */
  pause(): void;
  resume(): void;
  /** Gives it a command, words without spaces in them, and answers the first line it says. */
  say(command: string): Promise<string>;
  /** Starts it again on the same port; it keeps what it had written to its append-only file. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

const PORT_ATTEMPTS = 5;

/** A real redis-server on a free port, appending to a file in a folder of its own. */
export async function startRedisServer(): Promise<RedisServer> {
  const program = findServer('redis-server', 'FOLDBOOK_REDIS_SERVER');
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-redis-'));
  const start = (onPort: number) =>
    ServerProcess.start({
      program,
      args: [
        ...['--port', String(onPort), '--bind', '127.0.0.1', '--dir', dir],
        ...['--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
      ],
      readyLine: /Ready to accept connections/,
    });
  let port = 0;
  let current: ServerProcess | undefined;
  for (let attempt = 1; current === undefined; attempt += 1) {
    port = await freePort();
    try {
      current = await start(port);
    } catch (error) {
      // It can't choose a port itself: another process may have taken this one in the meantime.
      const isTaken = error instanceof Error && error.message.includes('Address already in use');
      if (isTaken && attempt < PORT_ATTEMPTS) continue;
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }
  let server = current;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop: () => server.end('SIGTERM'),
    kill: () => server.end('SIGKILL'),
    pause: () => server.pause(),
    resume: () => server.resume(),
    say: (command) => say(port, command),
    restart: async () => {
      server = await start(port);
    },
    close: async () => {
      await server.end('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function say(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(`${command}\r\n`);
    const [answer] = await once(socket, 'data');
    return String(answer).split('\r\n')[0] ?? '';
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

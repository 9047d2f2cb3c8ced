/** Starts the market and the prover as processes, follows their logs, and stops them. */
import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ServiceError } from './cli-error.ts';

const SERVICES = {
  market: fileURLToPath(new URL('../../market/src/main.ts', import.meta.url)),
  prover: fileURLToPath(new URL('../../prover/src/main.ts', import.meta.url)),
} as const;

export type ServiceName = keyof typeof SERVICES;

export interface ServiceProcess {
  readonly name: ServiceName;
  readonly child: ChildProcess;
  readonly logFile: string;
  /** Resolves with the exit status; null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Asks it to end, and makes it end after `patienceMs`. */
  stop(patienceMs?: number): Promise<number | null>;
}

export interface ServiceOptions {
  readonly config: Record<string, unknown>;
  readonly logDir: string;
  /** Told of every warning and error the service logs. */
  readonly onTrouble: (line: string) => void;
}

const READY_WITHIN_MS = 60_000;

/** Starts a service and waits until it says that it is ready. */
export async function startService(
  name: ServiceName,
  options: ServiceOptions,
): Promise<ServiceProcess> {
  const logFile = join(options.logDir, `${name}.log`);
  mkdirSync(dirname(logFile), { recursive: true });
  const child = fork(SERVICES[name], ['--config-json', JSON.stringify(options.config)], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Ctrl-C goes to the whole process group; the services end when they are told to.
    detached: true,
  });
  const last = followLog(child, logFile, options.onTrouble);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  // A parent that dies without a word must not leave services behind.
  const reap = () => child.kill('SIGKILL');
  process.once('exit', reap);
  exited.then(() => process.off('exit', reap));
  await ready(name, child, exited, last);
  return {
    name,
    child,
    logFile,
    exited,
    async stop(patienceMs = 15_000) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      const status = await exited;
      clearTimeout(timer);
      return status;
    },
  };
}

/** Copies the log to its file; answers a way to see its last lines. */
function followLog(
  child: ChildProcess,
  logFile: string,
  onTrouble: (line: string) => void,
): () => string {
  const file = createWriteStream(logFile);
  const last: string[] = [];
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      file.write(`${line}\n`);
      last.push(line);
      if (last.length > 5) last.shift();
      if (isTrouble(line)) onTrouble(line);
    });
  }
  child.once('exit', () => file.end());
  return () => last.join('\n');
}

const isTrouble = (line: string) => /\b(WARN|ERROR)\b|"level":"(warn|error)"/.test(line);

async function ready(
  name: ServiceName,
  child: ChildProcess,
  exited: Promise<number | null>,
  lastLines: () => string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onMessage = (message: unknown) => {
    if (isReady(message)) resolve();
  };
  child.on('message', onMessage);
  const timer = setTimeout(() => {
    reject(
      new ServiceError(`${name} was not ready in ${READY_WITHIN_MS / 1_000} s:\n${lastLines()}`),
    );
  }, READY_WITHIN_MS);
  exited.then((status) => {
    reject(
      new ServiceError(`${name} ended with status ${status} before it was ready:\n${lastLines()}`),
    );
  });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    child.off('message', onMessage);
  }
}

function isReady(message: unknown): boolean {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
  );
}

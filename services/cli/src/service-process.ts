/** Starts the market and the prover as processes, follows their logs, and stops them. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { interrupted, ServiceError } from './cli-error.ts';
import { endOf, endWords, type ProcessEnd } from './process-end.ts';

const SERVICES = {
  market: fileURLToPath(new URL('../../market/src/main.ts', import.meta.url)),
  node: fileURLToPath(new URL('../../market/src/node-main.ts', import.meta.url)),
  prover: fileURLToPath(new URL('../../prover/src/main.ts', import.meta.url)),
  'prover-worker': fileURLToPath(new URL('../../prover/src/worker-main.ts', import.meta.url)),
  'prover-supervisor': fileURLToPath(
    new URL('../../prover/src/supervisor-main.ts', import.meta.url),
  ),
} as const;

export type ServiceName = keyof typeof SERVICES;

export interface ServiceProcess {
  readonly name: ServiceName;
  readonly child: ChildProcess;
  /** The one of the start before is beside it, with `.1` at its end. */
  readonly logFile: string;
  readonly exited: Promise<ProcessEnd>;
  /** Asks it to end, and makes it end after `patienceMs`. */
  stop(patienceMs?: number): Promise<ProcessEnd>;
}

export interface ServiceOptions {
  readonly config: Record<string, unknown>;
  readonly logDir: string;
  /**
   * Told of every warning and error the service logs, and of recoveries; once it is ready, because
   * a start that fails is told by its error.
   */
  readonly onTrouble: (line: string) => void;
  /** Gives the start up when it aborts: InterruptedError. */
  readonly signal?: AbortSignal;
}

const READY_WITHIN_MS = 60_000;

/** Starts a service and waits until it says that it is ready. */
export async function startService(
  name: ServiceName,
  options: ServiceOptions,
): Promise<ServiceProcess> {
  const logFile = join(options.logDir, `${name}.log`);
  mkdirSync(dirname(logFile), { recursive: true });
  // Who starts again after trouble wants to read what it was.
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  const config = JSON.stringify(options.config);
  // Arguments can be read by every user of the machine, and tell an operator what runs.
  const isPiped = hasPassword(options.config);
  const child = fork(SERVICES[name], isPiped ? ['--config', '-'] : ['--config-json', config], {
    serialization: 'advanced',
    stdio: [isPiped ? 'pipe' : 'ignore', 'ignore', 'pipe', 'ipc'],
    // Ctrl-C goes to the whole process group; the services end when they are told to.
    detached: true,
  });
  // That a service ends before it has read it is told by its end.
  child.stdin?.on('error', () => undefined).end(config);
  const log = followLog(child, logFile);
  const exited = endOf(child);
  // A parent that exits must not leave services behind; one that is killed is missed by them.
  const reap = () => child.kill('SIGKILL');
  process.once('exit', reap);
  exited.then(() => process.off('exit', reap));
  try {
    await Promise.race([
      ready(child),
      exited.then(async (end) => {
        await log.read;
        throw new ServiceError(`${name} ${endWords(end)} before it was ready:\n${log.last()}`);
      }),
      tooLate(() => notReadyWords(name, logFile, log.last())),
      ...(options.signal === undefined ? [] : [interrupted(options.signal)]),
    ]);
  } catch (error) {
    reap();
    throw error;
  }
  log.tell(options.onTrouble);
  return {
    name,
    child,
    logFile,
    exited,
    async stop(patienceMs = 15_000) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      const end = await exited;
      clearTimeout(timer);
      return end;
    },
  };
}

/** Whether the configuration of a service has one, for a broker or in the URL of Redis. */
export function hasPassword({ redisUrl, broker, source }: Record<string, unknown>): boolean {
  const isSecret = typeof redisUrl === 'string' && /:[^/@]*@/.test(redisUrl);
  const parts = [broker, source].filter((part) => typeof part === 'object' && part !== null);
  return isSecret || parts.some((part) => 'pass' in part && part.pass !== undefined);
}

interface FollowedLog {
  /** Its last lines. */
  last(): string;
  /** Resolves when there is no more of it. */
  readonly read: Promise<void>;
  /** Hands on what is worth telling, from the first line. */
  tell(onTrouble: (line: string) => void): void;
}

const LAST_LINES = 5;

/** Copies the log to its file. */
function followLog(child: ChildProcess, logFile: string): FollowedLog {
  const file = createWriteStream(logFile);
  const last: string[] = [];
  const untold: string[] = [];
  let tellLine: ServiceOptions['onTrouble'] = (line) => void untold.push(line);
  assert(child.stderr !== null, 'services are forked with a pipe for their log');
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    file.write(`${line}\n`);
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
    if (isWorthTelling(line)) tellLine(line);
  });
  const read = once(lines, 'close').then(() => void file.end());
  return {
    read,
    last: () => last.join('\n'),
    tell(onTrouble) {
      tellLine = onTrouble;
      for (const line of untold.splice(0)) onTrouble(line);
    },
  };
}

/** The services' own words for the end of a trouble; they log it as information. */
const RECOVERY =
  /: (broker is back|proof queue back|the log takes appends again|partition\.\d+ is .*, again)\b/;

const isWorthTelling = (line: string) =>
  /\b(WARN|ERROR)\b|"level":"(warn|error)"/.test(line) || RECOVERY.test(line);

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown) => {
      if (!isReady(message)) return;
      child.off('message', onMessage);
      resolve();
    };
    child.on('message', onMessage);
  });
}

async function tooLate(words: () => string): Promise<never> {
  await delay(READY_WITHIN_MS, undefined, { ref: false });
  throw new ServiceError(words());
}

/** What to look at where a service did not come up in time. */
export function notReadyWords(name: ServiceName, logFile: string, lastLines: string): string {
  const late = `${name} was not ready in ${READY_WITHIN_MS / 1_000} s; its log ${logFile}`;
  if (lastLines !== '') return `${late} ends with\n${lastLines}`;
  return `${late} is empty: the machine may be overloaded`;
}

function isReady(message: unknown): boolean {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
  );
}

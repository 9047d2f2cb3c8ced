/** Real servers for tests: child processes, which never outlive the test's process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

const START_PATIENCE_MS = 30_000;
const STOP_PATIENCE_MS = 10_000;
const REMEMBERED_LINES = 40;
const LOOK_MS = 1;
const CLOCK = new Int32Array(new SharedArrayBuffer(4));
/** States of a thread in /proc: stopped, being traced, and those of dead ones. */
const DEAD = 'X';
const STILL = `TtZ${DEAD}`;

/**
 * Path of a server program: what the environment variable names, else the first on PATH. The
 * variables are set by `npm test`, which provides the programs.
 */
export function findServer(program: string, variable: string): string {
  const named = process.env[variable];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(`no ${program} on PATH: run the tests with npm test, which provides it`);
}

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** A line of its output that says it is ready. */
  readonly readyLine: RegExp;
}

/** One run of a server; what it prints is kept for error messages. */
export class ServerProcess {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #killAtExit: () => void;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#killAtExit = () => child.kill('SIGKILL');
    process.once('exit', this.#killAtExit);
    this.#ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    this.#ended.then(() => process.off('exit', this.#killAtExit));
  }

  /** Resolves when the server says that it is ready. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const { program, args, readyLine } = command;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new ServerProcess(child);
    const ready = Promise.withResolvers<void>();
    const fail = (what: string) =>
      ready.reject(new Error(`${program} ${what}; its output:\n${server.lines.join('\n')}`));
    const timer = setTimeout(
      () => fail(`isn't ready after ${START_PATIENCE_MS} ms`),
      START_PATIENCE_MS,
    );
    child.once('error', (error) => fail(`can't be started (${error.message})`));
    // After the streams have ended, so that the message has all the output.
    child.once('close', (code) => fail(`ended with exit code ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        server.lines.push(line);
        if (readyLine.test(line)) ready.resolve();
        else if (server.lines.length > REMEMBERED_LINES) server.lines.shift();
      });
    }
    try {
      await ready.promise;
    } catch (error) {
      await server.end('SIGKILL');
      throw error;
    } finally {
      clearTimeout(timer);
    }
    // A test that fails to end the server still ends itself, and the server with it.
    child.unref();
    for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
    return server;
  }

  /**
   * Lets it stand still. On Linux it does when this returns: a thread of it that waits for a core
   * would take the signal only once it has one, and all others would run on until then.
   */
  pause(): void {
    this.#child.kill('SIGSTOP');
    while (runs(this.#child.pid ?? 0)) Atomics.wait(CLOCK, 0, 0, LOOK_MS);
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Sends the signal and waits for the end; after a while it insists. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_PATIENCE_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Whether a thread of the process may run; false where nothing tells. */
function runs(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return false;
  return readdirSync(threads).some((thread) => !STILL.includes(stateOf(join(threads, thread))));
}

function stateOf(thread: string): string {
  try {
    const stat = readFileSync(join(thread, 'stat'), 'latin1');
    // Behind the name in brackets, which may have brackets itself.
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return DEAD;
  }
}

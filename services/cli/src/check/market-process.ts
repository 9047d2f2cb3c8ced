/** A market service as a process that a check stops, kills and starts as it likes. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ServiceError, UsageError } from '../cli-error.ts';
import { endOf, endWords, type ProcessEnd } from '../process-end.ts';

const MAIN = fileURLToPath(new URL('../../../market/src/main.ts', import.meta.url));
/** A space of process ids for itself, as containers have: others can't see whether it lives. */
const APART = ['--pid', '--fork', '--kill-child'];

export interface MarketProcessOptions {
  /** Its node's name; also of its folder. */
  readonly node: string;
  readonly config: Record<string, unknown>;
  /** Where its folder goes. */
  readonly dir: string;
  /** As if it were on a host of its own; see `checkApart`. */
  readonly isApart?: boolean;
  /** The command that runs another one on its host; without, this one. */
  readonly within?: readonly string[];
}

export class MarketProcess {
  readonly node: string;
  readonly logFile: string;
  /** Resolves when it serves; rejects with ServiceError when it ends before. */
  readonly ready: Promise<void>;
  readonly exited: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #reap: () => void;

  /** It waits for its partition, if another process has that. */
  constructor({ node, config, dir, isApart = false, within = [] }: MarketProcessOptions) {
    const own = join(dir, node);
    mkdirSync(own, { recursive: true });
    this.node = node;
    this.logFile = join(own, 'market.log');
    const log = openSync(this.logFile, 'w');
    const apart = isApart ? ['unshare', ...APART, '--'] : [];
    const [execPath = process.execPath, ...execArgv] = [...within, ...apart, process.execPath];
    const started = execPath === process.execPath ? {} : { execPath, execArgv };
    this.#child = fork(MAIN, ['--config-json', JSON.stringify({ ...config, node })], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', log, 'ipc'],
      // Ctrl-C goes to the whole process group; these end when they are told to.
      detached: true,
      ...started,
    });
    this.exited = endOf(this.#child);
    this.#reap = () => this.#child.kill('SIGKILL');
    process.once('exit', this.#reap);
    this.exited.then(() => process.off('exit', this.#reap));
    this.ready = Promise.race([this.#isReady(), this.#earlyEnd()]);
    // Who does not wait for it must not be ended by it.
    this.ready.catch(() => undefined);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** An orderly end: the channel to it is closed, which reaches it whatever stands between. */
  async stop(): Promise<ProcessEnd> {
    if (this.#child.connected) this.#child.disconnect();
    else this.#child.kill('SIGKILL');
    return this.exited;
  }

  #isReady(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.on('message', (message) => {
        const isTold = typeof message === 'object' && message !== null && 'type' in message;
        if (isTold && message.type === 'ready') resolve();
      });
    });
  }

  async #earlyEnd(): Promise<never> {
    const end = await this.exited;
    throw new ServiceError(`${this.node} ${endWords(end)}; its log: ${this.logFile}`);
  }
}

/** Rejects with UsageError where processes can't be set apart. */
export async function checkApart(): Promise<void> {
  try {
    await promisify(execFile)('unshare', [...APART, '--', 'true']);
  } catch (error) {
    const words = error instanceof Error ? error.message.trim() : String(error);
    throw new UsageError(
      `--across-hosts needs unshare, of util-linux, and the right to use it (root): ${words}`,
    );
  }
}

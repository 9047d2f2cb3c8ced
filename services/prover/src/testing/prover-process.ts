// SPDX-License-Identifier: GPL-3.0-or-later
/** The prover, its workers and their supervisor as processes. Tests only. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProverMessage } from '../announcement.ts';
import type { SupervisorStatus } from '../worker-supervisor.ts';

const MAINS = {
  prover: fileURLToPath(new URL('../main.ts', import.meta.url)),
  worker: fileURLToPath(new URL('../worker-main.ts', import.meta.url)),
  supervisor: fileURLToPath(new URL('../supervisor-main.ts', import.meta.url)),
} as const;

export type Message = ProverMessage | ({ readonly type: 'workers' } & SupervisorStatus);

/** The processes of a test. */
export class Processes {
  readonly #children = new Set<ChildProcess>();

  start(
    name: keyof typeof MAINS,
    config: unknown,
    nodeFlags: readonly string[] = [],
  ): ProverProcess {
    const process = new ProverProcess(MAINS[name], config, nodeFlags);
    this.#children.add(process.child);
    return process;
  }

  /** Ends those that are left. */
  killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

export class ProverProcess {
  readonly child: ChildProcess;
  readonly messages: Message[] = [];
  /** All that it wrote to stderr so far. */
  log = '';
  readonly #closed: Promise<unknown[]>;
  readonly #watchers = new Set<() => void>();

  constructor(main: string, config: unknown, nodeFlags: readonly string[]) {
    this.child = fork(main, ['--config-json', JSON.stringify(config)], {
      execArgv: [...process.execArgv, ...nodeFlags],
      serialization: 'advanced',
      stdio: ['ignore', 1, 'pipe', 'ipc'],
    });
    this.#closed = once(this.child, 'close');
    this.child.stderr?.on('data', (data) => {
      this.log += data;
      for (const look of this.#watchers) look();
    });
    this.child.on('message', (message: Message) => {
      this.messages.push(message);
      for (const look of this.#watchers) look();
    });
    this.#closed.then(() => {
      for (const look of this.#watchers) look();
    });
  }

  /**
   * Resolves when the condition holds, which is looked at with each message and line of the log.
   * Rejects when the process ends before, or tells that a market is not proved any further.
   */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const trouble = this.#trouble();
        if (!holds() && trouble === undefined) return;
        this.#watchers.delete(look);
        if (holds()) resolve();
        else reject(new Error(`${trouble}:\n${this.log}`));
      };
      this.#watchers.add(look);
      look();
    });
  }

  untilReady(): Promise<void> {
    return this.until(() => this.messages.some(({ type }) => type === 'ready'));
  }

  untilProved(epoch: number): Promise<void> {
    return this.until(() =>
      this.messages.some((told) => told.type === 'epoch-proved' && told.epoch === epoch),
    );
  }

  /** Status and signal that it ended with. */
  async end(signal: NodeJS.Signals): Promise<unknown[]> {
    this.child.kill(signal);
    return this.#closed;
  }

  #trouble(): string | undefined {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return `it ended (${exitCode ?? signalCode})`;
    for (const told of this.messages) {
      if (told.type !== 'status') continue;
      const [poison] = told.setAside;
      if (told.stopped !== undefined) return `${told.market} is stopped: ${told.stopped}`;
      if (poison !== undefined) return `a proof of ${told.market} is set aside: ${poison.reason}`;
    }
    return undefined;
  }
}

const POLL_MS = 20;

/** Resolves once the condition holds, of what nobody tells by itself. */
export async function polled(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(POLL_MS);
}

/** The market services of a node: one process for each partition that it serves or waits for. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cancelTimer, type Logger, monotonicMs, type Timer, type Timers } from '@foldbook/runtime';
import { type NodeMessage, SERVICE_STATES, type ServiceState } from './node-link.ts';
import type { RunState } from './node-view.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
/** Of a service's own end; then it is ended. */
const PATIENCE_MS = 15_000;
/** After an end that nobody asked for: the first pause before another start, and the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Who served so long ended for another reason than its start. */
const WELL_AFTER_MS = 30_000;
/** Of a new measurement in the smoothed load: some four of them, two seconds. */
const SMOOTHING = 0.25;

export interface NodeChildrenParts {
  /** What the service of a partition is started with. */
  readonly configOf: (partition: number) => Record<string, unknown>;
  readonly logger: Logger;
  readonly timers: Timers;
  /** Told when a service's state has changed. */
  readonly onChange: () => void;
}

interface Child {
  readonly process: ChildProcess;
  readonly startedMs: number;
  state: ServiceState;
  load: number;
  /** It was told to end. */
  isEnding: boolean;
  kill: Timer | undefined;
}

export class NodeChildren {
  readonly #parts: NodeChildrenParts;
  readonly #children = new Map<number, Child>();
  /** Partitions whose service ended by itself: the last pause, and until when it lasts. */
  readonly #pauses = new Map<number, { readonly ms: number; readonly untilMs: number }>();

  constructor(parts: NodeChildrenParts) {
    this.#parts = parts;
  }

  /** What runs, without those that are about to end. */
  runs(): Map<number, RunState> {
    const runs = new Map<number, RunState>();
    for (const [partition, { state, load, isEnding }] of this.#children) {
      if (!isEnding) runs.set(partition, { state, load });
    }
    return runs;
  }

  get size(): number {
    return this.#children.size;
  }

  /** Starts the partition's service, unless it runs, or ended by itself a moment ago. */
  start(partition: number): void {
    const { timers, logger, configOf } = this.#parts;
    const nowMs = monotonicMs(timers);
    const isPausing = (this.#pauses.get(partition)?.untilMs ?? nowMs) > nowMs;
    if (this.#children.has(partition) || isPausing) return;
    const child: Child = {
      process: fork(MAIN, ['--config-json', JSON.stringify(configOf(partition))], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        // Ctrl-C goes to the whole process group; services end when the node tells them to.
        detached: true,
      }),
      startedMs: nowMs,
      state: 'starting',
      load: 0,
      isEnding: false,
      kill: undefined,
    };
    this.#children.set(partition, child);
    logger.info(`partition ${partition} is started`, { process: child.process.pid });
    child.process.on('message', (message: unknown) => this.#hear(child, message));
    child.process.once('exit', (status, signal) => this.#ended(partition, child, status, signal));
    // A process that could not be started has no exit.
    child.process.once('error', (error) => {
      if (child.process.pid === undefined) this.#ended(partition, child, null, error.message);
    });
    tell(child, { type: 'supervise' });
  }

  /** Ends a service that waits; what serves ends by `handOver`, or with the node. */
  end(partition: number): void {
    const child = this.#children.get(partition);
    if (child === undefined || child.isEnding) return;
    this.#expectEnd(child);
    child.process.kill('SIGTERM');
  }

  /** The service finishes what it has begun, and leaves the partition to that node. */
  handOver(partition: number, heir: string): void {
    const child = this.#children.get(partition);
    if (child === undefined || child.isEnding) return;
    this.#parts.logger.info(`partition ${partition} is handed over to ${heir}`);
    this.#expectEnd(child);
    tell(child, { type: 'hand-over', heir });
  }

  #expectEnd(child: Child): void {
    child.isEnding = true;
    child.kill = this.#parts.timers.after(PATIENCE_MS, () => child.process.kill('SIGKILL'));
    this.#parts.onChange();
  }

  #hear(child: Child, message: unknown): void {
    const told = stateOf(message);
    if (told === undefined) return;
    child.load += SMOOTHING * (told.load - child.load);
    if (child.state === told.state) return;
    child.state = told.state;
    this.#parts.onChange();
  }

  #ended(
    partition: number,
    child: Child,
    status: number | null,
    signal: NodeJS.Signals | string | null,
  ): void {
    const { timers, logger, onChange } = this.#parts;
    cancelTimer(child.kill);
    this.#children.delete(partition);
    if (child.isEnding) logger.info(`partition ${partition} has ended`, { status, signal });
    else {
      const nowMs = monotonicMs(timers);
      const wasWell = nowMs - child.startedMs > WELL_AFTER_MS;
      const before = wasWell ? undefined : this.#pauses.get(partition);
      const ms = Math.min(LONGEST_PAUSE_MS, (before?.ms ?? FIRST_PAUSE_MS / 2) * 2);
      this.#pauses.set(partition, { ms, untilMs: nowMs + ms });
      timers.after(ms, onChange).unref();
      logger.warn(`partition ${partition} ended by itself`, { status, signal, pauseMs: ms });
    }
    onChange();
  }
}

function tell({ process }: Child, message: NodeMessage): void {
  // One that has just ended hears nothing; its exit says so.
  if (process.connected) process.send(message, () => undefined);
}

function stateOf(message: unknown): RunState | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  if (!('type' in message) || message.type !== 'state') return undefined;
  if (!('load' in message) || typeof message.load !== 'number') return undefined;
  const told = 'state' in message ? message.state : undefined;
  const state = SERVICE_STATES.find((one) => one === told);
  return state === undefined ? undefined : { state, load: message.load };
}

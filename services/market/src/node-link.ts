/**
 * A market service's line to the node that started it (node-children.ts): it tells what it does and
 * how busy it is, and is told to leave its partition to another node.
 */
import { performance } from 'node:perf_hooks';
import { systemTimers, type Timer } from '@foldbook/runtime';

/** `starting`, `waiting` for a partition that another process has, or `serving` it. */
export const SERVICE_STATES = ['starting', 'waiting', 'serving'] as const;
export type ServiceState = (typeof SERVICE_STATES)[number];

/** From the service. */
export interface StateMessage {
  readonly type: 'state';
  readonly state: ServiceState;
  /** Of its service thread's time since the last one, from 0 to 1. */
  readonly load: number;
}

/** From the node: the first makes the service tell, the second ends it. */
export type NodeMessage =
  | { readonly type: 'supervise' }
  | { readonly type: 'hand-over'; readonly heir: string };

const TELL_EVERY_MS = 500;

export class NodeLink {
  readonly #told = Promise.withResolvers<'told'>();
  #state: ServiceState = 'starting';
  #heir: string | undefined;
  #usage = performance.eventLoopUtilization();
  #timer: Timer | undefined;

  constructor() {
    if (process.send === undefined) return;
    process.on('message', (message: unknown) => this.#hear(message));
  }

  /** Resolves when the partition is to be left to another node. */
  get told(): Promise<'told'> {
    return this.#told.promise;
  }

  /** The node that the partition is left to. */
  get heir(): string | undefined {
    return this.#heir;
  }

  now(state: ServiceState): void {
    this.#state = state;
    if (this.#timer !== undefined) this.#tell();
  }

  #hear(message: unknown): void {
    if (isMessage(message, 'supervise') && this.#timer === undefined) {
      this.#timer = systemTimers.every(TELL_EVERY_MS, () => this.#tell());
      this.#timer.unref();
      this.#tell();
    }
    if (!isMessage(message, 'hand-over')) return;
    if ('heir' in message && typeof message.heir === 'string') this.#heir = message.heir;
    this.#told.resolve('told');
  }

  #tell(): void {
    if (!process.connected) return;
    const usage = performance.eventLoopUtilization();
    const load = performance.eventLoopUtilization(usage, this.#usage).utilization;
    this.#usage = usage;
    const told: StateMessage = { type: 'state', state: this.#state, load };
    process.send?.(told);
  }
}

function isMessage(message: unknown, type: NodeMessage['type']): message is object {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === type
  );
}

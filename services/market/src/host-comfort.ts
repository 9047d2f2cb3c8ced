/** What a host's thread asks of the system before its first command, and keeps up after it. */
import type { KernelHost } from '@foldbook/engine';
import { type Agent, placeMemory, setRealTime, touchPages } from '@foldbook/runtime';
import type { HostComfort, HostReached, HostThreadData } from './host-thread.ts';

/** More than a group may take, so that none of its commands waits for a page. */
const AHEAD_BYTES = 2 ** 20;
/** Twice what an order takes: what is ahead grows back after a group that took much of it. */
const TOUCHED_PER_RECORD = 256;
const LEAST_TOUCHED = 4_096;

type HostRings = Pick<HostThreadData, 'commands' | 'events'>;

/** On the host's own thread, as the pages it touches first are near its core. */
export function arrange(
  { commands, events, comfort }: HostRings & { readonly comfort: HostComfort },
  kernel: KernelHost,
): HostReached {
  const { memory, realtime, node } = comfort;
  const reserved = kernel.reserve(memory.reserveMb * 2 ** 20);
  const regions = [reserved, new Uint8Array(commands), new Uint8Array(events)];
  return {
    memory: placeMemory(regions, memory, node),
    realTime: realtime === 'off' ? undefined : setRealTime(realtime),
  };
}

/**
 * A host whose kernel finds its next pages touched: between turns, not while a command runs. In
 * small pages, as a huge one takes longer to clear than a command may.
 */
export class TouchingAgent implements Agent {
  readonly roleName: string;
  readonly #agent: Agent;
  readonly #kernel: KernelHost;

  constructor(agent: Agent, kernel: KernelHost) {
    this.roleName = agent.roleName;
    this.#agent = agent;
    this.#kernel = kernel;
  }

  doWork(): number {
    const work = this.#agent.doWork();
    if (work > 0) {
      const most = Math.max(work * TOUCHED_PER_RECORD, LEAST_TOUCHED);
      const next = this.#kernel.takeUntouched(AHEAD_BYTES, most);
      if (next !== undefined) touchPages(next);
    }
    return work;
  }
}

/**
 * The host on the service's own thread, one agent among the others: the same rings, the same
 * agent, but nobody whom the system has to wake. For machines with fewer cores than threads, and
 * for the least latency of clients over shared memory.
 */
import assert from 'node:assert/strict';
import { type Agent, currentThreadId } from '@foldbook/runtime';
import { buildHost, type HostData } from './build-host.ts';
import {
  type HostReached,
  type HostThread,
  type HostThreadOptions,
  type HostWorker,
  layHost,
  type PostedPassage,
} from './host-thread.ts';
import { Passages, passageOver } from './market-move.ts';

/** Where a host's events go: the publisher. */
export interface EventTaker {
  /** It can't send more for now. */
  readonly isHeldBack: boolean;
  /** Takes some out of the rings, held back or not; returns how many. */
  takeEvents(): number;
}

/** Takes the place of a host's thread. */
export interface InlineHostThread extends HostThread {
  readonly inline: InlineHost;
}

export class InlineHost implements Agent {
  readonly roleName = 'host';
  readonly reached: HostReached | undefined;
  readonly #host: Agent;
  readonly #passages = new Passages();
  #taker: EventTaker | undefined;

  constructor(data: HostData) {
    const waitForRoom = () => this.#makeRoom();
    // What else the thread does must not wait for more than a turn.
    const passNs = data.cycle.timeNs;
    // Nobody else needs the core: what it waits for comes by this thread's event loop.
    const ways = { passage: (host: number) => this.#passages.to(host), yieldCore: () => undefined };
    const built = buildHost(data, { waitForRoom, ...ways, passNs });
    this.#host = built.agent;
    this.reached = built.reached;
  }

  /** The way of a market's snapshot to this thread, or from it. */
  open({ host, port }: PostedPassage): void {
    this.#passages.add(host, passageOver(port));
  }

  /** Once, before its first work. */
  connect(taker: EventTaker): void {
    this.#taker = taker;
  }

  /** Nothing while its events could not go out: then its commands wait in their ring. */
  doWork(): number {
    return this.#takerOf().isHeldBack ? 0 : this.#host.doWork();
  }

  /**
   * In the middle of a group whose events fill the ring: who takes them is on this thread, so they
   * are taken now, and what that gives out waits in memory, as much as one group makes.
   */
  #makeRoom(): boolean {
    const taken = this.#takerOf().takeEvents();
    assert(taken > 0, 'a full ring has events to take');
    return true;
  }

  #takerOf(): EventTaker {
    assert(this.#taker !== undefined, 'an inline host is connected before it works');
    return this.#taker;
  }
}

/** Resolves when its kernel is warm. The `worker` of what it returns is the calling thread. */
export async function startInlineHost(
  options: Omit<HostThreadOptions, 'core' | 'idle'>,
): Promise<InlineHostThread> {
  const { data, ends } = await layHost(options);
  const inline = new InlineHost(data);
  if (inline.reached !== undefined) options.onReached?.(inline.reached);
  return { ...ends, inline, worker: callingThread(inline) };
}

/** Ends with the service and not before; what its agent throws ends the service. */
function callingThread(inline: InlineHost): HostWorker {
  return {
    threadId: currentThreadId(),
    core: undefined,
    pinned: false,
    pinError: undefined,
    post: (passage) => inline.open(passage as PostedPassage),
    failed: new Promise(() => undefined),
    stop: async () => undefined,
  };
}

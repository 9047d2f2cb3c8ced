/** How long a quiet market waits beside a busy one of the same host. */
import { RECORD_BYTES } from '@foldbook/protocol';
import { clockSince } from '@foldbook/runtime';
import { type HostThread, startHostThread } from '../host-thread.ts';
import { openMetrics } from '../market-metrics.ts';
import { EndReader } from './end-reader.ts';
import type { NeighbourAsk, NeighbourRun } from './hosts-messages.ts';
import { fillingGroups, PairGroups } from './order-groups.ts';
import { PacedMarket } from './paced-market.ts';

const QUIET = 1;
const BUSY = 2;
const FILLING = { orders: 1_000, accounts: 10, levels: 500 };
/** Of the busy market, always on their way: most of the ring, and room for the quiet one. */
const COMMANDS_IN_FLIGHT = 28_672;
/** Not measured: code is compiled, tables grow. */
const WARM_UP_NS = 1e9;
/** How long what is on its way may take to come back, ns. */
const PATIENCE_NS = 30e9;

export async function runNeighbour(asked: NeighbourAsk): Promise<NeighbourRun> {
  const { core, cycle } = asked;
  const metrics = openMetrics(undefined, 1, Date.now()).memory;
  const host = await startHostThread({ host: 0, core, idle: 'busy-spin', cycle, metrics });
  try {
    return new Neighbours(host, asked).run();
  } finally {
    await host.worker.stop();
  }
}

class Neighbours {
  readonly #host: HostThread;
  readonly #asked: NeighbourAsk;
  readonly #reader: EndReader;
  /** As hosts have it. */
  readonly #nowNs = clockSince(0n);
  readonly #busy: PairGroups | undefined;
  #inFlight = 0;
  #ended = 0;

  constructor(host: HostThread, asked: NeighbourAsk) {
    this.#host = host;
    this.#asked = asked;
    this.#reader = new EndReader(host.events);
    const { groupCommands } = asked;
    if (groupCommands !== undefined) this.#busy = new PairGroups(BUSY, groupCommands);
  }

  run(): NeighbourRun {
    for (const market of [QUIET, BUSY]) this.#fill(market);
    const startNs = this.#nowNs();
    const fromNs = startNs + WARM_UP_NS;
    const untilNs = fromNs + this.#asked.seconds * 1e9;
    const quiet = new PacedMarket(QUIET, this.#asked.perSec);
    quiet.startAt(startNs);
    const latencyNs: number[] = [];
    const before: number[] = [];
    /** When groups of the busy market were done, those that a command may have waited for. */
    let doneNs: number[] = [];
    let busyGroups = 0;
    const ended = (market: number, endNs: number) => {
      if (market === BUSY) {
        this.#inFlight -= 1;
        if (endNs >= fromNs && endNs < untilNs) busyGroups += 1;
        if (!quiet.isIdle) doneNs.push(endNs);
        return;
      }
      const { intendedNs, sentNs } = quiet.takeOldest();
      if (intendedNs >= fromNs) {
        latencyNs.push(this.#nowNs() - intendedNs);
        const groups = doneNs.filter((ns) => ns > sentNs).length;
        before.push(groups * (this.#busy?.commands ?? 0));
      }
      if (quiet.isIdle) doneNs = [];
    };
    const listener = { ended, moved: unexpected };
    for (let nowNs = startNs; nowNs < untilNs; nowNs = this.#nowNs()) {
      quiet.sendDue(nowNs, this.#send);
      this.#keepBusy();
      this.#reader.read(listener);
    }
    this.#finish(() => quiet.isIdle && this.#inFlight === 0, listener);
    const busyPerSec = (busyGroups * (this.#busy?.commands ?? 0)) / this.#asked.seconds;
    return {
      latencyNs: Float64Array.from(latencyNs),
      before: Float64Array.from(before),
      busyPerSec,
    };
  }

  readonly #send = (group: Uint8Array, records: number): number | undefined => {
    const { commands } = this.#host;
    if (!commands.offer(group, records)) return undefined;
    // Right before it is seen: what is done after that is what it has to wait for.
    const sentNs = this.#nowNs();
    commands.publish();
    return sentNs;
  };

  #keepBusy(): void {
    const busy = this.#busy;
    if (busy === undefined) return;
    while ((this.#inFlight + 1) * busy.commands <= COMMANDS_IN_FLIGHT) {
      if (this.#send(busy.peek(), busy.records) === undefined) return;
      busy.sent();
      this.#inFlight += 1;
    }
  }

  #fill(market: number): void {
    for (const group of fillingGroups(market, FILLING)) {
      const before = this.#ended;
      this.#send(group, group.byteLength / RECORD_BYTES);
      const ended = () => {
        this.#ended += 1;
      };
      this.#finish(() => this.#ended > before, { ended, moved: unexpected });
    }
  }

  #finish(isDone: () => boolean, listener: Parameters<EndReader['read']>[0]): void {
    const lateNs = this.#nowNs() + PATIENCE_NS;
    while (!isDone()) {
      this.#reader.read(listener);
      if (this.#nowNs() > lateNs) throw new Error('the host does not answer');
    }
  }
}

function unexpected(): void {
  throw new Error('nothing moves here');
}

/** Live moves of a market between two hosts, and what their other markets see of them. */
import { RECORD_BYTES } from '@foldbook/protocol';
import { clockSince } from '@foldbook/runtime';
import { Dispatcher, type FinishedMove, type MoveEnd } from '../dispatcher.ts';
import { type HostThread, startHostThread } from '../host-thread.ts';
import { openMetrics } from '../market-metrics.ts';
import { Market } from '../market-registry.ts';
import { EndReader } from './end-reader.ts';
import type { MoveAsk, MoveRun } from './hosts-messages.ts';
import { fillingGroups } from './order-groups.ts';
import { PacedMarket } from './paced-market.ts';

/** As the service has them by default. */
const CYCLE = { records: 4_096, timeNs: 500_000 };
const NEIGHBOUR_FILLING = { orders: 1_000, accounts: 10, levels: 500 };
/** Of each neighbour, without moves and not measured at first. */
const WARM_UP_NS = 0.5e9;
/** After the last move, while what the market left behind is taken apart. */
const AFTERWARDS_NS = 0.2e9;
const PATIENCE_NS = 60e9;
/** Between looks where the client has no core of its own; the system rounds it up. */
const PAUSE_MS = 0.02;

export async function runMoves(asked: MoveAsk): Promise<MoveRun> {
  const metrics = openMetrics(undefined, asked.cores.length, Date.now()).memory;
  const hosts: HostThread[] = [];
  try {
    for (const [host, core] of asked.cores.entries()) {
      const facts = { host, core, metrics };
      hosts.push(await startHostThread({ ...facts, idle: 'park', cycle: CYCLE }));
    }
    return new Moves(hosts, asked).run();
  } finally {
    await Promise.all(hosts.map(({ worker }) => worker.stop()));
  }
}

type Role = 'resting' | 'leaving' | 'coming';

interface Neighbour {
  readonly market: Market;
  readonly paced: PacedMarket;
  /** Of each that is on its way, what its host did when it was sent. */
  readonly roles: Role[];
}

class Moves {
  readonly #asked: MoveAsk;
  readonly #dispatcher: Dispatcher;
  readonly #readers: readonly EndReader[];
  readonly #nowNs = clockSince(process.hrtime.bigint());
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));
  readonly #mover = new Market('moves', 1, 0);
  readonly #neighbours: readonly Neighbour[];
  readonly #latencyNs = {
    resting: [] as number[],
    leaving: [] as number[],
    coming: [] as number[],
  };
  readonly #tookMs: number[] = [];
  #ended = 0;
  /** What hosts do with the market that moves. */
  #roles: readonly [Role, Role] = ['resting', 'resting'];
  #isMeasured = false;

  constructor(hosts: readonly HostThread[], asked: MoveAsk) {
    this.#asked = asked;
    const targets = hosts.map(({ commands, worker }) => ({ commands, post: worker.post }));
    this.#dispatcher = new Dispatcher(targets, this.#nowNs);
    this.#readers = hosts.map(({ events }) => new EndReader(events));
    this.#neighbours = hosts.map((_, host) => {
      const market = new Market(`neighbour-${host}`, 2 + host, 0);
      market.host = host;
      const paced = new PacedMarket(market.id, asked.perSec);
      return { market, paced, roles: [] };
    });
  }

  run(): MoveRun {
    this.#fill(this.#mover, this.#asked);
    for (const { market } of this.#neighbours) this.#fill(market, NEIGHBOUR_FILLING);
    const startNs = this.#nowNs();
    for (const { paced } of this.#neighbours) paced.startAt(startNs);
    this.#until(startNs + WARM_UP_NS);
    this.#isMeasured = true;
    this.#until(this.#nowNs() + this.#asked.seconds * 1e9);
    const lastNs = this.#nowNs() + this.#asked.seconds * 1e9;
    for (let move = 0; move < this.#asked.leastMoves || this.#nowNs() < lastNs; move += 1) {
      this.#move();
    }
    this.#until(this.#nowNs() + AFTERWARDS_NS);
    this.#finish(() => this.#neighbours.every(({ paced }) => paced.isIdle));
    const { resting, leaving, coming } = this.#latencyNs;
    return {
      tookMs: this.#tookMs,
      restingNs: Float64Array.from(resting),
      leavingNs: Float64Array.from(leaving),
      comingNs: Float64Array.from(coming),
    };
  }

  /** There and back in turns; each begins when the one before it has ended. */
  #move(): void {
    const to = 1 - this.#mover.host;
    this.#roles = to === 1 ? ['leaving', 'coming'] : ['coming', 'leaving'];
    let finished: FinishedMove | undefined;
    this.#dispatcher.move(this.#mover, to, (move) => {
      finished = move;
    });
    this.#finish(() => finished !== undefined);
    this.#tookMs.push((finished?.tookNs ?? 0) / 1e6);
  }

  #fill(market: Market, filling: Parameters<typeof fillingGroups>[1]): void {
    for (const group of fillingGroups(market.id, filling)) {
      const before = this.#ended;
      this.#dispatcher.deliver(market, group, group.byteLength / RECORD_BYTES);
      this.#finish(() => this.#ended > before);
    }
  }

  #until(endNs: number): void {
    this.#finish(() => this.#nowNs() >= endNs);
  }

  #finish(isDone: () => boolean): void {
    const lateNs = this.#nowNs() + PATIENCE_NS;
    while (!isDone()) {
      if (this.#turn() > 0) continue;
      if (this.#nowNs() > lateNs) throw new Error('the hosts do not answer');
      if (this.#asked.isShared) Atomics.wait(this.#pause, 0, 0, PAUSE_MS);
    }
  }

  /** What is due goes out, and what came is read; returns how many records came. */
  #turn(): number {
    const nowNs = this.#nowNs();
    for (const [host, { market, paced, roles }] of this.#neighbours.entries()) {
      paced.sendDue(nowNs, (group, records) => {
        // The dispatcher keeps what there is no room for: it must stay what it is.
        this.#dispatcher.deliver(market, group.slice(), records);
        roles.push(this.#roles[host] ?? 'resting');
        return nowNs;
      });
    }
    this.#dispatcher.flush();
    return this.#readers.reduce((count, reader) => count + reader.read(this.#listener), 0);
  }

  readonly #listener = {
    ended: (id: number) => {
      this.#ended += 1;
      const host = this.#neighbours.findIndex(({ market }) => market.id === id);
      const neighbour = this.#neighbours[host];
      if (neighbour === undefined || neighbour.paced.isIdle) return;
      const tookNs = this.#nowNs() - neighbour.paced.takeOldest().intendedNs;
      const sent = neighbour.roles.shift() ?? 'resting';
      // A move that began before the answer came has had its part in it.
      const role = sent === 'resting' ? (this.#roles[host] ?? sent) : sent;
      if (this.#isMeasured) this.#latencyNs[role].push(tookNs);
    },
    moved: (id: number, end: MoveEnd) => this.#dispatcher.moved(id, end),
  };
}

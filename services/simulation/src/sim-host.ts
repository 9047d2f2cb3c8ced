/** A host of markets without a thread: the production agent, driven by the scheduler. */
import assert from 'node:assert/strict';
import { type Dice, type Engine, RESULT_CAPACITY } from '@foldbook/engine';
import { HostAgent } from '@foldbook/market/src/host-agent.ts';
import type { HostThread, HostThreadOptions, SendPiece } from '@foldbook/market/src/host-thread.ts';
import { attachMetrics, ThreadMetrics } from '@foldbook/market/src/market-metrics.ts';
import type { Arrival, Home } from '@foldbook/market/src/market-move.ts';
import { RingOutput } from '@foldbook/market/src/ring-output.ts';
import { createRing, RingConsumer, RingProducer } from '@foldbook/runtime';
import type { TakenKernel } from './sim-kernels.ts';
import type { SimProcess } from './sim-process.ts';

const COMMAND_SLOTS = 8_192;
const EVENT_SLOTS = 32_768;
/** Until the thread looks at its ring, at most. */
const LOOK_NS = 30_000;
/** Until it looks again for what comes by the event loop of the service, at most. */
const REST_NS = 1_000_000;
/** Of the event ring: a thread would wait for room in the middle of its work. */
const FULL_SLOTS = EVENT_SLOTS / 2;

/** By the numbers of their markets. */
export type Engines = ReadonlyMap<number, Engine>;

export interface SimHostParts {
  readonly process: SimProcess;
  readonly dice: Dice;
  readonly takeKernel: () => TakenKernel;
  /** Told of the markets' engines after each piece of work. */
  readonly onWorked: (engines: Engines) => void;
}

/** What `startMarketService` takes in the place of a thread. */
export function simulatedHost({ process, dice, takeKernel, onWorked }: SimHostParts) {
  return async (options: HostThreadOptions): Promise<HostThread> => {
    const commands = createRing(COMMAND_SLOTS);
    const events = createRing(EVENT_SLOTS);
    const engines = new Map<number, Engine>();
    const output = new RingProducer(events);
    const way = new SimWay(process, dice);
    let isResting = false;
    const agent = new HostAgent({
      commands: new RingConsumer(commands),
      output: new RingOutput(output, () => {
        assert.fail('the event ring is full: the simulation needs a larger one');
      }),
      home: homeOf(takeKernel(), engines),
      metrics: new ThreadMetrics(
        attachMetrics(options.metrics),
        options.host,
        process.timers.monotonicNs,
      ),
      cycle: options.cycle,
      yieldCore: () => {
        isResting = true;
      },
      passage: () => way.ofHost,
    });
    let isWoken = false;
    let isStopped = false;
    const wake = () => {
      if (isWoken) return;
      isWoken = true;
      const delayNs = 1_000 + dice.below(isResting ? REST_NS : LOOK_NS);
      isResting = false;
      process.in(delayNs, 'host', () => {
        isWoken = false;
        if (isStopped) return;
        const isFull = output.used() > FULL_SLOTS;
        if (!isFull && agent.doWork() === 0) return;
        if (!isFull) onWorked(engines);
        wake();
      });
    };
    const worker = {
      ...{ pinned: false, core: options.core, threadId: undefined, pinError: undefined },
      failed: new Promise<never>(() => undefined),
      post: () => assert.fail('simulated markets stay on their host'),
      stop: async () => {
        isStopped = true;
      },
      openWay: (onPiece: SendPiece) => way.open(onPiece),
    };
    const producer = new WakingProducer(commands, wake);
    return { worker, commands: producer, events: new RingConsumer(events) };
  };
}

function homeOf(kernel: TakenKernel, engines: Map<number, Engine>): Home {
  const arrived = (arrival: Arrival, market: number): Arrival => ({
    get isWhole() {
      return arrival.isWhole;
    },
    add: (chunk) => arrival.add(chunk),
    drop: (orders) => arrival.drop(orders),
    step: (orders) => {
      const engine = arrival.step(orders);
      if (engine === undefined) return undefined;
      kernel.isAdopting = false;
      engines.set(market, engine);
      return engine;
    },
  });
  return {
    addMarket: (market) => {
      kernel.markets += 1;
      const engine = kernel.host.addMarket({ resultCapacity: RESULT_CAPACITY });
      engines.set(market, engine);
      return engine;
    },
    adopt: (market) => {
      kernel.markets += 1;
      kernel.isAdopting = true;
      return arrived(kernel.host.adopt(), market);
    },
  };
}

/** The way of snapshots between the service's thread and its host: in order, and later. */
class SimWay {
  readonly #process: SimProcess;
  readonly #dice: Dice;
  readonly #toHost: Uint8Array[] = [];
  #onPiece: SendPiece = () => undefined;
  #lastNs = 0;

  constructor(process: SimProcess, dice: Dice) {
    this.#process = process;
    this.#dice = dice;
  }

  readonly ofHost = {
    send: (bytes: Uint8Array) => this.#carry(bytes, (piece) => this.#onPiece(piece)),
    receive: () => this.#toHost.shift(),
  };

  open(onPiece: SendPiece): SendPiece {
    this.#onPiece = onPiece;
    return (bytes) => this.#carry(bytes, (piece) => void this.#toHost.push(piece));
  }

  #carry(bytes: Uint8Array, hand: SendPiece): void {
    const piece = bytes.slice();
    const { nowNs } = this.#process.scheduler;
    this.#lastNs = Math.max(this.#lastNs, nowNs + this.#dice.below(LOOK_NS)) + 1;
    this.#process.in(this.#lastNs - nowNs, 'piece', () => hand(piece));
  }
}

/** A thread would look at its ring by itself; one without time of its own has to be told. */
class WakingProducer extends RingProducer {
  readonly #wake: () => void;

  constructor(ring: SharedArrayBuffer, wake: () => void) {
    super(ring);
    this.#wake = wake;
  }

  override publish(): void {
    super.publish();
    this.#wake();
  }
}

/** A host of markets without a thread: the production agent, driven by the scheduler. */
import assert from 'node:assert/strict';
import { type Dice, type Engine, type KernelHost, RESULT_CAPACITY } from '@foldbook/engine';
import { HostAgent } from '@foldbook/market/src/host-agent.ts';
import type { HostThread, HostThreadOptions } from '@foldbook/market/src/host-thread.ts';
import { attachMetrics, ThreadMetrics } from '@foldbook/market/src/market-metrics.ts';
import { RingOutput } from '@foldbook/market/src/ring-output.ts';
import { createRing, RingConsumer, RingProducer } from '@foldbook/runtime';
import type { SimProcess } from './sim-process.ts';

const COMMAND_SLOTS = 8_192;
const EVENT_SLOTS = 32_768;
/** Until the thread looks at its ring, at most. */
const LOOK_NS = 30_000;
/** Of the event ring: a thread would wait for room in the middle of its work. */
const FULL_SLOTS = EVENT_SLOTS / 2;

export interface SimHostParts {
  readonly process: SimProcess;
  readonly dice: Dice;
  readonly kernel: KernelHost;
  /** Told of the markets' engines, in the order of their first groups, after each piece of work. */
  readonly onWorked: (engines: readonly Engine[]) => void;
}

/** What `startMarketService` takes in the place of a thread. */
export function simulatedHost(parts: SimHostParts) {
  return async (options: HostThreadOptions): Promise<HostThread> => {
    const { process, dice, kernel, onWorked } = parts;
    const commands = createRing(COMMAND_SLOTS);
    const events = createRing(EVENT_SLOTS);
    const engines: Engine[] = [];
    const addMarket = () => {
      const engine = kernel.addMarket({ resultCapacity: RESULT_CAPACITY });
      engines.push(engine);
      return engine;
    };
    const output = new RingProducer(events);
    const agent = new HostAgent({
      commands: new RingConsumer(commands),
      output: new RingOutput(output, () => {
        assert.fail('the event ring is full: the simulation needs a larger one');
      }),
      home: { addMarket, adopt: () => kernel.adopt() },
      metrics: new ThreadMetrics(
        attachMetrics(options.metrics),
        options.host,
        process.timers.monotonicNs,
      ),
      cycle: options.cycle,
      yieldCore: () => undefined,
      passage: () => assert.fail('simulated markets stay on their host'),
    });
    let isWoken = false;
    const wake = () => {
      if (isWoken) return;
      isWoken = true;
      process.in(1_000 + dice.below(LOOK_NS), 'host', () => {
        isWoken = false;
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
      stop: async () => undefined,
    };
    const producer = new WakingProducer(commands, wake);
    return { worker, commands: producer, events: new RingConsumer(events) };
  };
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

/** The client process of `bench shm`: sends when it is due, and notes when the answer is there. */
import assert from 'node:assert/strict';
import { connect, OrderClient } from '@foldbook/client';
import { CommandKind, type MarketEvent, Side, TimeInForce } from '@foldbook/protocol';
import { answerQuestions, type Transport } from '@foldbook/runtime';
import type { ShmMeasured, ShmQuestions, ShmRun } from './shm-messages.ts';
import { percentiles } from './statistics.ts';

const NS_PER_MS = 1e6;
const PRICE = 100n;
const PATIENCE_MS = 30_000;

interface Attached {
  readonly transport: Transport;
  readonly client: OrderClient;
}

let attached: Attached | undefined;

function link(): Attached {
  assert(attached !== undefined, 'attach comes first');
  return attached;
}

answerQuestions<ShmQuestions>({
  async attach({ sharedMemory, market, account }) {
    const transport = await connect({ sharedMemory, spin: true });
    const reports = { kind: 'live', transport } as const;
    const client = await OrderClient.open({ transport, reports, market, account });
    attached = { transport, client };
    return undefined;
  },
  orders: (run) => measureOrders(link().client, run),
  async echoes(run) {
    const { transport } = link();
    const trips = new Trips(run);
    await trips.go((_, done) => void transport.flush().then(done));
    return trips.measured(true);
  },
  async detach() {
    const { client, transport } = link();
    await client.close();
    await transport.close();
    return undefined;
  },
});

/** Each order is cancelled by the next command, so that the book stays as it is. */
async function measureOrders(client: OrderClient, run: ShmRun): Promise<ShmMeasured> {
  const trips = new Trips(run);
  const expected = ['accepted', 'cancelled'] as const;
  const first = client.counters.submitted;
  let answered = 0;
  let isRight = true;
  let done: () => void = () => undefined;
  const stop = client.onEvent(({ type }: MarketEvent) => {
    isRight &&= type === expected[answered % 2];
    answered += 1;
    done();
  });
  await trips.go((index, isDone) => {
    done = isDone;
    const clientOrderId = BigInt(first + index - (index % 2) + 1);
    if (index % 2 === 1) {
      client.submit({ kind: CommandKind.CANCEL, clientOrderId });
      return;
    }
    const terms = { side: Side.SELL, price: PRICE, quantity: 1n, timeInForce: TimeInForce.GTC };
    client.submit({ kind: CommandKind.NEW, clientOrderId, ...terms });
  });
  stop();
  return trips.measured(isRight && answered === run.trips);
}

/** Round trips that are due at equal intervals; answers come in the order of what was sent. */
class Trips {
  readonly #run: ShmRun;
  readonly #latencies: Float64Array;
  readonly #periodMs: number;
  #startMs = 0;
  #answered = 0;
  readonly #end = Promise.withResolvers<void>();

  constructor(run: ShmRun) {
    this.#run = run;
    this.#latencies = new Float64Array(run.trips);
    this.#periodMs = 1_000 / run.perSec;
  }

  async go(send: (index: number, done: () => void) => void): Promise<void> {
    const { trips } = this.#run;
    const done = () => this.#answer();
    const wanted = this.#periodMs * trips + PATIENCE_MS;
    const late = setTimeout(() => this.#end.reject(new Error('answers are missing')), wanted);
    let sent = 0;
    this.#startMs = performance.now() + this.#periodMs;
    const turn = () => {
      const due = Math.floor((performance.now() - this.#startMs) / this.#periodMs) + 1;
      for (; sent < Math.min(due, trips); sent += 1) send(sent, done);
      // A turn of the event loop: what reads the answers has its own.
      if (sent < trips) setImmediate(turn);
    };
    turn();
    await this.#end.promise.finally(() => clearTimeout(late));
  }

  measured(isRight: boolean): ShmMeasured {
    return { latencyNs: percentiles(this.#latencies.map(Math.round).sort()), isRight };
  }

  #answer(): void {
    const dueMs = this.#startMs + this.#answered * this.#periodMs;
    this.#latencies[this.#answered] = (performance.now() - dueMs) * NS_PER_MS;
    this.#answered += 1;
    if (this.#answered === this.#run.trips) this.#end.resolve();
  }
}

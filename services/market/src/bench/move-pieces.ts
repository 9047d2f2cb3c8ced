/** The pieces in which a market moves, on one thread: what its neighbours wait for at most. */
import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import { KernelHost, loadKernel, RESULT_CAPACITY, warmUpKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { clockSince } from '@foldbook/runtime';
import { Coming, Leaving, type Passage, passageOver } from '../market-move.ts';
import type { PieceAsk, PieceRun, Pieces } from './hosts-messages.ts';
import { fillingGroups } from './order-groups.ts';

const MARKET = 1;
const WORST = 5;
const MS = 1e6;

/** Pieces come in the same order in every run; what else the machine does comes at others. */
class Least {
  readonly #leastNs: number[] = [];
  #index = 0;

  startRun(): void {
    this.#index = 0;
  }

  record(tookNs: number): void {
    const before = this.#leastNs[this.#index] ?? Number.POSITIVE_INFINITY;
    this.#leastNs[this.#index] = Math.min(before, tookNs);
    this.#index += 1;
  }

  get pieces(): Pieces {
    const sorted = this.#leastNs.toSorted((a, b) => b - a);
    const overMs = sorted.filter((ns) => ns > MS).length;
    return { count: sorted.length, overMs, worstNs: sorted.slice(0, WORST) };
  }
}

export async function runPieces({ runs, ...filling }: PieceAsk): Promise<PieceRun> {
  const kernel = await loadKernel();
  warmUpKernel(kernel);
  const groups = [...fillingGroups(MARKET, filling)];
  const nowNs = clockSince(process.hrtime.bigint());
  const [leaving, coming] = [new Least(), new Least()];
  let bytes = 0;
  for (let run = 0; run < runs; run += 1) {
    globalThis.gc?.();
    const [from, to] = [new KernelHost(kernel), new KernelHost(kernel)];
    use(to);
    const engine = from.addMarket({ resultCapacity: RESULT_CAPACITY });
    for (const group of groups) {
      const count = group.byteLength / RECORD_BYTES - 1;
      engine.apply(group.subarray(RECORD_BYTES), count, 1n, () => undefined);
    }
    bytes = 0;
    const [out, into] = passages((size) => {
      bytes += size;
    });
    const leaves = new Leaving(MARKET, engine, out);
    const comes = new Coming(MARKET, to.adopt(), into);
    leaving.startRun();
    coming.startRun();
    const stepOf = <Step>(moving: { step(): Step }, pieces: Least): Step => {
      const startNs = nowNs();
      const step = moving.step();
      if (step !== 'waiting') pieces.record(nowNs() - startNs);
      return step;
    };
    let state = stepOf(leaves, leaving);
    let come = stepOf(comes, coming);
    while (state !== 'gone') {
      state = stepOf(leaves, leaving);
      if (typeof come === 'string') come = stepOf(comes, coming);
    }
    assert(typeof come !== 'string', 'the market has come');
  }
  return { bytes, leaving: leaving.pieces, coming: coming.pieces };
}

/** A market was there and left again, as on hosts that markets move between. */
function use(host: KernelHost): void {
  const engine = host.addMarket({ resultCapacity: RESULT_CAPACITY });
  while (engine.dismantle(1)) {
    // All of it.
  }
}

function passages(onSend: (bytes: number) => void): readonly [Passage, Passage] {
  const { port1, port2 } = new MessageChannel();
  const out = passageOver(port1);
  const send = (chunk: Uint8Array) => {
    onSend(chunk.byteLength);
    out.send(chunk);
  };
  return [{ ...out, send }, passageOver(port2)];
}

/** The pieces in which a market moves, on one thread: what its neighbours wait for at most. */
import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import { KernelHost, loadKernel, warmUpKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { clockSince } from '@foldbook/runtime';
import { RESULT_CAPACITY } from '../host-thread.ts';
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
    let state: string;
    let come: unknown;
    do {
      const startNs = nowNs();
      state = leaves.step();
      leaving.record(nowNs() - startNs);
      if (come !== undefined) continue;
      const comeNs = nowNs();
      come = comes.step();
      coming.record(nowNs() - comeNs);
    } while (state !== 'gone' || come === undefined);
    assert(come !== undefined);
  }
  return { bytes, leaving: leaving.pieces, coming: coming.pieces };
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

/** Workers that prove while something else is measured: processes, as their license is another. */
import { fileURLToPath } from 'node:url';
import { AskedProcess } from './asked-process.ts';

const MAIN = fileURLToPath(
  new URL('../../../prover/src/bench/prove-load-main.ts', import.meta.url),
);

type Questions = {
  readonly prepare: {
    readonly asked: { readonly circuit: string; readonly nice: number };
    readonly answer: { readonly pid: number; readonly cores: readonly number[] };
  };
  readonly begin: { readonly asked: undefined; readonly answer: undefined };
  /** Answered when the proof under way is made; of the time since `begin`. */
  readonly end: {
    readonly asked: undefined;
    readonly answer: { readonly proofs: number; readonly wallMs: number; readonly cpuMs: number };
  };
};

export interface ProvingWorker {
  readonly pid: number;
  /** As the system has it: the cores that it keeps to. */
  readonly cpuset: string;
  readonly proofs: number;
  /** While something was measured; of all its threads, and by the clock. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

interface Running {
  readonly process: AskedProcess<Questions>;
  worker: ProvingWorker;
}

export class ProvingLoad {
  readonly #running: Running[] = [];

  /** One worker a core, each with its key loaded. */
  static async start(
    options: {
      readonly circuit: string;
      readonly nice: number;
      readonly cores: readonly number[];
    },
    signal: AbortSignal,
  ): Promise<ProvingLoad> {
    const { circuit, nice, cores } = options;
    const load = new ProvingLoad();
    try {
      for (const core of cores) {
        const process = new AskedProcess<Questions>(MAIN, [], signal, [core]);
        const counts = { proofs: 0, cpuMs: 0, wallMs: 0 };
        const running = { process, worker: { pid: process.processId, cpuset: '', ...counts } };
        load.#running.push(running);
        const { pid, cores: kept } = await process.ask('prepare', { circuit, nice });
        running.worker = { ...running.worker, pid, cpuset: kept.join(',') };
      }
      return load;
    } catch (error) {
      await load.stop();
      throw error;
    }
  }

  /** They prove from before it begins until it has ended. */
  async during(measure: () => Promise<void>): Promise<void> {
    for (const { process } of this.#running) await process.ask('begin', undefined);
    await measure();
    await Promise.all(
      this.#running.map(async (running) => {
        const { proofs, cpuMs, wallMs } = await running.process.ask('end', undefined);
        const { worker } = running;
        running.worker = {
          ...worker,
          proofs: worker.proofs + proofs,
          cpuMs: worker.cpuMs + cpuMs,
          wallMs: worker.wallMs + wallMs,
        };
      }),
    );
  }

  workers(): ProvingWorker[] {
    return this.#running.map(({ worker }) => worker);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map(({ process }) => process.stop()));
  }
}

/** Kernels for simulated hosts: each has one to itself, and another one has it afterwards. */
import { KernelHost } from '@foldbook/engine';

const SECRET = [0x5eedn, 0xfeedn] as const;
/** Markets are never given back: so many, and a new kernel is made. */
const MOST_MARKETS = 24;

export interface TakenKernel {
  readonly host: KernelHost;
  markets: number;
  /** It was left with a market half restored. */
  isAdopting: boolean;
}

export class KernelPool {
  readonly #module: WebAssembly.Module;
  #free: TakenKernel[] = [];

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  take(): TakenKernel {
    const host = () => new KernelHost(this.#module, { secret: SECRET });
    return this.#free.pop() ?? { host: host(), markets: 0, isAdopting: false };
  }

  giveBack(kernel: TakenKernel): void {
    if (!kernel.isAdopting && kernel.markets < MOST_MARKETS) this.#free.push(kernel);
  }

  /** After something went wrong: what is in them is not known. */
  clear(): void {
    this.#free = [];
  }
}

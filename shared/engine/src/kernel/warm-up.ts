/** Runs the kernel's code before a market needs it. */
import { FLOW_CAPACITY, RandomFlow } from '../random-flow.ts';
import { KernelHost } from './kernel-host.ts';

/** V8 has compiled all of the kernel with its best compiler after about half as many. */
const COMMANDS = 60_000;
const SEED = 1;

/**
 * Plays commands of every kind to a market of its own, which is then forgotten, so that the first
 * ones of a market that opens meet code that is compiled and branches that are known. Compiled code
 * belongs to the module: kernels that are made of it later have it, too.
 */
export function warmUpKernel(module: WebAssembly.Module): void {
  const market = new KernelHost(module).addMarket(FLOW_CAPACITY);
  for (const { records, count, timeNs } of new RandomFlow(SEED).groups(COMMANDS)) {
    market.apply(records, count, timeNs, ignore);
  }
}

const ignore = () => undefined;

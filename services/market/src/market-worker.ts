/** Entry of the market thread: one agent, one loop, until the command ring is closed. */
import { KernelHost, warmUpKernel } from '@foldbook/engine';
import {
  AgentRunner,
  createIdleStrategy,
  RingConsumer,
  RingProducer,
  runPinned,
} from '@foldbook/runtime';
import { MarketAgent } from './market-agent.ts';
import type { MarketThreadData } from './market-thread.ts';

/** Looks at the event ring again at least this often while it is full, ms. */
const FULL_RING_PAUSE_MS = 1;

/**
 * Requests of a market whose results are kept: 2 MiB each, so that a thousand markets fit the
 * memory of one kernel. Part of the market's rules: another number needs another version of them.
 */
const RESULT_CAPACITY = 2 ** 17;

runPinned<MarketThreadData>(({ workerData, stopped, pause }) => {
  const commands = new RingConsumer(workerData.commands);
  const events = new RingProducer(workerData.events);
  const waitForRoom = () => {
    if (stopped()) return false;
    pause(FULL_RING_PAUSE_MS);
    return true;
  };
  const { kernel, secret } = workerData;
  warmUpKernel(kernel);
  // One memory for all markets of the thread.
  const host = new KernelHost(kernel, { secret });
  const createEngine = () => host.addMarket({ resultCapacity: RESULT_CAPACITY });
  const agent = new MarketAgent(commands, events, createEngine, waitForRoom);
  return new AgentRunner(agent, createIdleStrategy(workerData.idle, commands));
});

/** Entry of a host's thread: one agent, one loop, until it is told to stop. */
import { KernelHost, warmUpKernel } from '@foldbook/engine';
import {
  AgentRunner,
  createIdleStrategy,
  createYield,
  RingConsumer,
  RingProducer,
  runPinned,
} from '@foldbook/runtime';
import { HostAgent } from './host-agent.ts';
import { arrange, TouchingAgent } from './host-comfort.ts';
import { type HostThreadData, type PostedPassage, RESULT_CAPACITY } from './host-thread.ts';
import { attachMetrics, ThreadMetrics } from './market-metrics.ts';
import { Passages, passageOver } from './market-move.ts';
import { RingOutput } from './ring-output.ts';

/** Looks at the event ring again at least this often while it is full, ms. */
const FULL_RING_PAUSE_MS = 1;

runPinned<HostThreadData>(({ workerData, stopped, pause, receive, tell }) => {
  const commands = new RingConsumer(workerData.commands);
  const output = new RingOutput(new RingProducer(workerData.events), () => {
    if (stopped()) return false;
    pause(FULL_RING_PAUSE_MS);
    return true;
  });
  const { kernel, secret, cycle } = workerData;
  warmUpKernel(kernel);
  // One memory for all markets of the thread.
  const kernelHost = new KernelHost(kernel, { secret });
  const home = {
    addMarket: () => kernelHost.addMarket({ resultCapacity: RESULT_CAPACITY }),
    adopt: () => kernelHost.adopt(),
  };
  const passages = new Passages();
  const passage = (to: number) => {
    for (let posted = receive(); posted !== undefined; posted = receive()) {
      const { host, port } = posted as PostedPassage;
      passages.add(host, passageOver(port));
    }
    return passages.to(to);
  };
  const metrics = new ThreadMetrics(attachMetrics(workerData.metrics), workerData.host);
  const how = { cycle, passage, yieldCore: createYield() };
  const agent = new HostAgent({ commands, output, home, metrics, ...how });
  const { comfort } = workerData;
  if (comfort !== undefined) tell(arrange({ ...workerData, comfort }, kernelHost));
  const touching = new TouchingAgent(agent, kernelHost);
  return new AgentRunner(touching, createIdleStrategy(workerData.idle, commands));
});

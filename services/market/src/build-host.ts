/** A host out of its parts, on the thread that is to drive it. */
import { KernelHost, RESULT_CAPACITY, warmUpKernel } from '@foldbook/engine';
import { type Agent, RingConsumer, RingProducer } from '@foldbook/runtime';
import { HostAgent, type HostAgentParts } from './host-agent.ts';
import { arrange, TouchingAgent } from './host-comfort.ts';
import type { HostReached, HostThreadData } from './host-thread.ts';
import { attachMetrics, ThreadMetrics } from './market-metrics.ts';
import { RingOutput, type WaitForRoom } from './ring-output.ts';

export type HostData = Omit<HostThreadData, 'idle'>;

export interface HostSurroundings extends Pick<HostAgentParts, 'passage' | 'yieldCore' | 'passNs'> {
  /** Called while the ring of events is full. */
  readonly waitForRoom: WaitForRoom;
}

export interface BuiltHost {
  readonly agent: Agent;
  /** Where its commands come from. */
  readonly input: RingConsumer;
  /** Undefined where nothing was asked of the system. */
  readonly reached: HostReached | undefined;
}

/** Returns when its kernel is warm, and its memory is as the system gives it. */
export function buildHost(data: HostData, surroundings: HostSurroundings): BuiltHost {
  const { kernel, secret, cycle, comfort } = data;
  const { waitForRoom, ...ways } = surroundings;
  const commands = new RingConsumer(data.commands);
  const output = new RingOutput(new RingProducer(data.events), waitForRoom);
  warmUpKernel(kernel);
  // One memory for all markets of the host.
  const kernelHost = new KernelHost(kernel, { secret });
  const home = {
    addMarket: () => kernelHost.addMarket({ resultCapacity: RESULT_CAPACITY }),
    adopt: () => kernelHost.adopt(),
  };
  const metrics = new ThreadMetrics(attachMetrics(data.metrics), data.host);
  const agent = new HostAgent({ commands, output, home, metrics, cycle, ...ways });
  const reached = comfort && arrange({ ...data, comfort }, kernelHost);
  return { agent: new TouchingAgent(agent, kernelHost), input: commands, reached };
}

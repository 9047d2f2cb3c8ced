/** The thread of pinned-worker.test.ts: copies slots from one ring to another. */
import { AgentRunner } from '../agent.ts';
import { createIdleStrategy, type IdleStrategyName } from '../idle-strategy.ts';
import { runPinned } from '../pinned-worker.ts';
import { RingConsumer, RingProducer } from '../ring.ts';
import { SLOT_BYTES } from '../ring-descriptor.ts';

export interface EchoData {
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
  readonly idle: IdleStrategyName;
  /** Throws at the first slot, instead of copying it. */
  readonly fails: boolean;
}

runPinned<EchoData>(({ workerData, stopped, pause }) => {
  const input = new RingConsumer(workerData.input);
  const output = new RingProducer(workerData.output);
  const slot = new Uint8Array(SLOT_BYTES);
  const doWork = () => {
    if (input.read(slot, 1) === 0) return 0;
    if (workerData.fails) throw new Error('told to fail');
    input.release(1);
    while (!output.offer(slot, 1) && !stopped()) pause(1);
    output.publish();
    return 1;
  };
  const agent = { roleName: 'echo', doWork };
  return new AgentRunner(agent, createIdleStrategy(workerData.idle, input));
});

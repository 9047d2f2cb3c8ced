/** Entry of a host's thread: one agent, one loop, until it is told to stop. */
import { AgentRunner, createIdleStrategy, createYield, runPinned } from '@foldbook/runtime';
import { buildHost } from './build-host.ts';
import type { HostThreadData, PostedPassage } from './host-thread.ts';
import { Passages, passageOver } from './market-move.ts';

/** Looks at the event ring again at least this often while it is full, ms. */
const FULL_RING_PAUSE_MS = 1;

runPinned<HostThreadData>(({ workerData, stopped, pause, receive, tell }) => {
  const waitForRoom = () => {
    if (stopped()) return false;
    pause(FULL_RING_PAUSE_MS);
    return true;
  };
  const passages = new Passages();
  const passage = (to: number) => {
    for (let posted = receive(); posted !== undefined; posted = receive()) {
      const { host, port } = posted as PostedPassage;
      passages.add(host, passageOver(port));
    }
    return passages.to(to);
  };
  const ways = { waitForRoom, passage, yieldCore: createYield() };
  const { agent, input, reached } = buildHost(workerData, ways);
  if (reached !== undefined) tell(reached);
  return new AgentRunner(agent, createIdleStrategy(workerData.idle, input));
});

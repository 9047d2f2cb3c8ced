/** A process that serves a memory broker to the one that forked it; memory-channel.test.ts. */
import { processChannel } from '../channel.ts';
import { MemoryBroker } from '../memory-transport.ts';

const channel = processChannel();
if (channel === undefined) throw new Error('to be forked');
const broker = new MemoryBroker();
const local = broker.connect();
local.subscribe('echo', ({ payload, reply }) => {
  if (reply !== undefined) local.publish(reply, payload);
});
local.subscribe('exit', () => process.exit(0));
broker.serve(channel);
process.send?.({ type: 'ready' });

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { MemoryBroker } from './memory-transport.ts';
import { transportConformance } from './testing/transport-conformance.ts';

transportConformance('in memory', async () => {
  const broker = new MemoryBroker();
  return { connect: async () => broker.connect(), close: async () => {} };
});

test('a handler that answers each message with another does not starve I/O', async () => {
  const transport = new MemoryBroker().connect();
  let rounds = 0;
  const loop = transport.subscribe('ping', ({ payload }) => {
    rounds += 1;
    transport.publish('ping', payload);
  });
  transport.publish('ping', new Uint8Array(1));
  await readFile(import.meta.filename);
  assert(rounds > 0);
  loop.unsubscribe();
  await transport.close();
});

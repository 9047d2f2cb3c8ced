import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MemoryBroker } from './memory-transport.ts';
import { answer } from './transport-outcomes.ts';

test('an answer that cannot be sent is a warning, not an end', async () => {
  const transport = new MemoryBroker().connect();
  const warned = once(process, 'warning');
  answer(transport, '_INBOX.*', new Uint8Array(3));
  const [warning] = await warned;
  assert.match(warning.message, /an answer of 3 bytes was not sent: .*no subject/);
  answer(transport, undefined, new Uint8Array(3));
  await transport.close();
});

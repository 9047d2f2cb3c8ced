import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchKind, encodeBatch, RECORD_BYTES } from '@foldbook/protocol';
import { connectNats } from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { askSnapshot } from './ask.ts';

test('a snapshot that was asked for while the broker was away comes when it is back', {
  timeout: 60_000,
}, async (context) => {
  const broker = await startNatsServer();
  context.after(() => broker.close());
  // One connection for both: the market is there again when the client is.
  const transport = await connectNats({ servers: broker.url, name: 'both' });
  context.after(() => transport.close());
  const header = { kind: BatchKind.SNAPSHOT, market: 1, first: 1, last: 9, prev: 1, timeNs: 0n };
  transport.subscribe('qry.A.0', ({ reply }) => {
    assert(reply !== undefined);
    transport.publish(reply, encodeBatch(header, new Uint8Array(RECORD_BYTES)));
  });
  await transport.flush();
  const away = Promise.withResolvers<void>();
  transport.onStatus((status) => {
    if (status === 'disconnected') away.resolve();
  });
  await broker.kill();
  await away.promise;
  const asked = askSnapshot(transport, 'qry.A.0', new Uint8Array(1), { timeoutMs: 30_000 });
  await broker.restart();
  assert.equal((await asked).header.last, 9);
});

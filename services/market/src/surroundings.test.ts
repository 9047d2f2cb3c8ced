import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLogger } from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { marketConfigSchema } from './config.ts';
import { openSurroundings } from './surroundings.ts';

const logger = createLogger({ service: 'test', level: 'error', write: () => undefined });

it("tells clients the broker's sync and copies as they are configured", async (test) => {
  const nats = await startNatsServer();
  test.after(() => nats.close());
  const durabilityWith = async (sync?: string) => {
    const broker = { kind: 'nats', servers: nats.url, ...(sync === undefined ? {} : { sync }) };
    const opened = await openSurroundings(marketConfigSchema.parse({ broker }), logger);
    const { store, transport } = opened.surroundings;
    await opened.lease?.release();
    opened.heartbeat?.remove();
    await store.close();
    await transport.close();
    return store.durability;
  };
  assert.equal(await durabilityWith('always'), 'JetStream file, 1 replica, sync always');
  assert.equal(await durabilityWith('30s'), 'JetStream file, 1 replica, sync 30s');
  assert.match(await durabilityWith(), /sync as the broker's sync_interval says/);
  await assert.rejects(durabilityWith('often'), /or a duration such as/);
});

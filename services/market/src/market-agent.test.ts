import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createNaiveEngine } from '@foldbook/engine';
import { Asset, decodeMessage, encodeCommands, RECORD_BYTES } from '@foldbook/protocol';
import { createRing, RingConsumer, RingProducer } from '@foldbook/runtime';
import { GroupBuilder } from './group-builder.ts';
import { MarketAgent } from './market-agent.ts';
import { COMMAND_RING_SLOTS, EVENT_RING_SLOTS } from './ring-message.ts';
import { createMarket, deposit } from './testing/commands.ts';

it('hands a group over when it is done, not when there is nothing more to do', () => {
  const commands = createRing(COMMAND_RING_SLOTS);
  const events = createRing(EVENT_RING_SLOTS);
  const input = new RingProducer(commands);
  const output = new RingConsumer(events);
  const seen: number[] = [];
  const take = () => {
    const count = output.available();
    output.release(output.read(new Uint8Array(16 * RECORD_BYTES), count));
    return count;
  };
  const engine = createNaiveEngine();
  const apply = engine.apply.bind(engine);
  engine.apply = (...parameters) => {
    seen.push(take());
    apply(...parameters);
  };
  const agent = new MarketAgent(
    new RingConsumer(commands),
    new RingProducer(events),
    () => engine,
    () => false,
  );
  const builder = new GroupBuilder();
  for (const command of [createMarket(), deposit(7, Asset.BASE, 5n), deposit(8, Asset.BASE, 5n)]) {
    const batch = decodeMessage(encodeCommands([command]), 'operator', 0);
    assert(batch.ok);
    builder.add(batch.value.records, 1, 0, undefined, { closesEpoch: false, isCancel: false });
    const { payload } = builder.take(1, 1n, false);
    assert(input.offer(payload, 2));
  }
  input.publish();
  assert.equal(agent.doWork(), 6);
  // The group's header, its event, and its end.
  assert.deepEqual(seen, [0, 3, 3]);
  assert.equal(take(), 3);
});

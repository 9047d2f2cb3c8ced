import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createNaiveEngine, type Engine } from '@foldbook/engine';
import {
  Asset,
  type Command,
  decodeMessage,
  encodeCommands,
  RECORD_BYTES,
} from '@foldbook/protocol';
import { createRing, RingConsumer, RingProducer } from '@foldbook/runtime';
import { GroupBuilder } from './group-builder.ts';
import { type CycleLimits, HostAgent } from './host-agent.ts';
import { openMetrics, ThreadMetrics } from './market-metrics.ts';
import { COMMAND_RING_SLOTS, EVENT_RING_SLOTS } from './ring-message.ts';
import { RingOutput } from './ring-output.ts';
import { createMarket, deposit } from './testing/commands.ts';

/** A host whose rings the test holds the other ends of; each group has one command. */
function openHost(cycle: CycleLimits, addMarket: () => Engine, passNs?: number) {
  const commands = createRing(COMMAND_RING_SLOTS);
  const events = createRing(EVENT_RING_SLOTS);
  const input = new RingProducer(commands);
  const output = new RingConsumer(events);
  const agent = new HostAgent({
    commands: new RingConsumer(commands),
    output: new RingOutput(new RingProducer(events), () => false),
    home: {
      addMarket: () => Object.assign(addMarket(), { dismantle: () => false }),
      adopt: () => assert.fail('none comes'),
    },
    metrics: new ThreadMetrics(openMetrics(undefined, 1, 0).buffer, 0),
    cycle,
    ...(passNs === undefined ? {} : { passNs }),
    passage: () => assert.fail('none comes'),
  });
  const send = (market: number, command: Command) => {
    const batch = decodeMessage(encodeCommands([command]), 'operator', 0);
    assert(batch.ok);
    const builder = new GroupBuilder();
    const facts = { closesEpoch: false, isCancel: false, receivedNs: 0 };
    builder.add(batch.value.records, 1, 0, undefined, facts);
    assert(input.offer(builder.take(market, 1n, false).payload, 2));
    input.publish();
  };
  const take = () => {
    const count = output.available();
    output.release(output.read(new Uint8Array(16 * RECORD_BYTES), count));
    return count;
  };
  return { agent, send, take };
}

/** An engine that does something before each group. */
function engineThat(act: () => void): Engine {
  const engine = createNaiveEngine();
  const apply = engine.apply.bind(engine);
  engine.apply = (...parameters) => {
    act();
    apply(...parameters);
  };
  return engine;
}

it('hands a group over when it is done, not when there is nothing more to do', () => {
  const seen: number[] = [];
  const engine = engineThat(() => void seen.push(take()));
  const { agent, send, take } = openHost({ records: 1_000, timeNs: 1e9 }, () => engine);
  for (const command of [createMarket(), deposit(7, Asset.BASE, 5n), deposit(8, Asset.BASE, 5n)]) {
    send(1, command);
  }
  assert.equal(agent.doWork(), 6);
  // The group's header, its event, and its end.
  assert.deepEqual(seen, [0, 3, 3]);
  assert.equal(take(), 3);
});

it('lets one that was idle go before the next turn of one that never is', () => {
  const [busy, quiet] = [1, 2];
  const order: string[] = [];
  const acts = [
    () => {
      order.push('busy');
      // Always more for it, and in its third turn something for the other one.
      send(busy, deposit(7, Asset.BASE, 5n));
      if (order.length === 3) send(quiet, createMarket());
    },
    () => void order.push('quiet'),
  ];
  const { agent, send } = openHost({ records: 1, timeNs: 1e9 }, () =>
    engineThat(acts.shift() ?? assert.fail('two markets')),
  );
  send(busy, createMarket());
  for (let turn = 0; turn < 5; turn += 1) agent.doWork();
  assert.deepEqual(order, ['busy', 'busy', 'busy', 'quiet', 'busy', 'busy']);
});

it('leaves the turns that a pass has no time for to the next one, in order', () => {
  const order: number[] = [];
  let markets = 0;
  const addMarket = () => {
    markets += 1;
    const market = markets;
    return engineThat(() => void order.push(market));
  };
  // Over when its first turn is.
  const { agent, send } = openHost({ records: 1, timeNs: 1e9 }, addMarket, 0);
  for (const market of [1, 1, 2, 3]) send(market, createMarket());
  for (let pass = 1; pass <= 4; pass += 1) {
    assert.equal(agent.doWork(), 2);
    assert.equal(order.length, pass);
  }
  assert.deepEqual(order, [1, 2, 3, 1]);
  assert.equal(agent.doWork(), 0);
});

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
import { type CycleLimits, HostAgent, type HostAgentParts } from './host-agent.ts';
import { openMetrics, ThreadMetrics } from './market-metrics.ts';
import {
  COMMAND_RING_SLOTS,
  ControlKind,
  ControlOffset,
  EVENT_RING_SLOTS,
} from './ring-message.ts';
import { RingOutput } from './ring-output.ts';
import { createMarket, deposit } from './testing/commands.ts';

/** A host whose rings the test holds the other ends of; each group has one command. */
function openHost(
  cycle: CycleLimits,
  addMarket: () => Engine,
  more: Partial<Pick<HostAgentParts, 'passage' | 'yieldCore' | 'passNs'>> = {},
) {
  const commands = createRing(COMMAND_RING_SLOTS);
  const events = createRing(EVENT_RING_SLOTS);
  const input = new RingProducer(commands);
  const output = new RingConsumer(events);
  const agent = new HostAgent({
    commands: new RingConsumer(commands),
    output: new RingOutput(new RingProducer(events), () => false),
    home: {
      addMarket: () => Object.assign(addMarket(), { dismantle: () => false }),
      adopt: () => ({
        isWhole: false,
        add: () => true,
        step: () => undefined,
        drop: () => false,
      }),
    },
    metrics: new ThreadMetrics(openMetrics(undefined, 1, 0).buffer, 0),
    cycle,
    passage: () => assert.fail('none comes'),
    yieldCore: () => assert.fail('none comes'),
    ...more,
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
  const sendMoveIn = (market: number) => {
    const record = new Uint8Array(RECORD_BYTES);
    record[ControlOffset.KIND] = ControlKind.MOVE_IN;
    record[ControlOffset.MARKET] = market;
    assert(input.offer(record, 1));
    input.publish();
  };
  const take = () => {
    const count = output.available();
    output.release(output.read(new Uint8Array(16 * RECORD_BYTES), count));
    return count;
  };
  return { agent, send, sendMoveIn, take };
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

it('lets the host that it waits for have the core, and others of its own go on', () => {
  let yields = 0;
  const chunks: Uint8Array[] = [];
  const { agent, send, sendMoveIn } = openHost(
    { records: 1_000, timeNs: 1e9 },
    () => createNaiveEngine(),
    {
      passage: () => ({ send: () => undefined, receive: () => chunks.pop() }),
      yieldCore: () => {
        yields += 1;
      },
    },
  );
  sendMoveIn(2);
  for (let round = 0; round < 3; round += 1) assert(agent.doWork() > 0, 'it does not rest');
  assert.equal(yields, 2, 'a round with the request itself, and two with nothing');
  chunks.push(new Uint8Array(RECORD_BYTES));
  agent.doWork();
  assert.equal(yields, 2);
  send(1, createMarket());
  assert.equal(agent.doWork(), 2);
  assert.equal(yields, 2);
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
  const { agent, send } = openHost({ records: 1, timeNs: 1e9 }, addMarket, { passNs: 0 });
  for (const market of [1, 1, 2, 3]) send(market, createMarket());
  for (let pass = 1; pass <= 4; pass += 1) {
    assert.equal(agent.doWork(), 2);
    assert.equal(order.length, pass);
  }
  assert.deepEqual(order, [1, 2, 3, 1]);
  assert.equal(agent.doWork(), 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventKind, EventOffset, RECORD_BYTES } from '@foldbook/protocol';
import { DivergenceError } from './compare-engines.ts';
import type { Engine, EventSink } from './engine.ts';
import { createNaiveEngine } from './naive/naive-engine.ts';
import { RandomFlow } from './random-flow.ts';
import { compareFlow } from './shrink-flow.ts';

/** An engine that does as another one does, but for what goes wrong in `apply`. */
function faulty(goWrong: (block: Uint8Array, count: number) => void): Engine {
  const engine = createNaiveEngine();
  const apply = (commands: Uint8Array, count: number, timeNs: bigint, sink: EventSink) => {
    engine.apply(commands, count, timeNs, (block, events) => {
      goWrong(block, events);
      sink(block, events);
    });
  };
  return new Proxy(engine, {
    get: (_, name) => {
      if (name === 'apply') return apply;
      const value: unknown = Reflect.get(engine, name, engine);
      return typeof value === 'function' ? value.bind(engine) : value;
    },
  });
}

const hasEvent = (kind: number, block: Uint8Array, count: number) =>
  Array.from({ length: count }, (_, index) => index * RECORD_BYTES).find(
    (at) => block[at] === kind,
  );

function divergenceOf(name: string, right: () => Engine, seed: number): DivergenceError {
  try {
    const engines = { left: createNaiveEngine, right };
    compareFlow(name, engines, new RandomFlow(seed).groups(5_000));
  } catch (error) {
    assert(error instanceof DivergenceError, String(error));
    return error;
  }
  assert.fail('the engines differ');
}

test('a long flow on which engines differ becomes a short one', () => {
  const makeFaulty = () =>
    faulty((block, count) => {
      const at = hasEvent(EventKind.REFILLED, block, count);
      if (at !== undefined) block[at + EventOffset.QUANTITY] = 255;
    });
  const { message } = divergenceOf('seed 5', makeFaulty, 5);
  assert.match(message, /seed 5, command \d+: /);
  // A market, two deposits, an iceberg and what trades with it.
  const commands = Number(/of \d+ commands these (\d+) are enough/.exec(message)?.[1]);
  assert(commands >= 5 && commands <= 12, message);
  assert.match(message, /1 at \d+: create-market of 0/);
  assert.match(message, /left:\n(.*\n)* {4}refilled .*\n(.*\n)* {2}right:/);
  assert.match(message, /byte 40 of event \d+ differs/);
});

test('an engine that throws differs from one that goes on', () => {
  const makeFaulty = () =>
    faulty((block, count) => {
      if (hasEvent(EventKind.TRIGGERED, block, count) !== undefined) throw new Error('a bad stop');
    });
  const { message } = divergenceOf('seed 7', makeFaulty, 7);
  assert.match(message, /an engine threw/);
  assert.match(message, /a bad stop/);
  const commands = Number(/these (\d+) are enough/.exec(message)?.[1]);
  assert(commands >= 4 && commands <= 12, message);
});

test('a state that differs without an event is found by its hash', () => {
  let isWrong = false;
  const makeFaulty = () => {
    const engine = faulty((block, count) => {
      isWrong ||= hasEvent(EventKind.TIER_CHANGED, block, count) !== undefined;
    });
    return new Proxy(engine, {
      get: (target, name) => {
        if (name === 'stateHash' && isWrong) return () => 1n;
        return Reflect.get(target, name, target);
      },
    });
  };
  const engines = () => {
    isWrong = false;
    return makeFaulty();
  };
  const { message } = divergenceOf('seed 9', engines, 9);
  assert.match(message, /state hash differs: \d+ and 1/);
  assert.match(message, /these 2 are enough/);
  assert.match(message, /2 at \d+: set-tier of/);
});

test('engines that agree give what they did', () => {
  const engines = { left: createNaiveEngine, right: createNaiveEngine };
  const { commands, events } = compareFlow('seed 3', engines, new RandomFlow(3).groups(1_000));
  assert.equal(commands, 1_000);
  assert(events > 1_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildKernel } from '../../build.ts';
import { eventsOf } from '../compare-engines.ts';
import { FLOW_CAPACITY, RandomFlow } from '../random-flow.ts';
import { Adoption } from './adoption.ts';
import type { KernelEngine } from './kernel-engine.ts';
import { KernelHost } from './kernel-host.ts';
import { loadKernel } from './kernel-module.ts';

await buildKernel();
const kernel = await loadKernel();

const COMMANDS = 6_000;
const STEPS = 7;

/** Moves a market step by step, and does `meanwhile` at each of them. */
function move(from: KernelEngine, to: KernelHost, meanwhile: () => void): KernelEngine {
  const adoption = to.adopt();
  for (const chunk of from.snapshot()) {
    adoption.add(chunk);
    meanwhile();
  }
  assert(adoption.isWhole);
  let engine = adoption.step(STEPS);
  while (engine === undefined) {
    meanwhile();
    engine = adoption.step(STEPS);
  }
  while (from.dismantle(STEPS)) meanwhile();
  return engine;
}

test('a market that moves all the time does what one does that stays', () => {
  const hosts = [new KernelHost(kernel), new KernelHost(kernel)] as const;
  const stays = new KernelHost(kernel).addMarket(FLOW_CAPACITY);
  let moves = hosts[0].addMarket(FLOW_CAPACITY);
  // Others are in both places and go on meanwhile.
  const others = hosts.map((host) => host.addMarket(FLOW_CAPACITY));
  const otherFlow = new RandomFlow(77).groups(1_000_000)[Symbol.iterator]();
  const meanwhile = () => {
    const group = otherFlow.next().value;
    assert(group !== undefined);
    const [one, other] = others.map((engine) => eventsOf(engine, group));
    assert.deepEqual(one, other);
  };
  let groups = 0;
  const used: number[] = [];
  for (const group of new RandomFlow(5).groups(COMMANDS)) {
    assert.deepEqual(eventsOf(moves, group), eventsOf(stays, group));
    assert.equal(moves.stateHash(), stays.stateHash());
    groups += 1;
    if (groups % 16 !== 0) continue;
    const to = hosts[(groups / 16) % 2];
    assert(to !== undefined);
    moves = move(moves, to, meanwhile);
    assert.equal(moves.stateHash(), stays.stateHash());
    used.push(hosts[0].usedBytes + hosts[1].usedBytes);
  }
  assert(used.length > 10);
});

test('what a market had is there for the next one', () => {
  const host = new KernelHost(kernel);
  const fill = () => {
    const market = host.addMarket(FLOW_CAPACITY);
    for (const group of new RandomFlow(9).groups(COMMANDS)) eventsOf(market, group);
    return market;
  };
  let market = fill();
  while (market.dismantle(STEPS)) {
    // All of it.
  }
  const { usedBytes } = host;
  for (let round = 0; round < 5; round += 1) {
    market = fill();
    while (market.dismantle(1_000)) {
      // All of it.
    }
  }
  assert.equal(host.usedBytes, usedBytes);
});

test('a market that was given away takes no commands', () => {
  const host = new KernelHost(kernel);
  const market = host.addMarket(FLOW_CAPACITY);
  const [group] = [...new RandomFlow(1).groups(10)];
  assert(group !== undefined);
  market.dismantle(1);
  assert.throws(() => eventsOf(market, group), /elsewhere/);
});

test('one market at a time comes', () => {
  const host = new KernelHost(kernel);
  assert(host.adopt() instanceof Adoption);
  assert.throws(() => host.adopt(), /another market/);
});

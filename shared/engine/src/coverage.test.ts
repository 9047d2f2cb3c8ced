import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandKind, EventKind, ResultCode } from '@foldbook/protocol';
import { eventsOf } from './compare-engines.ts';
import { Coverage } from './coverage.ts';
import { createNaiveEngine } from './naive/naive-engine.ts';
import { FLOW_CAPACITY, RandomFlow } from './random-flow.ts';

function cover(seed: number, commands: number): Coverage {
  const coverage = new Coverage();
  const engine = createNaiveEngine(FLOW_CAPACITY);
  for (const group of new RandomFlow(seed).groups(commands)) {
    coverage.addCommands(group.records);
    coverage.addEvents(eventsOf(engine, group));
  }
  return coverage;
}

for (const seed of [1, 2, 3]) {
  test(`a flow of 20,000 commands reaches everything that can be reached (seed ${seed})`, (t) => {
    const coverage = cover(seed, 20_000);
    t.diagnostic(coverage.toString());
    assert.deepEqual(coverage.missing(), []);
  });
}

test('what was not reached is told', () => {
  const coverage = cover(1, 5);
  assert(coverage.missing().includes('event kind TRADE'));
  assert(coverage.missing().includes('result code CAPACITY'));
  assert(!coverage.missing().includes('result code MARKET_NOT_CREATED'));
  assert.match(coverage.toString(), /missing: .*command kind NEW, /);
  assert.equal(new Coverage().missing().length > 100, true);
});

test('counts are of what a flow did', () => {
  const coverage = cover(1, 20_000);
  const kinds = Object.values(CommandKind).map((kind) => coverage.count('command kind', kind));
  const known = kinds.reduce((sum, count) => sum + count, 0);
  assert(known > 19_000 && known < 20_000);
  const rejected = Object.values(ResultCode).map((code) => coverage.count('result code', code));
  assert.equal(
    rejected.reduce<number>((sum, count) => sum + count, 0),
    coverage.count('event kind', EventKind.REJECTED),
  );
});

test('the same seed gives the same flow, another one another', () => {
  const bytes = (seed: number) =>
    Buffer.concat([...new RandomFlow(seed).groups(500)].map(({ records }) => records));
  assert.deepEqual(bytes(4), bytes(4));
  assert.notDeepEqual(bytes(4), bytes(5));
});

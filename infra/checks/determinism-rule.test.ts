import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDeterminism } from './determinism-rule.ts';

const messagesFor = (path: string, text: string): string[] =>
  checkDeterminism({ path, text }).map(({ line, message }) => `${line}: ${message}`);

const CLOCKS_AND_CHANCES = [
  'const t = Date.now();',
  'const t = new Date();',
  'const r = Math.random();',
  'const t = performance.now();',
  'setTimeout(f, 1);',
  `import { setTimeout as delay } from 'node:timers${'/promises'}';`,
];

test('the engine is kept free of clocks, randomness, timers and I/O', () => {
  for (const text of [...CLOCKS_AND_CHANCES, "import { readFileSync } from 'node:fs';"]) {
    assert.match(messagesFor('shared/engine/src/a.ts', `\n${text}`).join(), /^2: .*must not use/);
    assert.match(messagesFor('shared/engine/assembly/a.ts', text).join(), /must not use/);
    assert.deepEqual(messagesFor('shared/engine/src/a.test.ts', text), [], text);
    assert.deepEqual(messagesFor('shared/engine/build.ts', text), [], text);
  }
});

test('agents, clients and the simulator take time and chances from where they are given', () => {
  for (const text of CLOCKS_AND_CHANCES) {
    for (const path of [
      'services/market/src/sequencer.ts',
      'shared/client/src/outbox.ts',
      'shared/runtime/src/agent.ts',
      'services/simulation/src/world.ts',
    ]) {
      assert.match(messagesFor(path, text).join(), /must not use/, `${path}: ${text}`);
    }
    for (const path of [
      'services/market/src/main.ts',
      'services/market/src/bench/move-run.ts',
      'services/market/src/testing/pipeline.ts',
      'services/market/src/sequencer.test.ts',
      'shared/runtime/src/timers.ts',
      'services/simulation/src/scheduler.ts',
    ]) {
      assert.deepEqual(messagesFor(path, text), [], `${path}: ${text}`);
    }
  }
});

test('nothing depends on the order of the keys of objects that are made at run time', () => {
  const banned = ['for (const key in table) f(key);', 'Object.keys(byName)', 'Object.entries(x)'];
  for (const text of banned) {
    for (const path of ['shared/engine/src/naive/book.ts', 'services/market/src/dispatcher.ts']) {
      assert.match(messagesFor(path, text).join(), /order of object keys/, `${path}: ${text}`);
    }
    assert.deepEqual(messagesFor('shared/engine/src/coverage.ts', text), [], text);
  }
  const fixed = 'Object.values(CommandKind); for (const each of list) f(each);';
  assert.deepEqual(messagesFor('services/market/src/dispatcher.ts', fixed), []);
});

test('a comment may name what the code must not use', () => {
  const text = '/** Never Date.now(): time is an argument. */\nconst a = 1; // not Math.random\n';
  assert.deepEqual(messagesFor('shared/engine/src/a.ts', text), []);
});

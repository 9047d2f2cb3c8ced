import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernelEngine, createNaiveEngine, type Engine, loadKernel } from '@foldbook/engine';
import { ownEngineFolder, prepareEngine } from './engine-package.ts';
import { matchInput, runLatency, runMatch } from './match-run.ts';
import {
  parseWorkload,
  RecordType,
  WORKLOAD_HEADER_BYTES,
  WORKLOAD_RECORD_BYTES,
} from './workload.ts';
import { accountOf } from './workload-commands.ts';
import { generateWorkload, WORKLOADS } from './workload-generator.ts';

await prepareEngine(ownEngineFolder(), new AbortController().signal);
const kernel = await loadKernel();

const ENGINES: readonly [string, () => Engine][] = [
  ['kernel', () => createKernelEngine(kernel)],
  ['naive twin', createNaiveEngine],
];
const w1 = generateWorkload({ ...WORKLOADS.w1, prefill: 200, commands: 3_000, targetOrders: 200 });
const lit = generateWorkload({ ...WORKLOADS['w1-lit'], prefill: 200, commands: 3_000 });

for (const [name, newEngine] of ENGINES) {
  for (const [workload, bytes] of Object.entries({ w1, lit })) {
    test(`${name}, ${workload}: ends where the header says, however it is fed`, () => {
      const parsed = parseWorkload(bytes, workload);
      const runs = [
        [1, 1],
        [7, 64],
        [5_000, 1_024],
        [100, 8_192],
      ].map(([accounts = 1, group = 1]) =>
        runMatch(newEngine(), matchInput(parsed, accounts, group)),
      );
      for (const run of runs) {
        assert.deepEqual(run.mismatches, []);
        assert.equal(run.trades, parsed.expected.trades);
        // At least one event each, and one more for each trade.
        assert(run.events >= parsed.commands + run.trades);
        assert.equal(run.events, runs[0]?.events);
        assert(run.nsPerCommand > 0 && run.cpuNsPerCommand > 0);
      }
    });
  }
}

test('one input serves many runs', () => {
  const input = matchInput(parseWorkload(w1, 'w1'), 10, 100);
  for (let run = 0; run < 3; run += 1) {
    assert.deepEqual(runMatch(createKernelEngine(kernel), input).mismatches, []);
  }
});

test('command by command: the same end, and percentiles that rise', () => {
  const input = matchInput(parseWorkload(w1, 'w1'), 10, 100);
  const { latencyNs, mismatches, clockNs } = runLatency(createKernelEngine(kernel), input);
  assert.deepEqual(mismatches, []);
  assert(clockNs > 0);
  const values = Object.values(latencyNs);
  assert.deepEqual(
    values,
    values.toSorted((a, b) => a - b),
  );
});

const FIELDS: readonly [string, number][] = [
  ['openOrders', 20],
  ['bestBid', 24],
  ['bestAsk', 28],
  ['trades', 32],
  ['quantity', 40],
  ['tradeChecksum', 48],
  ['l2Checksum', 52],
  ['rejects', 60],
];

test('an end that the header does not say is told field by field', () => {
  for (const [field, at] of FIELDS) {
    const bytes = w1.slice();
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const { mismatches } = runMatch(
      createKernelEngine(kernel),
      matchInput(parseWorkload(bytes, 'w1'), 10, 100),
    );
    assert.equal(mismatches.length, 1, field);
    assert.match(mismatches[0] ?? '', new RegExp(`^${field} is \\d+, the workload says \\d+$`));
  }
});

test('a command that does something else is noticed', () => {
  const bytes = w1.slice();
  let at = WORKLOAD_HEADER_BYTES;
  while (bytes[at] !== RecordType.CANCEL) at += WORKLOAD_RECORD_BYTES;
  bytes[at] = RecordType.MODIFY;
  const input = matchInput(parseWorkload(bytes, 'w1'), 10, 100);
  assert.notDeepEqual(runMatch(createKernelEngine(kernel), input).mismatches, []);
});

test('accounts: all are used, none but those, and an order keeps its own', () => {
  const used = new Set(Array.from({ length: 1_000 }, (_, index) => accountOf(index + 1, 50)));
  assert.deepEqual(
    [...used].sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, index) => index + 2),
  );
  assert.equal(accountOf(2 ** 32 - 1, 50), accountOf(2 ** 32 - 1, 50));
});

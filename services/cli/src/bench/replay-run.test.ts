import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HistoryKernel, loadHistoryModule } from '@foldbook/history';
import { SHORT_FEED } from '../testing/bench-run.ts';
import { compileKernel, ownHistoryFolder } from './engine-package.ts';
import { ReplayRunner } from './replay-run.ts';
import { parseWorkload } from './workload.ts';
import { generateWorkload, WORKLOADS, type WorkloadParameters } from './workload-generator.ts';

await compileKernel(ownHistoryFolder(), 'buildHistory', new AbortController().signal);
const module = await loadHistoryModule();

const FLOWS: readonly [string, WorkloadParameters][] = [
  ['one book', { ...WORKLOADS['w2-1'], commands: 20_000, targetOrders: 500 }],
  ['three books', SHORT_FEED],
  // More orders than a book that is not looked ahead in.
  ['many orders', { ...WORKLOADS['w2-100'], commands: 200_000, targetOrders: 100_000 }],
];

for (const [name, parameters] of FLOWS) {
  test(`${name}: each run ends where the header says`, () => {
    const workload = parseWorkload(generateWorkload(parameters), name, 'mbo');
    const runner = new ReplayRunner(new HistoryKernel(module), workload);
    for (let run = 0; run < 2; run += 1) {
      const { nsPerEvent, mismatches } = runner.run();
      assert.deepEqual(mismatches, []);
      assert(nsPerEvent > 0);
    }
  });
}

test('an end that the header does not say is told field by field', () => {
  const fields: readonly [string, number][] = [
    ['openOrders', 20],
    ['bestBid', 24],
    ['bestAsk', 28],
    ['l2Checksum', 52],
  ];
  for (const [field, at] of fields) {
    const bytes = generateWorkload(SHORT_FEED);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const workload = parseWorkload(bytes, 'feed', 'mbo');
    const { mismatches } = new ReplayRunner(new HistoryKernel(module), workload).run();
    assert.equal(mismatches.length, 1, field);
    assert.match(mismatches[0] ?? '', new RegExp(`^${field} is \\d+, the workload says \\d+$`));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listProjectFiles } from '../checks/project-files.ts';
import { projectRoot } from './project-node.mjs';
import { longestFirst, unknownLong } from './test-order.ts';

test('long files start first, the others in the order they came', () => {
  const long = ['services/cli/src/outage.test.ts', 'services/market/src/transfers.test.ts'];
  const short = ['a.test.ts', 'z.test.ts', 'b.test.ts'];
  const [a = '', z = '', b = ''] = short;
  assert.deepEqual(longestFirst([a, long[1] ?? '', z, long[0] ?? '', b]), [...long, ...short]);
});

test('each file that is said to take long is there', () => {
  assert.deepEqual(unknownLong(listProjectFiles(projectRoot)), []);
});

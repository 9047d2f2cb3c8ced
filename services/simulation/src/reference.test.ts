import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchKind, encodeBatch, encodeTerm } from '@foldbook/protocol';
import { Reference } from './reference.ts';

/** Barriers of these terms, `group` for a group of no commands. */
function violationsOf(log: readonly (number | 'group')[]): string[] {
  const violations: string[] = [];
  const reference = new Reference([2], false, (words) => violations.push(words));
  for (const [index, what] of log.entries()) {
    const isGroup = what === 'group';
    const payload = isGroup
      ? group()
      : encodeTerm({ term: what, node: 'a', timeNs: 1n, previous: 0 });
    const subject = isGroup ? 'log.0.BTC-USD' : 'log.0.$term';
    reference.stored('LOG_0', { sequence: index + 1, subject, payload, id: `w:${index}` });
  }
  return violations.filter((words) => words.includes('term') || words.includes('barrier'));
}

const group = () =>
  encodeBatch({ kind: BatchKind.GROUP, market: 1, timeNs: 1n }, new Uint8Array(0));

test('who writes groups has a higher term than all who did before', () => {
  assert.deepEqual(violationsOf([5, 'group', 'group', 6, 'group']), []);
  // Two opened it at once, and the second tried again; one never wrote.
  assert.deepEqual(violationsOf([5, 'group', 6, 6, 7, 'group']), []);
  assert.deepEqual(violationsOf([5, 'group', 9, 6, 'group']), []);
  assert.equal(violationsOf([5, 'group', 5, 'group']).length, 1);
  assert.equal(violationsOf([5, 'group', 4, 'group', 'group']).length, 1);
  assert.equal(violationsOf(['group']).length, 1);
});

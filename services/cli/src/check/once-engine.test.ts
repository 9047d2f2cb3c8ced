import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Asset,
  BatchKind,
  CommandKind,
  encodeBatch,
  encodeRecords,
  logSubject,
} from '@foldbook/protocol';
import { OnceEngine } from './once-engine.ts';

const ACCOUNT = 7;

/** A group of the log that deposits 5 for each of these requests. */
function group(...requestIds: readonly bigint[]) {
  const deposit = { kind: CommandKind.DEPOSIT, session: 0, account: ACCOUNT } as const;
  const funds = { asset: Asset.BASE, amount: 5n };
  const sent = requestIds.map((requestId) => [0, { ...deposit, requestId, ...funds }] as const);
  return encodeBatch({ kind: BatchKind.GROUP, market: 1 }, encodeRecords(sent));
}

test('copies of a request are left out, in one group and in others', () => {
  const once = new OnceEngine();
  for (const payload of [group(1n, 2n, 1n), group(2n, 3n), group(1n)]) {
    once.take({ subject: logSubject(0, 'M'), payload });
  }
  assert.deepEqual([once.commands, once.left], [3, 3]);
  assert.equal(once.engine.sequence, 3n);
});

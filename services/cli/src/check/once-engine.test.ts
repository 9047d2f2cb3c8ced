import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Asset,
  BatchKind,
  CommandKind,
  encodeBatch,
  logSubject,
  RECORD_BYTES,
  viewOf,
  writeCommand,
} from '@foldbook/protocol';
import { OnceEngine } from './once-engine.ts';

const ACCOUNT = 7;

/** A group of the log that deposits 5 for each of these requests. */
function group(...requestIds: readonly bigint[]) {
  const records = new Uint8Array(requestIds.length * RECORD_BYTES);
  for (const [index, requestId] of requestIds.entries()) {
    const deposit = {
      kind: CommandKind.DEPOSIT,
      session: 0,
      requestId,
      account: ACCOUNT,
      asset: Asset.BASE,
      amount: 5n,
    } as const;
    writeCommand(viewOf(records), index * RECORD_BYTES, deposit, 0);
  }
  return encodeBatch({ kind: BatchKind.GROUP, market: 1 }, records);
}

test('copies of a request are left out, in one group and in others', () => {
  const once = new OnceEngine();
  for (const payload of [group(1n, 2n, 1n), group(2n, 3n), group(1n)]) {
    once.take({ subject: logSubject(0, 'M'), payload });
  }
  assert.deepEqual([once.commands, once.left], [3, 3]);
  assert.equal(once.engine.sequence, 3n);
});

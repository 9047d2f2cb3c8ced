// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AccountTree,
  EMPTY_ROOT,
  initialChainState,
  publicKeyOf,
  RecordList,
} from '@foldbook/verifier';
import { record } from '@foldbook/verifier/testing';
import { acceptedKeys } from './chain-context.ts';
import { planEpoch } from './epoch-plan.ts';
import { trapdoorCircuits } from './testing/trapdoor-circuits.ts';

const filled = (byte: number) => new Uint8Array(32).fill(byte);
const operator = { secretKey: filled(2), publicKey: publicKeyOf(filled(2)) };
const context = {
  genesis: {
    market: 7,
    name: 'TEST-USD',
    nonce: filled(1),
    operatorKey: operator.publicKey,
    emptyRoot: EMPTY_ROOT,
    rulesHash: filled(3),
    keys: acceptedKeys(trapdoorCircuits),
  },
  genesisFile: filled(4),
  chainId: filled(4),
  operator,
  circuits: trapdoorCircuits,
};

test('others have their turn while a large epoch is planned', async () => {
  const records = RecordList.from(
    Array.from({ length: 10 * 15 + 1 }, (_, index) => record.depositBase(2 + (index % 9), 5)),
  );
  const closed = {
    ...{ epoch: 0, recordFirst: 0, records, changes: [], sequenceFirst: 1, sequenceLast: 200 },
    ...{ stateHash: 1n, timeNs: 1n, logFirst: 1, logLast: 2 },
    ...{ logHeadStart: filled(0), logHeadEnd: filled(5) },
  };
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const tip = initialChainState(context.chainId);
  const plan = await planEpoch(context, tip, new AccountTree(), closed);
  isDone = true;
  const proofs = plan.batches.length + plan.accounts.length;
  assert.equal(plan.batches.length, 11);
  assert.equal(plan.accounts.length, 3);
  // Each is committed, and later planned, in a turn of its own.
  assert(turns >= 2 * proofs - 2, `${turns} turns for ${proofs} proofs`);
});

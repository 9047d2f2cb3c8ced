// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import type { CircuitName } from '@foldbook/circuits';
import { SettlementKind } from '@foldbook/protocol';
import {
  AccountTree,
  applyDelta,
  EMPTY_ROOT,
  initialChainState,
  publicKeyOf,
  RecordList,
} from '@foldbook/verifier';
import { acceptedKeys, type ProvingCircuit } from '../chain-context.ts';
import { planEpoch } from '../epoch-plan.ts';
import type { ProofJob } from '../proof-job.ts';

const FUNDS = 2n ** 50n;
const FIRST_USER = 2;
/** Batches trade among so many accounts; account circuits among as many as they have slots. */
const BATCH_ACCOUNTS = 64;

/**
 * Full proofs of one circuit: trades of prices and quantities that differ, accounts of a tree that
 * has all of them. The same for the same arguments.
 */
export async function benchJobs(
  circuit: ProvingCircuit,
  others: readonly ProvingCircuit[],
  count: number,
): Promise<ProofJob[]> {
  const isBatch = circuit.role === 'batch';
  const accounts = isBatch ? BATCH_ACCOUNTS : circuit.size;
  const rows = isBatch ? circuit.size : 2 * circuit.size;
  const tree = new AccountTree();
  for (let id = FIRST_USER; id < FIRST_USER + accounts; id += 1) {
    assert(applyDelta(tree, { id, base: FUNDS, quote: FUNDS }) === undefined);
  }
  const circuits = [circuit, ...others.filter(({ role }) => role !== circuit.role)];
  const context = contextOf(circuits);
  const jobs: ProofJob[] = [];
  for (let epoch = 0; epoch < count; epoch += 1) {
    const tip = { ...initialChainState(context.chainId), root: tree.root() };
    const plan = await planEpoch(
      context,
      tip,
      tree,
      closedEpoch(epoch, trades(rows, accounts, epoch)),
    );
    const [planned] = isBatch ? plan.batches : plan.accounts;
    assert(planned !== undefined, 'an epoch of trades has both');
    jobs.push(planned.job());
  }
  return jobs;
}

/** Each account's net change is not zero: the seller is always the one before the buyer. */
function trades(count: number, accounts: number, epoch: number): RecordList {
  const records = new RecordList(count);
  for (let index = 0; index < count; index += 1) {
    const a = FIRST_USER + (index % accounts);
    const b = FIRST_USER + ((index + 1) % accounts);
    const price = BigInt(50_000 + ((index * 7 + epoch) % 90));
    const dBase = BigInt(1 + ((index * 13 + epoch * 5) % 50));
    records.push({ kind: SettlementKind.TRADE, a, b, price, dBase, dQuote: price * dBase });
  }
  return records;
}

function contextOf(circuits: readonly ProvingCircuit[]) {
  const secretKey = new Uint8Array(32).fill(2);
  const operator = { secretKey, publicKey: publicKeyOf(secretKey) };
  const chainId = new Uint8Array(32).fill(4);
  const genesis = {
    ...{ market: 1, name: 'BENCH-USD', nonce: chainId, operatorKey: operator.publicKey },
    ...{ emptyRoot: EMPTY_ROOT, rulesHash: chainId, keys: acceptedKeys(circuits) },
  };
  return { genesis, genesisFile: chainId, chainId, operator, circuits };
}

function closedEpoch(epoch: number, records: RecordList) {
  const logHead = new Uint8Array(32);
  return {
    ...{ epoch, recordFirst: 0, records, changes: [], sequenceFirst: 1, sequenceLast: 1 },
    ...{ stateHash: 0n, timeNs: 0n, logFirst: 1, logLast: 1 },
    ...{ logHeadStart: logHead, logHeadEnd: logHead },
  };
}

/** A small circuit of the other role: an epoch needs one of each. */
export const otherRole = (circuit: CircuitName): CircuitName =>
  circuit.startsWith('batch') ? 'accounts-4' : 'batch-15';

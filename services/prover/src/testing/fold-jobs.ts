// SPDX-License-Identifier: GPL-3.0-or-later
/** Batches of trades, as jobs to fold. Tests and measurements only. */
import type { CircuitName } from '@foldbook/circuits';
import { batchAccumulator, batchDigest, batchSignals } from '@foldbook/verifier';
import { record } from '@foldbook/verifier/testing';
import { batchInput } from '../circuit-input.ts';
import type { LeafPlan } from '../fold/fold-pool.ts';
import { createJob, type ProofJob } from '../proof-job.ts';
import { withKey } from './statements.ts';

export const challenge = { x: 2n ** 200n + 12_345n, y: 2n ** 250n + 6_789n };

/** `count` full batches of `size` records: trades between `accounts` users. */
export function batchJobs(size: 15 | 240, count: number, accounts = 50): ProofJob[] {
  const circuit: CircuitName = `batch-${size}`;
  return Array.from({ length: count }, (_, batch) => {
    const records = Array.from({ length: size }, (_, index) => {
      const turn = batch * size + index;
      const [seller, buyer] = [2 + (turn % accounts), 2 + ((7 * turn + 3) % accounts)];
      return record.trade(seller, buyer, 60_000 + (turn % 977), 1_000 + ((turn * 31) % 4_093));
    });
    const place = { market: 1, epoch: 2n, seq0: BigInt(batch * size), count: size };
    const digest = batchDigest(size, place, records);
    const acc = batchAccumulator(records, challenge);
    const signals = batchSignals(size, place, { digest, acc }, challenge);
    const input = batchInput(size, records, signals);
    return createJob(
      { market: 'TEST', chain: '7e'.repeat(32), epoch: 2, part: `b${batch}` },
      withKey(circuit),
      input,
      signals.map(String),
    );
  });
}

/** The jobs as leaves. */
export function plansOf(jobs: readonly ProofJob[]): LeafPlan[] {
  return jobs.map((job) => ({ signals: job.publicSignals.map(BigInt), job: () => job }));
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** True statements that fill a circuit: what a busy market's prover has to prove. */
import { type CircuitName, pinnedDigests } from '@foldbook/circuits';
import {
  type AccountDelta,
  AccountTree,
  accountAccumulator,
  accountsDigest,
  accountsSignals,
  applyDelta,
  batchAccumulator,
  batchDigest,
  batchSignals,
  type Challenge,
  type SettlementRecord,
} from '@foldbook/verifier';
import { accountsInput, batchInput } from '../circuit-input.ts';
import { createJob, type JobCircuit, type ProofJob } from '../proof-job.ts';

const PLACE = { market: 7, epoch: 3n };
const JOB_PLACE = { market: 'BTC-USD', chain: '5a'.repeat(32), epoch: 3, part: 'sample' };
/** Any two elements of full length. */
const CHALLENGE: Challenge = {
  x: 0x1d0f5b6c7a8e9f10213243546576879809a1b2c3d4e5f60718293a4b5c6d7e8fn,
  y: 0x0a1b2c3d4e5f60718293a4b5c6d7e8f9011223344556677889900aabbccddeefn,
};

/** The circuit with the key that is pinned for it. */
export const withKey = (name: CircuitName): JobCircuit => {
  return { name, keyDigest: new Uint8Array(Buffer.from(pinnedDigests()[name].vk, 'hex')) };
};

/** A job of `count` records or updates, at most the circuit's size. */
export function sampleJob(circuit: CircuitName, count: number): ProofJob {
  const size = Number(circuit.split('-')[1]);
  return circuit.startsWith('batch')
    ? batchJob(circuit, size, count)
    : accountsJob(circuit, size, count);
}

/** How many records or updates a proof of the circuit holds. */
export function sizeOf(circuit: CircuitName): number {
  return Number(circuit.split('-')[1]);
}

function batchJob(circuit: CircuitName, size: number, count: number): ProofJob {
  const records = Array.from({ length: count }, (_, index) => recordAt(index));
  const place = { ...PLACE, seq0: 45n, count };
  const digest = batchDigest(size, place, records);
  const acc = batchAccumulator(records, CHALLENGE);
  const signals = batchSignals(size, place, { digest, acc }, CHALLENGE);
  const input = batchInput(size, records, signals);
  return createJob(JOB_PLACE, withKey(circuit), input, signals.map(String));
}

/** A trade, the fees of both its sides, and again. */
function recordAt(index: number): SettlementRecord {
  const [a, b] = [2 + ((index * 7919) % 5003), 6000 + ((index * 104_729) % 7001)];
  const price = BigInt(50_000 + ((index * 37) % 1000));
  const dBase = BigInt(1 + ((index * 7_654_321) % 90_000_007));
  const dQuote = price * dBase;
  if (index % 3 === 0) return { kind: 1, a, b, price, dBase, dQuote };
  const charge = { price: 0n, dBase: 0n, dQuote: dQuote / 1000n };
  return index % 3 === 1 ? { kind: 2, a: 1, b, ...charge } : { kind: 3, a, b: 1, ...charge };
}

function accountsJob(circuit: CircuitName, size: number, count: number): ProofJob {
  const tree = new AccountTree();
  const deltas = Array.from({ length: count }, (_, index) => ({
    id: 2 + index * 70_001,
    base: BigInt((index % 2 === 0 ? 1 : -1) * (1000 + index * 12_345)),
    quote: BigInt((index % 2 === 0 ? -1 : 1) * (77_000 + index * 1_234_567)),
  })) satisfies AccountDelta[];
  for (const { id } of deltas) tree.set(id, 2n ** 40n, 2n ** 50n);
  const rootIn = tree.root();
  const steps = deltas.map((delta) => {
    const step = { delta, before: tree.get(delta.id), siblings: tree.path(delta.id) };
    applyDelta(tree, delta);
    return step;
  });
  const place = { ...PLACE, seq0: 0n, count };
  const digest = accountsDigest(size, place, deltas);
  const acc = accountAccumulator(deltas, CHALLENGE);
  const claim = { rootIn, rootOut: tree.root(), digest, acc };
  const signals = accountsSignals(size, place, claim, CHALLENGE);
  const input = accountsInput(size, steps, signals);
  return createJob(JOB_PLACE, withKey(circuit), input, signals.map(String));
}

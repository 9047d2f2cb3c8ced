// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * From a closed epoch to everything that is to be proved about it. Order is what makes it sound:
 * first all digests, roots, the header; only then the challenge; only then accumulators and jobs.
 */
import { setImmediate as turn } from 'node:timers/promises';
import {
  type AccountDelta,
  type AccountTree,
  accountAccumulator,
  accountsDigest,
  accountsSignals,
  applyDelta,
  batchAccumulator,
  batchDigest,
  batchSignals,
  bytesToHex,
  type ChainState,
  type Challenge,
  chainStateAfter,
  digestListHash,
  drawChallenge,
  type EpochHeader,
  encodeDigestList,
  encodeHeader,
  netDeltas,
  type ProofPlace,
  type RuleChange,
  signHeader,
} from '@foldbook/verifier';
import type { ChainContext, ProvingCircuit } from './chain-context.ts';
import { type AccountStep, accountsInput, batchInput } from './circuit-input.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import { headerFields } from './epoch-header.ts';
import { createJob, type JobPlace, type ProofJob } from './proof-job.ts';
import { ProverError } from './prover-error.ts';
import { filledTiles, type Tile, type TileEpoch } from './tiling.ts';

interface Committed {
  readonly circuit: ProvingCircuit;
  readonly place: ProofPlace;
  readonly digest: bigint;
}

interface CommittedAccounts extends Committed {
  readonly steps: readonly AccountStep[];
  readonly rootIn: bigint;
  readonly rootOut: bigint;
}

/** A proof to be made. Jobs are built when it is their turn: their inputs are large. */
export interface PlannedProof {
  readonly circuit: ProvingCircuit;
  readonly count: number;
  readonly digest: bigint;
  readonly acc: bigint;
  readonly signals: readonly bigint[];
  readonly job: () => ProofJob;
}

export type PlannedBatch = PlannedProof;
export interface PlannedAccounts extends PlannedProof {
  readonly rootOut: bigint;
}

export interface EpochPlan {
  readonly epoch: number;
  readonly changes: readonly RuleChange[];
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly batches: readonly PlannedBatch[];
  readonly accounts: readonly PlannedAccounts[];
  /** The chain after this epoch. */
  readonly tip: ChainState;
}

/**
 * Plans one epoch on top of `tip`, and moves `tree` on to its end. Hashing takes milliseconds,
 * so other markets get their turn between two proofs.
 * @param tileEpoch - which circuit takes which rows; by default the largest that are filled
 * @throws ProverError BALANCE_OUT_OF_RANGE: `tree` is then of no more use
 */
export async function planEpoch(
  context: ChainContext,
  tip: ChainState,
  tree: AccountTree,
  closed: ClosedEpoch,
  tileEpoch: TileEpoch = filledTiles,
): Promise<EpochPlan> {
  const deltas = netDeltas(closed.records);
  const rows = { batch: closed.records.length, accounts: deltas.length };
  const tiles = tileEpoch(rows, context.circuits);
  const batches = await commitBatches(context, closed, tiles.batch);
  const accounts = await commitAccounts(context, tip, tree, closed, deltas, tiles.accounts);
  const rootNew = accounts.at(-1)?.rootOut ?? tip.root;
  const digestList = encodeDigestList(
    batches.map((batch) => ({ ...listed(batch), seq0: batch.place.seq0 })),
    accounts.map((proof) => ({ ...listed(proof), rootOut: proof.rootOut })),
  );
  const header: EpochHeader = {
    ...headerFields(context, tip, closed),
    batchCount: batches.length,
    accountProofCount: accounts.length,
    rootNew,
    digestListHash: digestListHash(digestList),
  };
  const headerBytes = encodeHeader(header);
  const challenge = challengeOf(context, headerBytes, digestList);
  return {
    epoch: closed.epoch,
    changes: closed.changes,
    headerBytes,
    signature: signHeader(headerBytes, context.operator.secretKey),
    batches: await inTurns(batches, (batch) => planBatch(context, closed, batch, challenge)),
    accounts: await inTurns(accounts, (proof) =>
      planAccounts(context, closed.epoch, proof, challenge),
    ),
    tip: chainStateAfter(header, headerBytes),
  };
}

const listed = ({ circuit: { size, backEnd }, place: { count }, digest }: Committed) => {
  return { size, backEnd, count, digest };
};

async function inTurns<T, R>(items: readonly T[], work: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) {
    results.push(work(item));
    await turn();
  }
  return results;
}

async function commitBatches(
  context: ChainContext,
  closed: ClosedEpoch,
  tiles: readonly Tile[],
): Promise<Committed[]> {
  const committed: Committed[] = [];
  for (const { circuit, first, count } of tiles) {
    const records = closed.records.slice(first, first + count);
    const place = {
      market: context.genesis.market,
      epoch: BigInt(closed.epoch),
      seq0: BigInt(closed.recordFirst + first),
      count: records.length,
    };
    committed.push({ circuit, place, digest: batchDigest(circuit.size, place, records) });
    await turn();
  }
  return committed;
}

async function commitAccounts(
  context: ChainContext,
  tip: ChainState,
  tree: AccountTree,
  closed: ClosedEpoch,
  deltas: readonly AccountDelta[],
  tiles: readonly Tile[],
): Promise<CommittedAccounts[]> {
  const committed: CommittedAccounts[] = [];
  let rootIn = tip.root;
  for (const { circuit, first, count } of tiles) {
    const group = deltas.slice(first, first + count);
    const place = {
      market: context.genesis.market,
      epoch: BigInt(closed.epoch),
      seq0: BigInt(committed.length),
      count: group.length,
    };
    const steps = group.map((delta) => moveAccount(context, tree, closed.epoch, delta));
    const rootOut = tree.root();
    const digest = accountsDigest(circuit.size, place, group);
    committed.push({ circuit, place, steps, rootIn, rootOut, digest });
    rootIn = rootOut;
    await turn();
  }
  return committed;
}

function moveAccount(
  { genesis }: ChainContext,
  tree: AccountTree,
  epoch: number,
  delta: AccountDelta,
): AccountStep {
  const step = { delta, before: tree.get(delta.id), siblings: tree.path(delta.id) };
  const wrong = applyDelta(tree, delta);
  if (wrong === undefined) return step;
  throw new ProverError(
    'BALANCE_OUT_OF_RANGE',
    `market ${genesis.name}, epoch ${epoch}: ${wrong} (the market's engine should have refused it)`,
  );
}

function challengeOf(
  { genesis }: ChainContext,
  headerBytes: Uint8Array,
  digestList: Uint8Array,
): Challenge {
  const challenge = drawChallenge(headerBytes, genesis.keys, digestList);
  if (challenge !== undefined) return challenge;
  throw new Error('the challenge may be an account id (probability 2^-230): close another epoch');
}

function planBatch(
  context: ChainContext,
  closed: ClosedEpoch,
  { circuit, place, digest }: Committed,
  challenge: Challenge,
): PlannedBatch {
  const { size } = circuit;
  const { epoch } = closed;
  // Taken from the list each time: as objects, the records of all batches would not fit.
  const records = () => {
    const first = Number(place.seq0) - closed.recordFirst;
    return closed.records.slice(first, first + place.count);
  };
  const acc = batchAccumulator(records(), challenge);
  const signals = batchSignals(size, place, { digest, acc }, challenge);
  const job = jobPlace(context, epoch, 'b', place);
  return {
    circuit,
    count: place.count,
    digest,
    acc,
    signals,
    job: () => {
      const input = batchInput(size, records(), signals);
      return createJob(job, circuit, input, signals.map(String));
    },
  };
}

function planAccounts(
  context: ChainContext,
  epoch: number,
  { circuit, place, steps, rootIn, rootOut, digest }: CommittedAccounts,
  challenge: Challenge,
): PlannedAccounts {
  const { size } = circuit;
  const deltas = steps.map(({ delta }) => delta);
  const acc = accountAccumulator(deltas, challenge);
  const signals = accountsSignals(size, place, { rootIn, rootOut, digest, acc }, challenge);
  const job = jobPlace(context, epoch, 'a', place);
  return {
    circuit,
    count: place.count,
    rootOut,
    digest,
    acc,
    signals,
    job: () => {
      const input = accountsInput(size, steps, signals);
      return createJob(job, circuit, input, signals.map(String));
    },
  };
}

function jobPlace(
  { genesis, chainId }: ChainContext,
  epoch: number,
  letter: 'a' | 'b',
  { seq0, count }: ProofPlace,
): JobPlace {
  const part = `${letter}${seq0}+${count}`;
  return { market: genesis.name, chain: bytesToHex(chainId), epoch, part };
}

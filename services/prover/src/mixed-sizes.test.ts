// SPDX-License-Identifier: GPL-3.0-or-later
/** Chains whose genesis names circuits of several sizes. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import type { EpochProved } from '@foldbook/protocol';
import { createLogger } from '@foldbook/runtime';
import { type TrustedKey, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { builtCircuits, type FindCircuit, type ProvingCircuits } from './chain-context.ts';
import { InProcessQueue } from './in-process-queue.ts';
import { queueTurns } from './job-turns.ts';
import { MarketProver } from './market-prover.ts';
import { loadOperatorKey } from './operator-key.ts';
import { ProofPool } from './proof-pool.ts';
import type { ProofMaker } from './proof-queue.ts';
import { depositStream } from './testing/deposit-stream.ts';
import {
  allTrapdoorCircuits,
  allTrustedKeys,
  TrapdoorMaker,
  trapdoorCircuits,
} from './testing/trapdoor-circuits.ts';

const MARKET = 'TEST-USD';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-mixed-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** 240 + 15 + 5 records, 16 + 4 accounts with the supply. */
const EPOCH = { market: MARKET, deposits: 260, accounts: 19 };

interface Run {
  readonly maker: ProofMaker;
  readonly circuits: ProvingCircuits;
  readonly findCircuit?: FindCircuit;
  readonly epochs: number;
}

async function prove({ maker, circuits, findCircuit, epochs }: Run): Promise<EpochProved[]> {
  const proved: EpochProved[] = [];
  const queue = new InProcessQueue(maker);
  const prover = new MarketProver({
    ...{ market: MARKET, queue, turns: queueTurns(queue), circuits, findCircuit },
    reader: depositStream({ ...EPOCH, epochs }),
    operator: await loadOperatorKey(join(dir, 'operator.key')),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'error' }),
    onPublished: () => undefined,
    onProved: (epoch) => proved.push(epoch),
    maxEpochs: epochs,
  });
  try {
    await prover.run(new AbortController().signal);
  } finally {
    prover.close();
    await queue.close();
  }
  return proved;
}

async function accepted(trustedKeys?: readonly TrustedKey[]): Promise<number> {
  const source = openStoreFolder(join(dir, 'proofs'), MARKET);
  const trusted = trustedKeys === undefined ? {} : { trustedKeys };
  const result = await verifyChain(source, { level: 'data', ...trusted });
  assert(result.ok, inspect(result));
  return result.proofs;
}

test('each epoch is divided among the circuits of its genesis', async () => {
  const maker = new TrapdoorMaker();
  const [first] = await prove({ maker, circuits: allTrapdoorCircuits, epochs: 1 });
  assert.equal(first?.proofs, 5);
  assert.equal((await readdir(join(dir, 'proofs', MARKET, 'keys'))).length, 4);
  // A prover that begins new chains with others goes on with this one as it was begun.
  const findCircuit: FindCircuit = async ({ digest }) =>
    allTrapdoorCircuits.find(({ keyDigest }) => Buffer.from(keyDigest).equals(digest));
  const run = { maker, circuits: trapdoorCircuits, findCircuit, epochs: 2 };
  const [second] = await prove(run);
  assert.equal(second?.proofs, 5);
  assert.equal(await accepted(allTrustedKeys), 10);
});

const isAsked = process.env.FOLDBOOK_LARGE_PROOFS === '1';

test('an epoch is really proved by circuits of all sizes', {
  skip: !isAsked && 'minutes: FOLDBOOK_LARGE_PROOFS=1, and foldbook keys dev --circuit of both',
  timeout: 900_000,
}, async () => {
  const pool = new ProofPool(1);
  try {
    const [epoch] = await prove({ maker: pool, circuits: builtCircuits(), epochs: 1 });
    assert.equal(epoch?.proofs, 5);
  } finally {
    await pool.close();
  }
  assert.equal(await accepted(), 5);
});

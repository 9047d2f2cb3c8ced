// SPDX-License-Identifier: GPL-3.0-or-later
/** Epochs whose proofs are folded, from the diff stream to what a verifier says of the store. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { diffStream } from '@foldbook/protocol';
import { SegmentStore } from '@foldbook/runtime';
import { BackEnd, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { type FoldMaker, FoldPool } from './fold/fold-pool.ts';
import { ProverError } from './prover-error.ts';
import { depositStream } from './testing/deposit-stream.ts';
import { EPOCH, MARKET, startFolding } from './testing/folding-prover.ts';
import { Processes, polled } from './testing/prover-process.ts';

const pool = new FoldPool(1);
after(() => pool.close());
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-folded-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function verified() {
  const source = openStoreFolder(join(dir, 'proofs'), MARKET);
  const result = await verifyChain(source, { level: 'data' });
  assert(result.ok, inspect(result));
  const { proofs, backend, devKeys, epochs } = result;
  return { proofs, backend, devKeys, epochs };
}

const marketFolder = (name: string) => readdir(join(dir, 'proofs', MARKET, name));

test('a chain is proved by folding and goes on after a restart', async () => {
  const first = await startFolding({ dir, epochs: 1, folds: pool });
  await first.ended;
  assert.deepEqual(await verified(), { proofs: 16, backend: 'folding', devKeys: false, epochs: 1 });
  const keys = await marketFolder('keys');
  assert.deepEqual(keys.map((name) => name.split('.')[1]).sort(), ['shape', 'shape', 'vk', 'vk']);
  assert.deepEqual(await marketFolder('folding'), [], 'subtrees are not kept');
  // What it took is what the router goes by from now on.
  const { book } = first.router;
  const kind = first.prover.progress.choice;
  assert.match(kind?.proofs ?? '', /14 fold\/batch-15, 2 fold\/accounts-4/);
  const of = { circuit: 'batch-15', role: 'batch', size: 15, constraints: 3_890 } as const;
  const folded = { ...of, backEnd: BackEnd.FOLDING, folds: true };
  assert.equal(book.cost(folded, 'leaf')?.samples, 2);
  assert((book.cost(folded, 'closing')?.proofBytes ?? 0) > 1_000);
  const second = await startFolding({ dir, epochs: 2, folds: pool });
  await second.ended;
  assert.deepEqual(await verified(), { proofs: 32, backend: 'folding', devKeys: false, epochs: 2 });
  // Whoever can't fold asks for Groth16, which nobody makes here.
  const third = await startFolding({ dir, epochs: 3, folds: undefined });
  await polled(async () => third.prover.progress.status().setAside.length === 16);
  const [aside] = third.prover.progress.status().setAside;
  assert.match(aside?.reason ?? '', /was to be folded/);
  third.stop();
  await assert.rejects(third.ended, /the prover ends/);
});

test('what cannot be folded is set aside, and folded when that is taken back', async () => {
  let failures = 0;
  const folds: FoldMaker = {
    fold: async (files, plans, options) => {
      if (plans.length !== 14 || failures === 3) return pool.fold(files, plans, options);
      failures += 1;
      throw new ProverError('PROOF_REFUSED', 'it does not verify');
    },
  };
  const { ended, prover, proved } = await startFolding({ dir, epochs: 1, folds, lookMs: 10 });
  await polled(async () => prover.progress.status().setAside.length === 1);
  const [aside] = prover.progress.status().setAside;
  assert.match(aside?.reason ?? '', /PROOF_REFUSED: folding failed 3 times, .*not verify/);
  assert.deepEqual([aside?.part, failures], ['folded-batch-15', 3]);
  assert.deepEqual(await marketFolder('aside'), ['0-folded-batch-15.json']);
  assert.equal(proved.length, 0);
  await rm(join(dir, 'proofs', MARKET, 'aside', '0-folded-batch-15.json'));
  await ended;
  assert.equal((await verified()).backend, 'folding');
});

test('a prover that is killed goes on from the subtrees that it has folded', async () => {
  await killedAfter(4);
  assert.deepEqual(await marketFolder('epochs').then((all) => all.filter(isEpoch)), []);
  const made: string[] = [];
  const folds: FoldMaker = {
    fold: (files, plans, options) => {
      const onNode = (first: number, leaves: number) => {
        if (options.dir.endsWith('batch-15')) made.push(`${first} ${leaves}`);
      };
      return pool.fold(files, plans, { ...options, chunkLeaves: 2, onNode });
    },
  };
  await (await startFolding({ dir, epochs: 1, folds })).ended;
  assert.equal((await verified()).backend, 'folding');
  assert(made.length > 0 && !made.includes('0 2'), 'what was there is not made again');
});

test("the prover's process goes on with folding, though it has measured nothing yet", async () => {
  await killedAfter(2);
  const [plan] = await marketFolder('plans');
  const { header } = JSON.parse(
    await readFile(join(dir, 'proofs', MARKET, 'plans', plan ?? ''), 'utf8'),
  );
  const streams = new SegmentStore({ dir: join(dir, 'streams') });
  const writer = await streams.writer(diffStream(0), ['diff.0.*']);
  for await (const { subject, payload } of depositStream({ ...EPOCH, epochs: 1 }).read({
    ...{ fromSequence: 1, follow: false },
  })) {
    await writer.append(subject, payload);
  }
  await streams.close();
  const processes = new Processes();
  try {
    const prover = processes.start('prover', {
      dataDir: join(dir, 'proofs'),
      source: { kind: 'segment', dir: join(dir, 'streams') },
      circuits: ['batch-15', 'accounts-4'],
      backEnds: ['groth16', 'folding'],
      ...{ workers: 1, nice: 0 },
    });
    await prover.untilProved(0);
    const [told] = prover.messages.filter((message) => message.type === 'epoch-proved');
    assert.equal(told?.headerHash, header);
    assert.match(prover.log, /proofs chosen.*14 fold\/batch-15.*kept/);
    assert.deepEqual(await prover.end('SIGTERM'), [0, null], prover.log);
  } finally {
    processes.killAll();
  }
  assert.equal((await verified()).backend, 'folding');
});

/** A prover that is killed when it has so many subtrees of the batches. */
async function killedAfter(nodes: number): Promise<void> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'testing/folding-prover.ts'), dir, '1'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let there = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('batch-15')) there += 1;
    if (there === nodes) child.kill('SIGKILL');
  }
  if (child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
}

const isEpoch = (name: string): boolean => name.endsWith('.fbe');

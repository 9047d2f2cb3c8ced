// SPDX-License-Identifier: GPL-3.0-or-later
/** Proofs that can't be made, and two provers of the same chain. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { MarketProver } from './market-prover.ts';
import type { ProofJob, ProofResult } from './proof-job.ts';
import { DiffScript, depositBase } from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { polled } from './testing/prover-process.ts';
import { type RunningProver, startProver } from './testing/running-prover.ts';
import { TrapdoorMaker, trapdoorCircuits, trustedKeys } from './testing/trapdoor-circuits.ts';

const MARKET = 'TEST-USD';
const EPOCHS = 7;
const AHEAD = 3;

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-poison-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** Fails the jobs that it is told to, or makes a proof of something else. */
class PoisonedMaker extends TrapdoorMaker {
  poison: ((job: ProofJob) => 'fail' | 'lie' | undefined) | undefined;
  #waiters: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  override async make(job: ProofJob): Promise<ProofResult> {
    const poison = this.poison?.(job);
    if (poison === 'fail') throw new Error('the witness has no such value');
    const publicSignals = poison === 'lie' ? job.publicSignals.map(() => '1') : job.publicSignals;
    const made = await super.make({ ...job, publicSignals });
    this.#waiters = this.#waiters.filter(({ holds, resolve }) => !holds() || resolve());
    return { ...made, publicSignals: job.publicSignals };
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (holds()) resolve();
      else this.#waiters.push({ holds, resolve });
    });
  }

  /** Parts of an epoch that were proved, in order. */
  partsOf(epoch: number): string[] {
    return this.made.flatMap((id) => id.match(new RegExp(`-${epoch}-([ab]\\d+)\\+`))?.[1] ?? []);
  }
}

/** Epochs of 20 deposits, each to an account of its own: two batches and six account proofs. */
function streamOf(epochs: number): MemoryStream {
  const stream = new MemoryStream();
  const script = new DiffScript(7).create(-100, 300);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const accounts = Array.from({ length: 20 }, (_, index) => 2 + epoch * 20 + index);
    script.move(...accounts.map((account) => depositBase(account, 5n)));
    stream.append(`diff.0.${MARKET}`, script.closeEpoch());
  }
  return stream;
}

type Running = RunningProver<MarketProver>;

const start = (reader: MemoryStream, maker: TrapdoorMaker): Promise<Running> =>
  startProver({ dir, market: MARKET, reader, maker }, (common) => {
    const circuits = trapdoorCircuits;
    return new MarketProver({ ...common, circuits, maxEpochs: EPOCHS, aheadEpochs: AHEAD });
  });

/** Its log says so before the files are there, which a start on the same store is to find. */
const areAside = (running: Running, proofs: number): Promise<void> =>
  polled(async () => running.prover.progress.status().setAside.length === proofs);

const aside = () => join(dir, 'proofs', MARKET, 'aside');
const epochFiles = async () =>
  (await readdir(join(dir, 'proofs', MARKET, 'epochs'))).filter((name) => name.endsWith('.fbe'));

async function accepted(): Promise<number> {
  const source = openStoreFolder(join(dir, 'proofs'), MARKET);
  const result = await verifyChain(source, { level: 'data', trustedKeys });
  assert(result.ok, inspect(result));
  return result.epochs;
}

test('a proof that fails is set aside with its reason, and all else goes on', async () => {
  const maker = new PoisonedMaker();
  maker.poison = ({ place }) => (place.epoch === 1 && place.part === 'b35+5' ? 'fail' : undefined);
  const running = await start(streamOf(EPOCHS), maker);
  try {
    await running.logged(/ERROR.*proof set aside/);
    await areAside(running, 1);
    // The other proofs of its epoch, and the epochs behind it as far as the line is long.
    await maker.until(() => maker.partsOf(AHEAD).length === 8 && maker.partsOf(1).length === 7);
    assert.deepEqual(maker.partsOf(AHEAD + 1), []);
    assert.deepEqual(await epochFiles(), ['00000000.fbe']);
    const { setAside, stopped, epochsProved } = running.prover.progress.status();
    assert.deepEqual([stopped, epochsProved, setAside.length], [undefined, 1, 1]);
    assert.match(setAside[0]?.reason ?? '', /^PROOF_FAILED: .*failed 3 times.*no such value/);
    assert.deepEqual(await readdir(aside()), ['1-b35+5.json']);
    const told = JSON.parse(await readFile(join(aside(), '1-b35+5.json'), 'utf8'));
    assert.deepEqual([told.market, told.epoch, told.circuit], [MARKET, 1, 'batch-15']);
    assert.deepEqual(told, setAside[0]);

    maker.poison = undefined;
    await rm(join(aside(), '1-b35+5.json'));
    await running.ended;
    assert.deepEqual(
      running.proved.map(({ epoch }) => epoch),
      Array.from({ length: EPOCHS }, (_, epoch) => epoch),
    );
    assert.deepEqual(running.prover.progress.status().setAside, []);
    assert.equal(running.published.length, EPOCHS);
  } finally {
    await running.stop();
  }
  assert.equal(await accepted(), EPOCHS);
});

test('a proof that never verifies is set aside, and a new start tries it again', async () => {
  const maker = new PoisonedMaker();
  maker.poison = ({ place }) => (place.epoch === 0 && place.part === 'a0+4' ? 'lie' : undefined);
  const first = await start(streamOf(EPOCHS), maker);
  await first.logged(/set aside.*PROOF_REFUSED.*GROTH16_REFUSED/);
  await areAside(first, 1);
  await first.stop();
  assert.deepEqual(await readdir(aside()), ['0-a0+4.json']);
  assert.deepEqual(await epochFiles(), []);

  const second = await start(streamOf(EPOCHS), new TrapdoorMaker());
  try {
    await second.ended;
  } finally {
    await second.stop();
  }
  assert.deepEqual(await readdir(aside()), [], 'what is proved is no longer said to wait');
  assert.equal(await accepted(), EPOCHS);
});

test('the line stays as short as it is when every proof of an epoch fails', async () => {
  const maker = new PoisonedMaker();
  maker.poison = ({ place }) => (place.epoch === 0 ? 'fail' : undefined);
  const running = await start(streamOf(EPOCHS), maker);
  try {
    await maker.until(() => maker.partsOf(AHEAD - 1).length === 8);
    await running.logged(/set aside.*"a5\+1"|set aside.*part=a5\+1/);
    await areAside(running, 8);
    assert.deepEqual(maker.partsOf(AHEAD), []);
  } finally {
    await running.stop();
  }
});

test('of two provers on one store the second is told who has it', async () => {
  const maker = new PoisonedMaker();
  maker.poison = ({ place }) => (place.epoch === 1 ? 'fail' : undefined);
  const first = await start(streamOf(EPOCHS), maker);
  await first.logged(/proof set aside/);
  const second = await start(streamOf(EPOCHS), new TrapdoorMaker());
  const locked = { code: 'STORE_LOCKED', message: new RegExp(`process ${process.pid} .*lock`) };
  await assert.rejects(second.ended, locked);
  await first.stop();
  const third = await start(streamOf(EPOCHS), new TrapdoorMaker());
  await third.ended;
  assert.equal(await accepted(), EPOCHS);
});

test('who lost its store signs and keeps nothing more', async () => {
  const maker = new TrapdoorMaker();
  const make = maker.make.bind(maker);
  maker.make = async (job) => {
    await rm(join(dir, 'proofs', MARKET, 'prover.lock'), { force: true });
    return make(job);
  };
  const first = await start(streamOf(EPOCHS), maker);
  await assert.rejects(first.ended, { code: 'STORE_LOCKED', message: /no longer this prover's/ });
  assert.deepEqual(await epochFiles(), []);
  await (await start(streamOf(EPOCHS), new TrapdoorMaker())).ended;
  assert.equal(await accepted(), EPOCHS);
});

// SPDX-License-Identifier: GPL-3.0-or-later
/** Epochs that are divided as they were planned first, whatever a later router would choose. */
import assert from 'node:assert/strict';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import type { EpochProved } from '@foldbook/protocol';
import { createLogger } from '@foldbook/runtime';
import { verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { InProcessQueue } from './in-process-queue.ts';
import { queueTurns } from './job-turns.ts';
import { MarketProver } from './market-prover.ts';
import { MarketRouting } from './market-routing.ts';
import { loadOperatorKey } from './operator-key.ts';
import type { ProofJob, ProofResult } from './proof-job.ts';
import { EpochRouter } from './router/epoch-router.ts';
import { routerSchema } from './router/settings.ts';
import { DiffScript, depositBase } from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { allTrapdoorCircuits, allTrustedKeys, TrapdoorMaker } from './testing/trapdoor-circuits.ts';
import { routedKind } from './tiling.ts';

const MARKET = 'TEST-USD';
const EPOCHS = 3;
/** Of an epoch: 5 batches of 15 or one of 240, 5 account proofs of 16 or 18 of 4. */
const DEPOSITS = 70;

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-plans-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const plansFolder = () => join(dir, 'proofs', MARKET, 'plans');
const planFile = (epoch: number) => join(plansFolder(), `${epoch}.json`);

function newStream(first = 5n): MemoryStream {
  const stream = new MemoryStream();
  const script = new DiffScript(7).create(-100, 300);
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    const accounts = Array.from({ length: DEPOSITS }, (_, n) => 2 + epoch * DEPOSITS + n);
    script.move(...accounts.map((account) => depositBase(account, epoch === 0 ? first : 5n)));
    stream.append(`diff.0.${MARKET}`, script.closeEpoch());
  }
  return stream;
}

/** One that has measured that large circuits cost next to nothing, or nothing at all. */
function newRouting(preference: 'large' | 'unmeasured', lines: string[]): MarketRouting {
  const router = new EpochRouter({ ...routerSchema.parse({}), maxWorkers: 2 });
  for (const circuit of preference === 'large' ? allTrapdoorCircuits : []) {
    const cpuMs = circuit.size > 15 ? 10 : 60_000;
    const figures = { workers: 1, cpuMs, wallMs: cpuMs, rssBytes: 2 ** 28, proofBytes: 128 };
    router.measured({ kind: routedKind(circuit), stage: 'leaf', ...figures, verifyMs: 1 });
  }
  const write = (line: string) => lines.push(line);
  const logger = createLogger({ service: 'test', level: 'info', write });
  return new MarketRouting({ router, logger, nowMs: Date.now, workersElsewhere: false });
}

/** Makes none. */
class WaitingMaker extends TrapdoorMaker {
  readonly asked = Promise.withResolvers<void>();

  override async make(job: ProofJob): Promise<ProofResult> {
    if (job.place.epoch === EPOCHS - 1) this.asked.resolve();
    return new Promise(() => undefined);
  }
}

interface LifeOptions {
  readonly preference?: 'large' | 'unmeasured';
  readonly stream?: MemoryStream;
}

async function start(maker: TrapdoorMaker, options: LifeOptions = {}) {
  const { preference = 'unmeasured', stream = newStream() } = options;
  const proved: EpochProved[] = [];
  const lines: string[] = [];
  const queue = new InProcessQueue(maker);
  const prover = new MarketProver({
    ...{ market: MARKET, reader: stream, queue, circuits: allTrapdoorCircuits },
    turns: queueTurns(queue),
    operator: await loadOperatorKey(join(dir, 'operator.key')),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'error' }),
    routing: newRouting(preference, lines),
    onPublished: () => undefined,
    onProved: (epoch) => proved.push(epoch),
    maxEpochs: EPOCHS,
  });
  const ending = new AbortController();
  const running = prover.run(ending.signal);
  const end = async (): Promise<void> => {
    ending.abort();
    await queue.close();
    await running.catch(() => undefined);
    await prover.published();
    prover.close();
  };
  const ended = running.finally(end);
  ended.catch(() => undefined);
  return { proved, lines, ended, end };
}

/** A life that plans all epochs by large circuits, and ends before one is proved. */
async function planAll(): Promise<string[]> {
  const maker = new WaitingMaker();
  const life = await start(maker, { preference: 'large' });
  await maker.asked.promise;
  await life.end();
  const plans = (await readdir(plansFolder())).toSorted();
  return Promise.all(plans.map((name) => readFile(join(plansFolder(), name), 'utf8')));
}

async function accepted() {
  const source = openStoreFolder(join(dir, 'proofs'), MARKET);
  const result = await verifyChain(source, { level: 'data', trustedKeys: allTrustedKeys });
  assert(result.ok, inspect(result));
  return result.epochs;
}

test('epochs that were planned keep their headers, whatever the router would choose', async () => {
  const plans = (await planAll()).map((text) => JSON.parse(text));
  assert.equal(plans.length, EPOCHS);
  assert.deepEqual(
    plans[0].batch.runs.map(({ circuit, proofs }: { circuit: string; proofs: number }) => [
      circuit,
      proofs,
    ]),
    [['batch-240', 1]],
  );
  const life = await start(new TrapdoorMaker());
  await life.ended;
  assert.deepEqual(
    life.proved.map(({ headerHash }) => headerHash),
    plans.map(({ header }) => header),
  );
  assert.equal(life.lines.filter((line) => /proofs chosen.*kept/.test(line)).length, EPOCHS);
  assert.equal(await accepted(), EPOCHS);
  assert.deepEqual(await readdir(plansFolder()), [], 'what is in the store needs no plan');
});

test('a plan is there before any of its proofs is asked for', async () => {
  const maker = new TrapdoorMaker();
  const make = maker.make.bind(maker);
  maker.make = async (job) => {
    await access(planFile(job.place.epoch));
    return make(job);
  };
  await (await start(maker)).ended;
  assert.equal(await accepted(), EPOCHS);
});

test('two provers whose lock does not count sign the same headers', async () => {
  const waiting = new WaitingMaker();
  const first = await start(waiting, { preference: 'large' });
  await waiting.asked.promise;
  await rm(join(dir, 'proofs', MARKET, 'prover.lock'));
  const second = await start(new TrapdoorMaker());
  await second.ended;
  await first.end();
  assert.deepEqual(first.proved, []);
  assert.equal(second.lines.filter((line) => /proofs chosen.*kept/.test(line)).length, EPOCHS);
  assert.equal(await accepted(), EPOCHS);
});

test('a plan that the stream does not lead to is not signed by', async () => {
  const [text = ''] = await planAll();
  const conflict = { code: 'STORE_CONFLICT', message: /plans\/0\.json\) leads to another header/ };
  const maker = new TrapdoorMaker();
  const swapped = await start(maker, { stream: newStream(6n) });
  await assert.rejects(swapped.ended, conflict);
  const plan = JSON.parse(text);
  await writeFile(planFile(0), JSON.stringify({ ...plan, batch: { ...plan.batch, rows: 71 } }));
  await assert.rejects((await start(maker)).ended, conflict);
  await writeFile(planFile(0), text.slice(1));
  const damaged = { code: 'STORE_CORRUPT', message: /plans\/0\.json\) is damaged; remove/ };
  await assert.rejects((await start(maker)).ended, damaged);
  assert.deepEqual(maker.made, []);
  await writeFile(planFile(0), text);
  await (await start(maker)).ended;
  assert.equal(await accepted(), EPOCHS);
});

test("another chain's plans and circuits that are not here are no guide", async () => {
  const [text = ''] = await planAll();
  const plan = JSON.parse(text);
  const [run] = plan.batch.runs;
  const runs = [{ ...run, key: '0'.repeat(64) }];
  await writeFile(planFile(0), JSON.stringify({ ...plan, batch: { ...plan.batch, runs } }));
  const unknown = { code: 'STORE_CONFLICT', message: /proved by batch-240 \(key 0+\), which/ };
  await assert.rejects((await start(new TrapdoorMaker())).ended, unknown);
  await rm(join(dir, 'proofs', MARKET, 'genesis.fbg'));
  const life = await start(new TrapdoorMaker());
  await life.ended;
  assert.equal(life.lines.filter((line) => /proofs chosen.*kept/.test(line)).length, 0);
  assert.equal(await accepted(), EPOCHS);
});

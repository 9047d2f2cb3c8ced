// SPDX-License-Identifier: GPL-3.0-or-later
/** A market's STARK chain: proved, killed, resumed, poisoned. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { inspect } from 'node:util';
import { createLogger } from '@foldbook/runtime';
import { DEFAULT_PARAMETERS } from '@foldbook/stark';
import { checkAccountProof, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { kernelCommitments } from '@foldbook/verifier/stark-data';
import { MarketRouting } from './market-routing.ts';
import { LocalCommits } from './part-commits.ts';
import { EpochRouter } from './router/epoch-router.ts';
import { partKind } from './router/part-kind.ts';
import { routerSchema } from './router/settings.ts';
import { StarkMarketProver } from './stark-market-prover.ts';
import { DiffScript, depositBase, depositQuote, fee, trade } from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { samplePartJob } from './testing/part-jobs.ts';
import { PartMaker } from './testing/part-maker.ts';
import { polled } from './testing/prover-process.ts';
import { type RunningProver, startProver } from './testing/running-prover.ts';

const MARKET = 'TEST-USD';
const PART_RECORDS = 5;
const commits = new LocalCommits();
const recomputed = kernelCommitments(DEFAULT_PARAMETERS.logBlowup);
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-stark-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** Epochs of 2, 0, 6 and 1 records; the third one has parts of 4 and 2. */
function streamOf(amount = 1_000n): MemoryStream {
  const stream = new MemoryStream();
  const script = new DiffScript(7).create(0, 10_000);
  const sold = () => [trade(2, 3, 100n, 2n), fee(3, 2n)];
  for (const message of [
    script.move(depositBase(2, amount), depositQuote(3, 1_000_000n)).closeEpoch(),
    script.closeEpoch(),
    script.move(...sold(), ...sold(), ...sold()).closeEpoch(),
    script.move(depositBase(4, 5n)).closeEpoch(),
  ]) {
    stream.append(`diff.0.${MARKET}`, message);
  }
  return stream;
}

type Running = RunningProver<StarkMarketProver>;

const start = (
  maker: PartMaker,
  maxEpochs = 4,
  reader = streamOf(),
  partRecords = PART_RECORDS,
  routing?: MarketRouting,
): Promise<Running> =>
  startProver({ dir, market: MARKET, reader, maker }, (common) => {
    const parameters = DEFAULT_PARAMETERS;
    return new StarkMarketProver({
      ...common,
      commits,
      parameters,
      partRecords,
      maxEpochs,
      routing,
    });
  });

function newRouting() {
  const lines: string[] = [];
  const router = new EpochRouter({ ...routerSchema.parse({}), maxWorkers: 2 });
  const write = (line: string) => void lines.push(line);
  const logger = createLogger({ service: 'test', level: 'info', write });
  const options = { router, logger, nowMs: Date.now, workersElsewhere: false };
  return { routing: new MarketRouting(options), lines, book: router.book };
}

async function finish(running: Running): Promise<void> {
  try {
    await running.ended;
  } finally {
    await running.stop();
  }
}

const inStore = (...path: string[]) => join(dir, 'proofs', MARKET, ...path);

async function accepted(): Promise<number> {
  const source = openStoreFolder(join(dir, 'proofs'), MARKET, { chain: 'stark' });
  const commitments = () => recomputed;
  const result = await verifyChain(source, { level: 'data', commitments });
  assert(result.ok, inspect(result));
  return result.epochs;
}

test('a stream becomes a chain that verifies, in parts, beside its data', async () => {
  const maker = new PartMaker();
  const running = await start(maker);
  await finish(running);
  assert.deepEqual(
    running.proved.map(({ epoch, recordCount, proofs }) => [epoch, recordCount, proofs]),
    [
      [0, 2, 1],
      [1, 0, 0],
      [2, 6, 2],
      [3, 1, 1],
    ],
  );
  assert.deepEqual(maker.made, ['0-p0+2', '2-p2+4', '2-p6+2', '3-p8+1']);
  assert.equal(running.published.length, 4);
  assert.deepEqual(await readdir(inStore('stark', 'parts')), []);
  assert.equal((await readdir(inStore('stark', 'epochs'))).length, 4);
  const entry = running.prover.proved.of(3);
  assert.equal(entry?.path, `${MARKET}/stark/epochs/00000000.fbe`);
  assert.equal(await accepted(), 4);
});

/** What the prover answers an account: the epoch, what it has, and what is owed in all. */
function owedTo({ prover }: Running, account: number) {
  const file = prover.accountProof(account);
  if (file === undefined) return undefined;
  const proved = checkAccountProof(file);
  assert(proved.ok, inspect(proved));
  assert.deepEqual([proved.account, proved.chain], [account, 'stark']);
  const { balance, owed } = proved;
  return [proved.epoch, balance.base, balance.quote, owed.base, owed.quote];
}

test('an account is told what it is owed under the last epoch that is kept', async () => {
  const maker = new PartMaker();
  const held = Promise.withResolvers<void>();
  maker.instead = async ({ place }) => {
    if (place.epoch === 2) await held.promise;
    return undefined;
  };
  const running = await start(maker);
  assert.equal(owedTo(running, 2), undefined, 'nothing is kept yet');
  await polled(async () => running.prover.progress.status().epochsProved === 2);
  // The third one has been planned: its balances are the ledger's already.
  assert.deepEqual(owedTo(running, 2), [1n, 1_000n, 0n, 1_000n, 1_000_000n]);
  assert.deepEqual(owedTo(running, 4), [1n, 0n, 0n, 1_000n, 1_000_000n]);
  held.resolve();
  await finish(running);
  assert.deepEqual(owedTo(running, 2), [3n, 994n, 600n, 1_005n, 1_000_000n]);
  assert.deepEqual(owedTo(running, 4), [3n, 5n, 0n, 1_005n, 1_000_000n]);
  assert.deepEqual(owedTo(running, 2 ** 24 - 1), [3n, 0n, 0n, 1_005n, 1_000_000n]);
  const resumed = await start(new PartMaker(), 5);
  await polled(async () => resumed.prover.accountProof(2) !== undefined);
  assert.deepEqual(owedTo(resumed, 2), owedTo(running, 2));
  assert.deepEqual(owedTo(resumed, 3), owedTo(running, 3));
  await resumed.stop();
});

test('what was proved before a kill is not proved again, and what is damaged is', async () => {
  const first = new PartMaker();
  const reached = Promise.withResolvers<void>();
  first.instead = async ({ place }) => {
    if (place.epoch === 0) return new Promise(() => undefined);
    if (place.epoch === 3) reached.resolve();
    return undefined;
  };
  const killed = await start(first);
  await reached.promise;
  const parts = inStore('stark', 'parts');
  await polled(async () => (await readdir(parts)).length === 3);
  await killed.stop();
  assert.deepEqual(await readdir(inStore('stark', 'epochs')), []);
  const damaged = (await readdir(parts)).find((name) => name.includes('-p6+2-')) ?? '';
  const proof = await readFile(join(parts, damaged));
  proof[5_000] = (proof[5_000] ?? 0) ^ 1;
  await writeFile(join(parts, damaged), proof);

  const second = new PartMaker();
  await finish(await start(second));
  assert.deepEqual(second.made.sort(), ['0-p0+2', '2-p6+2']);
  assert.equal(await accepted(), 4);
});

test('who starts again cuts an epoch as its proved parts are', async () => {
  const first = new PartMaker();
  first.instead = async ({ place: { part } }) =>
    part === 'p6+2' || part === 'p8+1' ? new Promise(() => undefined) : undefined;
  const killed = await start(first);
  const parts = inStore('stark', 'parts');
  const names = () => readdir(parts).catch(() => []);
  await polled(async () => (await names()).some((name) => name.includes('-p2+4-')));
  await killed.stop();
  // Of a cut that was given up: it is of no use, and in nobody's way.
  const [name = ''] = (await names()).filter((one) => one.includes('-p2+4-'));
  const other = name.replace('-p2+4-', '-p3+2-');
  await writeFile(join(parts, other), 'no proof');
  const second = new PartMaker();
  const { routing, lines } = newRouting();
  await finish(await start(second, 4, streamOf(), 6, routing));
  assert.deepEqual(second.made.sort(), ['2-p6+2', '3-p8+1']);
  assert.deepEqual(await readdir(parts), []);
  assert(lines.some((line) => /proofs chosen.*epoch.*2.*reason.*kept/.test(line)));
  assert.equal(await accepted(), 4);
});

test('parts before one with a proof come to its beginning, whatever their fees take', async () => {
  const stream = new MemoryStream();
  const script = new DiffScript(7).create(0, 10_000);
  const sold = [trade(2, 3, 100n, 2n), fee(3, 2n)];
  stream.append(
    `diff.0.${MARKET}`,
    script.move(depositBase(2, 1_000n), depositQuote(3, 1_000_000n)).closeEpoch(),
  );
  const deposits = [2, 3, 4, 5].map((account) => depositBase(account, 5n));
  stream.append(`diff.0.${MARKET}`, script.move(...sold, ...sold, ...deposits).closeEpoch());
  const first = new PartMaker();
  first.instead = async ({ place: { part } }) =>
    part === 'p2+2' || part === 'p4+3' ? new Promise(() => undefined) : undefined;
  // The others have no turn as long as both are under way.
  Object.assign(first, { concurrency: 3 });
  const killed = await start(first, 2, stream, 3);
  const names = () => readdir(inStore('stark', 'parts')).catch(() => []);
  await polled(async () => (await names()).some((name) => name.includes('-p7+3-')));
  await killed.stop();
  const second = new PartMaker();
  await finish(await start(second, 2, stream, 3, newRouting().routing));
  assert.deepEqual(second.made.sort(), ['1-p2+2', '1-p4+3']);
  assert.equal(await accepted(), 2);
});

test('what parts took is known to the router, and the status has its choice', async () => {
  const { routing, book } = newRouting();
  const [maker, inner] = [new PartMaker(), new PartMaker()];
  maker.instead = async (job) => ({ ...(await inner.make(job)), cpuMs: 50 });
  const running = await start(maker, 4, streamOf(), PART_RECORDS, routing);
  await finish(running);
  const cost = book.cost(partKind(1, 5, DEFAULT_PARAMETERS.logBlowup), 'leaf');
  assert.equal(cost?.samples, 4);
  assert(cost.cpuMs === 50 && cost.proofBytes > 100_000 && cost.verifyMs > 0);
  const { choice, chain } = running.prover.progress.status();
  assert.deepEqual([chain, choice?.epoch, choice?.proofs], ['stark', 3, '1 stark-4/4096+256']);
});

test('a prover goes on from its store, and holds the store against its stream', async () => {
  await finish(await start(new PartMaker(), 3));
  const maker = new PartMaker();
  const asked = mock.method(commits, 'commit');
  const resumed = await start(maker, 4, streamOf(), 1);
  await finish(resumed);
  const ofAccounts = asked.mock.calls.filter(({ arguments: [task] }) => task.records === undefined);
  assert.equal(ofAccounts.length, 1, 'the balances of the store are committed to once');
  asked.mock.restore();
  assert.deepEqual(maker.made, ['3-p8+1']);
  assert.deepEqual(
    resumed.proved.map(({ epoch }) => epoch),
    [3],
  );
  assert.equal(await accepted(), 4);
  const other = await start(new PartMaker(), 5, streamOf(999n));
  await assert.rejects(other.ended, { code: 'STORE_CONFLICT', message: /not the one of its str/ });
  await other.stop();
  const epoch = inStore('stark', 'epochs', '00000002.fbe');
  const bytes = await readFile(epoch);
  await writeFile(epoch, bytes.subarray(1));
  const damaged = await start(new PartMaker(), 5);
  await assert.rejects(damaged.ended, { code: 'STORE_CORRUPT', message: /00000002\.fbe: / });
  await damaged.stop();
});

test('where another prover publishes the data, no epoch is kept without them', async () => {
  const running = await startProver(
    { dir, market: MARKET, reader: streamOf(), maker: new PartMaker() },
    (common) =>
      new StarkMarketProver({
        ...{ ...common, onPublished: undefined, commits, maxEpochs: 4 },
        ...{ parameters: DEFAULT_PARAMETERS, partRecords: PART_RECORDS },
      }),
  );
  await finish(running);
  assert.equal(await accepted(), 4, 'though that one had ended');
});

test('proofs of parts whose epoch was kept before a kill go at the next start', async () => {
  await finish(await start(new PartMaker(), 3));
  const parts = inStore('stark', 'parts');
  await writeFile(join(parts, '2-TEST-USD-00000000-2-p2+4-00.proof'), 'proof');
  await writeFile(join(parts, '3-TEST-USD-00000000-3-p8+1-00.proof'), 'proof');
  await finish(await start(new PartMaker(), 3));
  assert.deepEqual(await readdir(parts), ['3-TEST-USD-00000000-3-p8+1-00.proof']);
});

test('a store that is restored half gets no genesis of another chain', async () => {
  await finish(await start(new PartMaker(), 3));
  const path = inStore('stark', 'genesis.fbg');
  const genesis = await readFile(path);
  await rm(path);
  const half = await start(new PartMaker());
  const missing = /genesis\.fbg is not there, but epochs are/;
  await assert.rejects(half.ended, { code: 'STORE_CORRUPT', message: missing });
  await half.stop();
  await writeFile(path, genesis, { flag: 'wx' });
  await finish(await start(new PartMaker()));
  assert.equal(await accepted(), 4);
});

test('a part that is not made or does not verify is set aside, and all else goes on', async () => {
  const maker = new PartMaker();
  let isPoisoned = true;
  let proofOfOther = new Uint8Array();
  maker.instead = async ({ place }) => {
    if (!isPoisoned) return undefined;
    if (place.part === 'p2+4') throw new Error('the thread ran out of memory');
    if (place.part !== 'p8+1') return undefined;
    return { proof: proofOfOther, publicSignals: [], proveMs: 1 };
  };
  const made = await new PartMaker().make(await samplePartJob());
  proofOfOther = Uint8Array.from(made.proof);
  const running = await start(maker);
  try {
    await running.logged(/set aside.*part=p2\+4.*ran out of memory/);
    await running.logged(/set aside.*part=p8\+1.*PROOF_REFUSED: .*ROOT/);
    const status = () => running.prover.progress.status();
    await polled(async () => status().epochsProved === 2 && status().setAside.length === 2);
    const parts = status().setAside.map(({ part }) => part);
    assert.deepEqual(parts, ['p2+4', 'p8+1']);
    isPoisoned = false;
    for (const name of await readdir(inStore('aside'))) await rm(inStore('aside', name));
    await running.ended;
  } finally {
    await running.stop();
  }
  assert.deepEqual(running.prover.progress.status().setAside, []);
  assert.equal(running.proved.length, 4);
});

test('a prover that lost its store waits for no proof that is set aside', async () => {
  const maker = new PartMaker();
  maker.instead = async ({ place }) => {
    if (place.epoch === 0) throw new Error('the thread ran out of memory');
    return undefined;
  };
  const stream = new MemoryStream();
  const script = new DiffScript(7).create(0, 0);
  stream.append(`diff.0.${MARKET}`, script.move(depositBase(2, 5n)).closeEpoch());
  const running = await start(maker, 4, stream);
  await running.logged(/proof set aside/);
  await rm(inStore('stark', 'prover.lock'));
  stream.append(`diff.0.${MARKET}`, script.move(depositBase(2, 5n)).closeEpoch());
  await assert.rejects(running.ended, { code: 'STORE_LOCKED' });
  await running.stop();
});

test('what verifiers would refuse is not signed', async () => {
  const stream = new MemoryStream();
  const script = new DiffScript(7).create(0, 0);
  stream.append(`diff.0.${MARKET}`, script.move(trade(2, 3, 1n, 1n)).closeEpoch());
  const running = await start(new PartMaker(), 1, stream);
  const words = /account 2 would end with base -1/;
  await assert.rejects(running.ended, { code: 'BALANCE_OUT_OF_RANGE', message: words });
  await running.stop();
  assert.equal(running.published.length, 1, 'who checks the records has them all the same');
});

// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import {
  BatchFlag,
  BatchKind,
  ChainOffset,
  EpochOffset,
  type EpochProved,
  type EpochPublished,
  EventKind,
  EventOffset,
  encodeBatch,
  RECORD_BYTES,
} from '@foldbook/protocol';
import { createLogger } from '@foldbook/runtime';
import { bytesToHex, checkAccountProof, decodeEpochFile, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import fc from 'fast-check';
import { InProcessQueue } from './in-process-queue.ts';
import { queueTurns } from './job-turns.ts';
import { MarketProver } from './market-prover.ts';
import { loadOperatorKey } from './operator-key.ts';
import type { ProofResult } from './proof-job.ts';
import type { ProverErrorCode } from './prover-error.ts';
import {
  DiffScript,
  depositBase,
  depositQuote,
  fee,
  type Movement,
  rebate,
  trade,
  withdrawBase,
  withdrawQuote,
} from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { TrapdoorMaker, trapdoorCircuits, trustedKeys } from './testing/trapdoor-circuits.ts';

const MARKET = 'TEST-USD';
const SUBJECT = `diff.0.${MARKET}`;
const folders: string[] = [];

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'foldbook-prover-'));
  folders.push(folder);
  return folder;
}

interface RunOptions {
  readonly maxEpochs: number;
  readonly market?: string;
  readonly maker?: TrapdoorMaker;
  readonly keyFile?: string;
  readonly onStart?: (prover: MarketProver) => void;
  readonly onEnd?: (prover: MarketProver) => void;
  readonly onPublished?: (published: EpochPublished) => void;
}

/** Runs a prover of the whole stream until so many epochs are in the store. */
async function run(dir: string, stream: MemoryStream, options: RunOptions): Promise<EpochProved[]> {
  const proved: EpochProved[] = [];
  const queue = new InProcessQueue(options.maker ?? new TrapdoorMaker());
  const prover = new MarketProver({
    market: options.market ?? MARKET,
    reader: stream,
    queue,
    turns: queueTurns(queue),
    circuits: trapdoorCircuits,
    operator: await loadOperatorKey(join(dir, options.keyFile ?? 'operator.key')),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'error' }),
    onPublished: (epoch) => options.onPublished?.(epoch),
    onProved: (epoch) => proved.push(epoch),
    maxEpochs: options.maxEpochs,
  });
  const stop = new AbortController();
  options.onStart?.(prover);
  try {
    await prover.run(stop.signal);
    options.onEnd?.(prover);
  } finally {
    stop.abort();
    await queue.close();
    await prover.published();
  }
  return proved;
}

function verify(dir: string): ReturnType<typeof verifyChain> {
  return verifyChain(openStoreFolder(join(dir, 'proofs'), MARKET), { level: 'data', trustedKeys });
}

/** Three epochs: deposits; nothing; 22 records of every kind. Two more deposit again. */
function threeEpochs(): readonly Uint8Array[] {
  return fiveEpochs().slice(0, 3);
}

function fiveEpochs(): readonly Uint8Array[] {
  const script = new DiffScript(7).create(-100, 300);
  const trades = Array.from({ length: 17 }, (_, index) => trade(2, 3, 100n + BigInt(index), 2n));
  return [
    script.move(depositBase(2, 1_000n), depositQuote(3, 1_000_000n)).closeEpoch(),
    script.closeEpoch(),
    script
      .setFees(0, 0)
      .move(...trades.slice(0, -1))
      .setFees(-43_104, 86_200)
      .move(...trades.slice(-1), fee(3, 20n), rebate(2, 10n), depositQuote(4_000_000, 9n))
      .move(withdrawBase(3, 4n), withdrawQuote(2, 100n))
      .closeEpoch(),
    script.move(depositBase(2, 5n)).closeEpoch(),
    script.move(depositBase(3, 6n)).closeEpoch(),
  ];
}

function streamOf(messages: readonly Uint8Array[]): MemoryStream {
  const stream = new MemoryStream();
  for (const message of messages) stream.append(SUBJECT, message);
  return stream;
}

async function refuses(work: Promise<unknown>, code: ProverErrorCode, text: RegExp): Promise<void> {
  await assert.rejects(work, (error: Error & { code?: unknown }) => {
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  });
}

test('a stream becomes a chain that verifies at level data', async () => {
  const dir = await newFolder();
  const proved = await run(dir, streamOf(threeEpochs()), { maxEpochs: 3 });
  assert.deepEqual(
    proved.map(({ epoch, recordCount, proofs }) => [epoch, recordCount, proofs]),
    [
      [0, 2, 2],
      [1, 0, 0],
      [2, 22, 4],
    ],
  );
  const result = await verify(dir);
  assert(result.ok, inspect(result));
  assert.equal(result.epochs, 3);
  assert.equal(result.level, 'data');
  assert.equal(result.headHash, proved.at(-1)?.headerHash);
  assert.equal(result.toRoot, proved.at(-1)?.rootNew);
});

test('a prover that starts again goes on after the last epoch in its store', async () => {
  const dir = await newFolder();
  const messages = threeEpochs();
  await run(dir, streamOf(messages), { maxEpochs: 2 });
  const genesis = await readFile(join(dir, 'proofs', MARKET, 'genesis.fbg'));
  const maker = new TrapdoorMaker();
  const proved = await run(dir, streamOf(messages), { maxEpochs: 3, maker });
  assert.deepEqual(
    proved.map(({ epoch }) => epoch),
    [2],
  );
  assert(maker.made.every((id) => /^TEST-USD-[0-9a-f]{8}-2-/.test(id)));
  assert.deepEqual(await readFile(join(dir, 'proofs', MARKET, 'genesis.fbg')), genesis);
  const result = await verify(dir);
  assert(result.ok, inspect(result));
  assert.deepEqual(await run(dir, streamOf(messages), { maxEpochs: 3 }), []);
});

test('an account proof is of the last epoch in the store, whoever proved it', async () => {
  const dir = await newFolder();
  const heads: string[] = [];
  const onEnd = (prover: MarketProver) => {
    const result = checkAccountProof(prover.accountProof(3) ?? new Uint8Array());
    assert(result.ok, inspect(result));
    heads.push(result.headHash);
    const { base } = result.balance;
    assert.deepEqual([result.account, base, result.owed.base], [3, 30n, 996n]);
  };
  const maker = new TrapdoorMaker();
  await run(dir, streamOf(threeEpochs()), { maxEpochs: 3, maker, onEnd });
  const whileProving = new TrapdoorMaker();
  const proofs: (string | undefined)[] = [];
  const make = whileProving.make.bind(whileProving);
  let later: MarketProver | undefined;
  whileProving.make = async (job) => {
    const result = checkAccountProof(later?.accountProof(2) ?? new Uint8Array());
    proofs.push(result.ok ? `${result.epoch}` : result.code);
    return make(job);
  };
  const onStart = (prover: MarketProver) => {
    later = prover;
    assert.equal(prover.accountProof(3), undefined);
  };
  await run(dir, streamOf(fiveEpochs()), { maxEpochs: 4, maker: whileProving, onStart });
  assert.deepEqual(new Set(proofs), new Set(['2']));
  const result = await verifyChain(openStoreFolder(join(dir, 'proofs'), MARKET), {
    ...{ trustedKeys, to: 2 },
  });
  assert(result.ok);
  assert.deepEqual(heads, [result.headHash]);
});

test('an epoch interrupted before it was kept is planned again with the same jobs', async () => {
  const dir = await newFolder();
  const messages = threeEpochs();
  await run(dir, streamOf(messages), { maxEpochs: 2 });
  const first = new TrapdoorMaker();
  await run(dir, streamOf(messages), { maxEpochs: 3, maker: first });
  const epochs = join(dir, 'proofs', MARKET, 'epochs');
  await rm(join(epochs, '00000002.fbe'));
  const second = new TrapdoorMaker();
  await run(dir, streamOf(messages), { maxEpochs: 3, maker: second });
  assert.deepEqual(second.made.toSorted(), first.made.toSorted());
  assert((await verify(dir)).ok);
});

test('a repeated stream proves nothing twice', async () => {
  const dir = await newFolder();
  const messages = threeEpochs();
  const repeated = [messages[0], messages[0], messages[1], messages[0], messages[1], messages[2]];
  const stream = streamOf(repeated.filter((message) => message !== undefined));
  const proved = await run(dir, stream, { maxEpochs: 3 });
  assert.equal(proved.length, 3);
  assert((await verify(dir)).ok);
});

test('a command that a crash cut, and a restarted market starts again, is taken once', async () => {
  const whole = await newFolder();
  const cut = await newFolder();
  const [first, second, third] = threeEpochs();
  assert(first !== undefined && second !== undefined && third !== undefined);
  // All but the last record left, and then the market was killed; the next one writes it whole.
  const records = third.subarray(RECORD_BYTES, -RECORD_BYTES);
  const header = { kind: BatchKind.DIFF, market: 7, flags: BatchFlag.PARTIAL };
  const partial = encodeBatch(header, records);
  await run(whole, streamOf([first, second, third]), { maxEpochs: 3 });
  await run(cut, streamOf([first, second, partial, third]), { maxEpochs: 3 });
  const recordsOf = (dir: string) =>
    readFile(join(dir, 'proofs', MARKET, 'epochs', '00000002.fbr'));
  assert.deepEqual(await recordsOf(cut), await recordsOf(whole));
  assert((await verify(cut)).ok);
});

test('whatever moves between accounts, the chain verifies', async () => {
  const account = fc.integer({ min: 2, max: 9 });
  const amount = fc.bigInt(1n, 1_000n);
  // Large deposits first, so that no movement that follows overdraws an account.
  const start = Array.from({ length: 8 }, (_, index) => [
    depositBase(index + 2, 1_000_000n),
    depositQuote(index + 2, 1_000_000_000n),
  ]).flat();
  const movement: fc.Arbitrary<Movement> = fc.oneof(
    fc
      .tuple(account, account, amount, amount)
      .map(([a, b, price, base]) => trade(a, b, price, base)),
    fc.tuple(account, amount).map(([payer, base]) => withdrawBase(payer, base)),
    fc.tuple(account, amount).map(([payer, quote]) => depositQuote(payer, quote)),
  );
  const epochs = fc.array(fc.array(movement, { maxLength: 20 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(epochs, async (movements) => {
      const dir = await newFolder();
      const script = new DiffScript(1).create(0, 0).move(...start);
      const messages = movements.map((epoch) => script.move(...epoch).closeEpoch());
      await run(dir, streamOf(messages), { maxEpochs: messages.length });
      const result = await verify(dir);
      assert(result.ok, inspect(result));
    }),
    { numRuns: 4 },
  );
});

test('a gap in the stream ends this market, and nothing is proved across it', async () => {
  const dir = await newFolder();
  const messages = threeEpochs();
  const stream = streamOf(messages.filter((_, index) => index !== 1));
  await refuses(run(dir, stream, { maxEpochs: 3 }), 'DIFF_GAP', /epoch 2 is marked/);
  assert.deepEqual((await readdir(join(dir, 'proofs', MARKET, 'epochs'))).toSorted(), [
    '00000000.fbd',
    '00000000.fbe',
    '00000000.fbr',
  ]);
});

test('bytes that are no diff batch, impossible records and overdrafts are refused', async () => {
  const garbage = streamOf([new Uint8Array(64)]);
  const noBatch = run(await newFolder(), garbage, { maxEpochs: 1 });
  await refuses(noBatch, 'DIFF_MALFORMED', /stream record 1, byte 0/);

  const created = () => new DiffScript(7).create(0, 0);
  const mint = created()
    .move({ ...trade(2, 3, 5n, 5n), a: 0 })
    .closeEpoch();
  const minting = run(await newFolder(), streamOf([mint]), { maxEpochs: 1 });
  await refuses(minting, 'RECORD_INVALID', /record 0 of epoch 0.*a = 0/);

  const overdraft = created().move(withdrawBase(2, 1n)).closeEpoch();
  const overdrawing = run(await newFolder(), streamOf([overdraft]), { maxEpochs: 1 });
  await refuses(overdrawing, 'BALANCE_OUT_OF_RANGE', /account 0 would end with base -1/);
});

test('a store of another stream, operator or market is not continued', async () => {
  const dir = await newFolder();
  await run(dir, streamOf(threeEpochs()), { maxEpochs: 1 });
  const other = new DiffScript(7).create(-100, 300).move(depositBase(2, 1_001n));
  const sameShape = other.move(depositQuote(3, 1_000_000n)).closeEpoch();
  const otherStream = run(dir, streamOf([sameShape]), { maxEpochs: 2 });
  await refuses(otherStream, 'STORE_CONFLICT', /not the one of its stream/);

  const otherFees = new DiffScript(7).create(-100, 301).move(depositBase(2, 1_000n));
  const fees = run(dir, streamOf([otherFees.closeEpoch()]), { maxEpochs: 2 });
  await refuses(fees, 'STORE_CONFLICT', /other fees/);

  const otherKey = run(dir, streamOf(threeEpochs()), { maxEpochs: 3, keyFile: 'other.key' });
  await refuses(otherKey, 'STORE_CONFLICT', /another operator key/);
});

/** Three epochs of a deposit each; `change` bends what the second one's message says. */
function bentStream(change: (view: DataView, at: number, kind: number) => void): MemoryStream {
  const script = new DiffScript(7).create(0, 0);
  const messages = [1, 2, 3].map(() => script.move(depositBase(2, 1n)).closeEpoch());
  const second = messages[1] ?? new Uint8Array();
  const view = new DataView(second.buffer, second.byteOffset, second.length);
  for (let at = second.length % RECORD_BYTES; at < second.length; at += RECORD_BYTES) {
    change(view, at, view.getUint8(at + EventOffset.KIND));
  }
  return streamOf(messages);
}

test('what verifiers would refuse is not signed, by whichever start of the prover', async () => {
  const head = (offset: number, value: bigint) => (view: DataView, at: number, kind: number) => {
    if (kind === EventKind.CHAIN_HEAD) view.setBigUint64(at + offset, value, true);
  };
  const early = (view: DataView, at: number, kind: number) => {
    if (kind === EventKind.EPOCH_MARK) view.setBigInt64(at + EpochOffset.TIME_NS, -5n, true);
  };
  for (const [change, words] of [
    [early, /epoch 1: verifiers would refuse it: header: TIME_ORDER/],
    [head(ChainOffset.LOG_FIRST, 1n), /epoch 1: .*header: LOG_CHAIN.*rebuild it from/],
    [head(ChainOffset.LOG_FIRST, 9n), /epoch 1: .*header: HEADER_RANGE/],
  ] as const) {
    const dir = await newFolder();
    for (const jobs of [2, 0]) {
      const maker = new TrapdoorMaker();
      const bent = run(dir, bentStream(change), { maxEpochs: 3, maker });
      await refuses(bent, 'EPOCH_REFUSED', words);
      assert.equal(maker.made.length, jobs, 'those of the epoch before, at the first start');
      const result = await verify(dir);
      assert(result.ok && result.epochs === 1, inspect(result));
    }
    await run(
      dir,
      bentStream(() => undefined),
      { maxEpochs: 3 },
    );
    const mended = await verify(dir);
    assert(mended.ok && mended.epochs === 3, 'a mended stream goes on with the same chain');
  }
});

test("a folder under another market's name is not continued", async () => {
  const dir = await newFolder();
  const store = join(dir, 'proofs');
  await run(dir, streamOf(threeEpochs()), { maxEpochs: 1 });
  await rename(join(store, MARKET), join(store, 'OTHER'));
  const stream = new MemoryStream();
  for (const message of threeEpochs()) stream.append('diff.0.OTHER', message);
  const renamed = run(dir, stream, { maxEpochs: 2, market: 'OTHER' });
  await refuses(renamed, 'STORE_CONFLICT', /its genesis is of market TEST-USD; give the folder/);
});

test('data are published on when proving has ended', async () => {
  const dir = await newFolder();
  const queue = new InProcessQueue({
    concurrency: 1,
    refuses: () => undefined,
    make: () => Promise.reject(new Error('unreachable: it is asked for through the queue')),
  });
  queue.prove = () => Promise.reject(new Error('no worker can make this proof'));
  const messages = fiveEpochs();
  const stream = streamOf(messages.slice(0, 2));
  const all = Promise.withResolvers<void>();
  const published: number[] = [];
  const prover = new MarketProver({
    ...{ market: MARKET, reader: stream, queue, turns: queueTurns(queue) },
    circuits: trapdoorCircuits,
    operator: await loadOperatorKey(join(dir, 'operator.key')),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'error' }),
    onPublished: ({ epoch }) => {
      if (published.push(epoch) === messages.length) all.resolve();
    },
    onProved: () => undefined,
  });
  const stop = new AbortController();
  await assert.rejects(prover.run(stop.signal), /no worker can make this proof/);
  for (const message of messages.slice(2)) stream.append(SUBJECT, message);
  await all.promise;
  assert.deepEqual(published, [0, 1, 2, 3, 4]);
  stop.abort();
  await prover.published();
  prover.close();
  await queue.close();
});

test('a damaged epoch in the store is found at the start', async () => {
  const dir = await newFolder();
  await run(dir, streamOf(threeEpochs()), { maxEpochs: 3 });
  const path = join(dir, 'proofs', MARKET, 'epochs', '00000001.fbe');
  const bytes = await readFile(path);
  bytes[8 + 240] = (bytes[8 + 240] ?? 0) ^ 1;
  await writeFile(path, bytes);
  const damaged = run(dir, streamOf(threeEpochs()), { maxEpochs: 4 });
  await refuses(damaged, 'STORE_CORRUPT', /00000001\.fbe: header: HEADER_SIGNATURE/);
  await rm(path);
  const missing = run(dir, streamOf(threeEpochs()), { maxEpochs: 4 });
  await refuses(missing, 'STORE_CORRUPT', /EPOCH_MISSING: 00000001\.fbe is missing/);
});

/** A store of three epochs in which one byte of a file is changed, counted from its end if < 0. */
async function damagedStore(file: string, place: number): Promise<{ dir: string; path: string }> {
  const dir = await newFolder();
  await run(dir, streamOf(threeEpochs()), { maxEpochs: 3 });
  const path = join(dir, 'proofs', MARKET, file);
  const bytes = await readFile(path);
  const index = place < 0 ? bytes.length + place : place;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  await writeFile(path, bytes);
  return { dir, path };
}

test('nothing is proved on top of an epoch that verifiers refuse', async () => {
  const prefix = 8 + 384 + 64 + 4 + 56 + 4;
  for (const [file, place, words] of [
    ['epochs/00000000.fbe', prefix + 8 + 31, /00000000\.fbe: digest list: DIGEST_LIST/],
    ['epochs/00000000.fbe', prefix + 4, /00000000\.fbe: batches: BATCH_TILING/],
    ['epochs/00000000.fbe', prefix + 8 + 63, /00000000\.fbe: accumulators: ACCUMULATOR_MISM/],
    ['epochs/00000002.fbe', -1, /00000002\.fbe: account proof 1: .*restore it from a copy/],
  ] as const) {
    const { dir } = await damagedStore(file, place);
    const maker = new TrapdoorMaker();
    await refuses(
      run(dir, streamOf(threeEpochs()), { maxEpochs: 4, maker }),
      'STORE_CORRUPT',
      words,
    );
    assert.deepEqual(maker.made, []);
  }
});

test('records and keys that are damaged or gone are written again from what is known', async () => {
  const { dir, path } = await damagedStore('epochs/00000000.fbr', 20);
  assert(!(await verify(dir)).ok);
  const keys = join(dir, 'proofs', MARKET, 'keys');
  for (const name of await readdir(keys)) await rm(join(keys, name));
  await run(dir, streamOf(fiveEpochs()), { maxEpochs: 4 });
  assert((await verify(dir)).ok);
  await rm(path);
  await run(dir, streamOf(fiveEpochs()), { maxEpochs: 5 });
  const result = await verify(dir);
  assert(result.ok, inspect(result));
  assert.equal(result.epochs, 5);
});

test('data are published before their epoch is proved, however many are to be proved', async () => {
  const dir = await newFolder();
  const published: EpochPublished[] = [];
  const all = Promise.withResolvers<void>();
  class WaitingMaker extends TrapdoorMaker {
    override async make(job: Parameters<TrapdoorMaker['make']>[0]): Promise<ProofResult> {
      // No proof before the data of all epochs are there.
      await all.promise;
      return super.make(job);
    }
  }
  const onPublished = (epoch: EpochPublished) => {
    if (published.push(epoch) === 5) all.resolve();
  };
  const options = { maxEpochs: 1, maker: new WaitingMaker(), onPublished };
  await run(dir, streamOf(fiveEpochs()), options);
  assert.deepEqual(
    published.map(({ epoch, recordFirst, recordCount, accounts }) => {
      return [epoch, recordFirst, recordCount, accounts];
    }),
    [
      [0, 0, 2, 3],
      [1, 2, 0, 0],
      [2, 2, 22, 5],
      [3, 24, 1, 2],
      [4, 25, 1, 2],
    ],
  );
  const source = openStoreFolder(join(dir, 'proofs'), MARKET);
  for (const { recordsPath, recordsDigest, diffsPath, diffsDigest } of published) {
    for (const [path, digest] of [
      [recordsPath, recordsDigest],
      [diffsPath, diffsDigest],
    ] as const) {
      assert.equal(dirname(path), `${MARKET}/epochs`);
      const bytes = (await source.epochFile(basename(path))) ?? new Uint8Array();
      assert.equal(createHash('sha256').update(bytes).digest('hex'), digest);
    }
  }
  const result = await verify(dir);
  assert(result.ok && result.epochs === 1 && result.level === 'data');
  const again: EpochPublished[] = [];
  await run(dir, streamOf(fiveEpochs()), {
    maxEpochs: 5,
    onPublished: (epoch) => again.push(epoch),
  });
  assert.deepEqual(again, [], 'what is there is not published again');
  assert((await verify(dir)).ok);
});

test('data that are damaged are written again before their epoch is proved', async () => {
  const dir = await newFolder();
  await run(dir, streamOf(fiveEpochs()), { maxEpochs: 1 });
  await writeFile(join(dir, 'proofs', MARKET, 'epochs', '00000001.fbr'), 'nothing');
  await run(dir, streamOf(fiveEpochs()), { maxEpochs: 3 });
  const result = await verify(dir);
  assert(result.ok && result.level === 'data', inspect(result));
});

test("a header names its epoch's records file, without the frame around it", async () => {
  const dir = await newFolder();
  const digests: string[] = [];
  const onPublished = ({ recordsDigest }: EpochPublished) => digests.push(recordsDigest);
  await run(dir, streamOf(threeEpochs()), { maxEpochs: 3, onPublished });
  const source = openStoreFolder(join(dir, 'proofs'), MARKET);
  for (const [epoch, digest] of digests.entries()) {
    const file = (await source.epochFile(`0000000${epoch}.fbe`)) ?? new Uint8Array();
    const decoded = decodeEpochFile(file);
    assert(decoded.ok);
    assert.equal(bytesToHex(decoded.value.header.dataDigest), digest);
  }
  assert.equal(digests.length, 3);
});

test('net changes that are gone are written again', async () => {
  const dir = await newFolder();
  await run(dir, streamOf(fiveEpochs()), { maxEpochs: 2 });
  const epochs = join(dir, 'proofs', MARKET, 'epochs');
  await rm(join(epochs, '00000000.fbd'));
  await run(dir, streamOf(fiveEpochs()), { maxEpochs: 3 });
  assert((await readdir(epochs)).includes('00000000.fbd'));
  const result = await verify(dir);
  assert(result.ok && result.level === 'data', inspect(result));
});

test('records of another stream are not put in the place of those that were proved', async () => {
  const { dir, path } = await damagedStore('epochs/00000000.fbr', 20);
  const damaged = await readFile(path);
  const script = new DiffScript(7).create(-100, 300);
  const other = script.move(depositQuote(3, 1_000_000n), depositBase(2, 1_000n)).closeEpoch();
  const swapped = run(dir, streamOf([other, ...threeEpochs().slice(1)]), { maxEpochs: 4 });
  await refuses(swapped, 'STORE_CONFLICT', /epoch 0 in its store is not the one of its stream/);
  assert.deepEqual(await readFile(path), damaged);
  assert(!(await verify(dir)).ok, 'the damaged file is left as it is');
});

test('a proof that does not verify is asked for once more', async () => {
  class LyingMaker extends TrapdoorMaker {
    readonly lies: number;

    constructor(lies: number) {
      super();
      this.lies = lies;
    }

    override async make(job: Parameters<TrapdoorMaker['make']>[0]): Promise<ProofResult> {
      const lie = this.made.length < this.lies;
      const made = await super.make(job);
      if (!lie) return made;
      const other = await new TrapdoorMaker().make({
        ...job,
        publicSignals: job.publicSignals.map(() => '1'),
      });
      return { ...made, proof: other.proof };
    }
  }
  const once = new LyingMaker(1);
  const dir = await newFolder();
  await run(dir, streamOf(threeEpochs()), { maxEpochs: 1, maker: once });
  assert.equal(once.made.length, 3);
  assert.match(
    once.made.find((id) => id.endsWith('-again')) ?? '',
    /^TEST-USD-[0-9a-f]{8}-0-b0\+2-/,
  );
  assert((await verify(dir)).ok);
});

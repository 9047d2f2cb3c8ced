// SPDX-License-Identifier: GPL-3.0-or-later
/** Data of epochs where nothing can be proved, because a start fails before it comes to that. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createLogger } from '@foldbook/runtime';
import { InProcessQueue } from './in-process-queue.ts';
import { queueTurns } from './job-turns.ts';
import { MarketProver } from './market-prover.ts';
import { loadOperatorKey } from './operator-key.ts';
import { DiffScript, depositBase } from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { TrapdoorMaker, trapdoorCircuits } from './testing/trapdoor-circuits.ts';

const MARKET = 'TEST-USD';
const EPOCHS = 5;
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-data-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const epochFile = (name: string) => join(dir, 'proofs', MARKET, 'epochs', name);

function newStream(epochs: number, amount = 5n, takerFee = 300): MemoryStream {
  const stream = new MemoryStream();
  const script = new DiffScript(7).create(-100, takerFee);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    stream.append(`diff.0.${MARKET}`, script.move(depositBase(2, amount)).closeEpoch());
  }
  return stream;
}

async function newProver(stream: MemoryStream, keyName: string) {
  const published: number[] = [];
  const waiting = new Set<() => void>();
  const lines: string[] = [];
  const told = (): void => {
    for (const look of waiting) look();
  };
  const write = (line: string): void => {
    lines.push(line);
    told();
  };
  const queue = new InProcessQueue(new TrapdoorMaker());
  const prover = new MarketProver({
    ...{ market: MARKET, reader: stream, queue, circuits: trapdoorCircuits },
    turns: queueTurns(queue),
    operator: await loadOperatorKey(join(dir, `${keyName}.key`)),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'error', write }),
    onPublished: ({ epoch }) => {
      published.push(epoch);
      told();
    },
    onProved: () => undefined,
    maxEpochs: keyName === 'first' ? 2 : undefined,
  });
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (holds()) resolve();
      };
      waiting.add(look);
      look();
    });
  const ending = new AbortController();
  const end = async (): Promise<void> => {
    ending.abort();
    await queue.close();
    await prover.published();
    prover.close();
  };
  return { published, lines, until, end, run: () => prover.run(ending.signal) };
}

beforeEach(async () => {
  const first = await newProver(newStream(2), 'first');
  await first.run();
  await first.end();
});

test('data are published where another key, or a damaged epoch, stops the proofs', async () => {
  const other = await newProver(newStream(EPOCHS), 'other');
  await assert.rejects(other.run(), { code: 'STORE_CONFLICT', message: /another operator key/ });
  await other.until(() => other.published.length === 3);
  assert.deepEqual(other.published, [2, 3, 4]);
  const beside = await newProver(newStream(EPOCHS), 'first');
  await assert.rejects(
    beside.run(),
    { code: 'STORE_LOCKED' },
    'it writes, so the store is its own',
  );
  await other.end();
  await rm(epochFile('00000004.fbr'));
  const cut = (await readFile(epochFile('00000001.fbe'))).subarray(0, -1);
  await writeFile(epochFile('00000001.fbe'), cut);
  const corrupt = await newProver(newStream(EPOCHS), 'first');
  await assert.rejects(corrupt.run(), { code: 'STORE_CORRUPT' });
  await corrupt.until(() => corrupt.published.length === 1);
  await corrupt.end();
  assert.deepEqual(corrupt.published, [4]);
});

test("a stream that is not the store's leaves the store's data alone", async () => {
  const before = await readFile(epochFile('00000000.fbr'));
  for (const stream of [newStream(EPOCHS, 6n), newStream(EPOCHS, 5n, 301)]) {
    const other = await newProver(stream, 'other');
    await assert.rejects(other.run(), { code: 'STORE_CONFLICT' });
    await other.until(() => other.lines.some((line) => /is not that of the store/.test(line)));
    await other.end();
    assert.deepEqual(other.published, []);
  }
  assert.deepEqual(await readFile(epochFile('00000000.fbr')), before);
  assert.equal((await readdir(epochFile(''))).length, 6);
});

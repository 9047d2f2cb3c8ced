// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createLogger } from '@foldbook/runtime';
import { COST_FILE, CostFile } from './cost-file.ts';
import { CostBook } from './router/cost-book.ts';
import { partKind } from './router/part-kind.ts';
import type { RoutedKind } from './router/proof-backend.ts';
import { measuredWorld } from './router/simulation-world.ts';
import { polled } from './testing/prover-process.ts';

const { kinds } = measuredWorld(2);
const batch15 = (folds: boolean): RoutedKind => {
  const kind = kinds.find((one) => one.circuit === 'batch-15' && one.folds === folds);
  assert(kind !== undefined);
  return kind;
};
const [groth16, folding] = [batch15(false), batch15(true)];

let dir = '';
let lines: string[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-costs-'));
  lines = [];
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const pathOf = () => join(dir, 'proofs', COST_FILE);

async function open(everyMs?: number): Promise<{ book: CostBook; file: CostFile }> {
  const book = new CostBook();
  const write = (line: string) => void lines.push(line);
  const logger = createLogger({ service: 'test', level: 'info', write });
  const every = everyMs === undefined ? {} : { everyMs };
  return { book, file: await CostFile.open({ path: pathOf(), book, logger, ...every }) };
}

function measure(book: CostBook, cpuMs: number): void {
  const took = { workers: 2, cpuMs, wallMs: 1.5 * cpuMs, proofBytes: 128, verifyMs: 3 };
  book.add({ kind: groth16, stage: 'leaf', ...took, rssBytes: 3e8 });
  book.add({ kind: folding, stage: 'closing', ...took });
}

/** What a book says of every kind, measured or guessed. */
const sayings = (book: CostBook) =>
  kinds.map((kind) => [book.cost(kind, 'leaf'), book.cost(kind, 'closing')]);

/** The file as it was, with what a test changes in it. */
async function written(): Promise<{ steps: { key: string; cpuMs: { mean: number } }[] }> {
  return JSON.parse(await readFile(pathOf(), 'utf8'));
}

test('what a lying worker may say does not cost the averages of the others', async () => {
  const { book, file } = await open();
  const most = { workers: 1, cpuMs: 1, wallMs: 3_600_000, rssBytes: 2 ** 36 };
  book.add({ kind: groth16, stage: 'leaf', ...most });
  await file.close();
  const next = await open();
  assert.deepEqual(next.book.figures, book.figures, lines.join());
  await next.file.close();
});

test('a book goes on with the averages that the one before left', async () => {
  const first = await open();
  for (const cpuMs of [900, 1_100, 1_300]) measure(first.book, cpuMs);
  await first.file.close();
  const second = await open();
  assert.deepEqual(sayings(second.book), sayings(first.book));
  assert.equal(second.book.cost(groth16, 'leaf')?.samples, 3);
  assert.equal(second.book.stretch(2), first.book.stretch(2));
  // Also from then on: nothing of an average is lost.
  for (const { book } of [first, second]) measure(book, 700);
  assert.deepEqual(sayings(second.book), sayings(first.book));
  await second.file.close();
  assert.deepEqual(await readdir(join(dir, 'proofs')), [COST_FILE]);
  assert.equal((await open()).book.cost(groth16, 'leaf')?.samples, 4);
});

test('it is written while the prover runs, and only when something was measured', async () => {
  const { book, file } = await open(1);
  await assert.rejects(readFile(pathOf()), { code: 'ENOENT' });
  measure(book, 1_000);
  await polled(async () => (await readFile(pathOf()).catch(() => '')).length > 0);
  await rm(pathOf());
  await file.close();
  await assert.rejects(readFile(pathOf()), { code: 'ENOENT' });
});

test('a file that is damaged, of another version or out of range is ignored', async () => {
  const first = await open();
  measure(first.book, 1_000);
  await first.file.close();
  const whole = await written();
  const [step, ...others] = whole.steps;
  const withMean = (mean: number | null) => ({
    ...whole,
    steps: [{ ...step, cpuMs: { ...step?.cpuMs, mean } }, ...others],
  });
  for (const bad of [
    '',
    JSON.stringify(whole).slice(0, -1),
    JSON.stringify([]),
    JSON.stringify({ ...whole, version: 0 }),
    JSON.stringify({ ...whole, version: 1 }),
    JSON.stringify({ ...whole, more: 1 }),
    JSON.stringify(withMean(-1)),
    JSON.stringify(withMean(1e9)),
    JSON.stringify(withMean(null)),
    ' '.repeat(2 ** 20 + 1),
  ]) {
    await writeFile(pathOf(), bad);
    lines = [];
    const { book, file } = await open();
    assert.equal(book.cost(groth16, 'leaf'), undefined, bad.slice(0, 80));
    assert.equal(lines.filter((line) => /costs of proofs ignored/.test(line)).length, 1);
    measure(book, 500);
    await file.close();
    assert.equal((await open()).book.cost(groth16, 'leaf')?.cpuMs, 500);
  }
});

test('figures of another key are dropped, those of other circuits stay', async () => {
  const first = await open();
  measure(first.book, 1_000);
  await first.file.close();
  const whole = await written();
  const [step, ...others] = whole.steps;
  const changed = { ...whole, steps: [{ ...step, key: '00'.repeat(32) }, ...others] };
  await writeFile(pathOf(), JSON.stringify(changed));
  const { book } = await open();
  assert.equal(book.cost(groth16, 'leaf'), undefined);
  assert.equal(book.cost(folding, 'closing')?.cpuMs, 1_000);
});

test('parts are known again by their heights, and not for other constraints', async () => {
  const [large, small] = [partKind(40_000, 3_000, 2), partKind(1, 2, 3)];
  const first = await open();
  for (const cpuMs of [500, 520]) {
    const took = { workers: 1, cpuMs, wallMs: cpuMs, rssBytes: 5e8, verifyMs: 30 };
    first.book.add({ kind: large, stage: 'leaf', ...took, proofBytes: 410_000 });
    first.book.add({ kind: small, stage: 'leaf', ...took, proofBytes: 300_000 });
  }
  await first.file.close();
  const second = await open();
  for (const kind of [large, small, partKind(70_000, 3_000, 2)]) {
    assert.deepEqual(second.book.cost(kind, 'leaf'), first.book.cost(kind, 'leaf'));
  }
  assert.equal(second.book.cost(partKind(65_536, 4_096, 2), 'leaf')?.samples, 2);
  const whole = JSON.parse(await readFile(pathOf(), 'utf8'));
  const parts = whole.parts.map((part: object) => ({ ...part, air: '00'.repeat(32) }));
  await writeFile(pathOf(), JSON.stringify({ ...whole, parts }));
  assert.equal((await open()).book.cost(large, 'leaf'), undefined);
  for (const bad of [{ records: 2 ** 18 }, { accounts: 2 ** 23 }, { logBlowup: 0.5 }]) {
    const out = whole.parts.map((part: object) => ({ ...part, ...bad }));
    await writeFile(pathOf(), JSON.stringify({ ...whole, parts: out }));
    lines = [];
    await open();
    assert(lines.some((line) => /costs of proofs ignored/.test(line)));
  }
});

test('a folder that takes no file is told of once', async () => {
  await writeFile(join(dir, 'proofs'), '');
  const { book, file } = await open(1);
  measure(book, 1_000);
  await polled(async () => lines.some((line) => /not written/.test(line)));
  measure(book, 1_000);
  await file.close();
  assert.equal(lines.filter((line) => /not written/.test(line)).length, 1);
});

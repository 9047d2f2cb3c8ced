import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { thisOwner } from '@foldbook/runtime';
import { foldbook } from '../testing/foldbook.ts';
import { statusFileOf } from './status-files.ts';

let data = '';

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'foldbook-status-'));
});

afterEach(async () => {
  await rm(data, { recursive: true, force: true });
});

/** As of a process that runs: this one. */
async function tell(name: 'prover' | 'prover-supervisor', atMs: number, facts: object) {
  const path = statusFileOf(data, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify({ owner: thisOwner(name, atMs), atMs, ...facts }));
}

const prover = { workers: 0, rssBytes: 1e8, refusal: null, markets: [] };
const supervisor = {
  ...{ min: 0, max: 2, workers: [], wanted: 0, reason: 'nothing to do', backlog: 0 },
  ...{ rssBytes: 0, started: 0, ended: 0, failed: 0, refusal: null },
};

test('what was told lately is shown with its age', async () => {
  // A clock that was set back makes no age below 0, and a slow start of the command none above 5.
  await tell('prover', Date.now() + 60_000, prover);
  await tell('prover-supervisor', Date.now() + 60_000, supervisor);
  const { status, stdout, stderr } = await foldbook('prover', 'status', '--data', data);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /prover \(process \d+, told 0 s ago\)/);
  assert.match(stdout, /workers \(supervisor \d+, told 0 s ago\), 0 to 2/);
});

test('a process that lives and tells nothing any more is trouble', async () => {
  await tell('prover', Date.now() - 3_600_000, prover);
  const { status, stdout } = await foldbook('prover', 'status', '--data', data);
  assert.equal(status, 1);
  assert.match(stdout, /prover \(process \d+, TOLD 3,6\d\d s AGO\)/);
});

test('workers that leave jobs to others are trouble, with the reason', async () => {
  const refusal = 'circuit batch-240 is not built';
  await tell('prover-supervisor', Date.now() + 60_000, { ...supervisor, refusal });
  const words = await foldbook('prover', 'status', '--data', data);
  assert.equal(words.status, 1);
  assert.match(words.stdout, /leaves jobs to others: circuit batch-240 is not built/);
  const json = await foldbook('prover', 'status', '--data', data, '--json');
  assert.equal(JSON.parse(json.stdout).supervisor.refusal, refusal);
});

test('what is not measured yet has no figure, and a choice is told in words', async () => {
  const market = {
    ...{ market: 'BTC-USD', chain: 'poseidon', epochsClosed: 2, epochsProved: 1, epochsBacklog: 1 },
    ...{ recordsBacklog: 7, treePages: 1, setAside: [] },
    ...{ treeHitRate: null, msPerBatch: null, msPerAccountProof: null },
    choice: { epoch: 1, proofs: 'none', reason: 'only' },
  };
  await tell('prover', Date.now() + 60_000, { ...prover, markets: [market] });
  const { stdout } = await foldbook('prover', 'status', '--data', data);
  assert.match(stdout, /a batch - ms, an account proof - ms; account tree: - found in memory/);
  assert.match(stdout, /last choice, epoch 1: no proof needed$/m);
  const choice = { epoch: 1, proofs: '1 groth16/batch-15', reason: 'kept' };
  const known = { treeHitRate: 0.959, msPerBatch: 118, choice };
  await tell('prover', Date.now() + 60_000, { ...prover, markets: [{ ...market, ...known }] });
  const after = await foldbook('prover', 'status', '--data', data);
  assert.match(after.stdout, /a batch 118 ms, .*95\.9 % found/);
  assert.match(after.stdout, /epoch 1: 1 groth16\/batch-15 \(as an earlier run had planned\)$/m);
});

test('chains are told apart: a STARK chain has parts, and each its own backlog', async () => {
  const facts = {
    ...{ market: 'BTC-USD', epochsClosed: 9, recordsBacklog: 70_000, treePages: 0 },
    ...{ treeHitRate: null, msPerAccountProof: null, setAside: [] },
  };
  const proofs = '2 stark-4/32768+2048, 1 stark-4/8192+1024';
  const stark = {
    ...{ ...facts, chain: 'stark', epochsProved: 7, epochsBacklog: 2, msPerBatch: 480 },
    choice: { epoch: 8, proofs, reason: 'deadline' },
  };
  const poseidon = { ...facts, chain: 'poseidon', epochsProved: 2, epochsBacklog: 7 };
  const market = { ...poseidon, msPerBatch: 118, secondChain: stark };
  await tell('prover', Date.now() + 60_000, { ...prover, markets: [market] });
  const both = await foldbook('prover', 'status', '--data', data);
  assert.equal(both.status, 0, both.stderr);
  assert.match(
    both.stdout,
    /BTC-USD: 2 of 9 epochs proved; waiting: 7 epochs, .*\n {4}Poseidon chain: a batch 118/,
  );
  assert.match(both.stdout, /and beside it: 7 of 9 epochs proved; waiting: 2 epochs, 70000/);
  assert.match(both.stdout, /^ {4}STARK chain: a part 480 ms$/m);
  const choice = /epoch 8: 2 parts of 32,768 rows, 1 part of 8,192 rows \(others would be late\)$/m;
  assert.match(both.stdout, choice);
  const aside = { epoch: 7, part: 'p900+40', reason: 'PROOF_FAILED: no memory' };
  const stuck = { ...market, secondChain: { ...stark, setAside: [aside] } };
  await tell('prover', Date.now() + 60_000, { ...prover, markets: [stuck] });
  const after = await foldbook('prover', 'status', '--data', data);
  assert.equal(after.status, 1, 'also where the other chain is proved');
  assert.match(after.stdout, /set aside: epoch 7 part p900\+40: PROOF_FAILED: no memory$/m);
});

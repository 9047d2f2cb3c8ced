import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { commitmentDigest, genesisDigest } from '../statement/account-commitment.ts';
import { decodeStatement, STATEMENT_BYTES } from '../statement/part-statement.ts';
import { sampleAccounts, sampleRecords } from '../testing/sample-part.ts';
import { genesisAccounts } from '../trace/account-table.ts';
import { PartCommitter } from './part-committer.ts';
import { PartProver } from './part-prover.ts';

const kernel = new Kernel(await readKernelModule());

test('what a statement names is recomputed from the records and the balances', () => {
  for (const parameters of [2, 3].map((logBlowup) => ({
    logBlowup,
    queries: 1,
    grindingBits: 0,
  }))) {
    const place = { chainId: new Uint8Array(32), market: 7, epoch: 3n, part: 0, recordFirst: 0n };
    const input = { ...place, records: sampleRecords(), accounts: sampleAccounts() };
    const part = new PartProver(kernel, parameters).prove(input);
    assert.equal(part.statement.length, STATEMENT_BYTES);
    const statement = decodeStatement(part.statement);
    assert.ok(statement.ok);
    const committer = new PartCommitter(kernel, parameters.logBlowup);
    const { mark } = kernel.arena;
    assert.deepEqual(committer.recordRoot(input.records), statement.value.recordRoot);
    assert.deepEqual(committer.accounts(input.accounts), part.before);
    assert.deepEqual(committer.accounts(part.accounts), part.after);
    assert.equal(kernel.arena.mark, mark, 'the arena is given back');
  }
});

test("the genesis table's commitments are those that are written down", () => {
  for (const logBlowup of [2, 3]) {
    const commitment = new PartCommitter(kernel, logBlowup).accounts(genesisAccounts());
    const found = Buffer.from(commitmentDigest(commitment)).toString('hex');
    assert.equal(found, Buffer.from(genesisDigest(logBlowup)).toString('hex'));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kernel, readKernelModule } from '../kernel/kernel.ts';
import { SMALL_PROOF_PARAMETERS } from '../parameters.ts';
import { decodeStatement } from '../statement/part-statement.ts';
import { sampleAccounts, sampleRecords } from '../testing/sample-part.ts';
import { commitAccounts, commitRecords } from './commitments.ts';
import { PartProver } from './part-prover.ts';

const kernel = new Kernel(await readKernelModule());

test('who has the data names them as the proof does', () => {
  const records = sampleRecords();
  const place = { chainId: new Uint8Array(32), market: 7, epoch: 3n, part: 0, recordFirst: 0n };
  for (const parameters of [undefined, SMALL_PROOF_PARAMETERS]) {
    const prover = new PartProver(kernel, parameters);
    const proved = prover.prove({ ...place, records, accounts: sampleAccounts() });
    const statement = decodeStatement(proved.statement);
    assert(statement.ok);
    const { recordRoot, before, after } = statement.value;
    const { logBlowup } = statement.value.parameters;
    assert.deepEqual(commitRecords(kernel, records, logBlowup), recordRoot);
    assert.deepEqual(commitAccounts(kernel, sampleAccounts(), logBlowup), before);
    assert.deepEqual(commitAccounts(kernel, proved.accounts, logBlowup), after);
  }
});

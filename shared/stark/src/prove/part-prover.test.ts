import assert from 'node:assert/strict';
import { test } from 'node:test';
import { airDigest } from '../air/digest.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { StarkError } from '../kernel/stark-error.ts';
import { QUICK_PARAMETERS, refusalOf } from '../testing/both-verifiers.ts';
import { PARAMETERS, verifyReference } from '../testing/reference/verify.ts';
import { sampleAccounts, sampleRecords } from '../testing/sample-part.ts';
import type { AccountTable } from '../trace/account-table.ts';
import { verifyPart } from '../verify/verify-part.ts';
import { type PartInput, PartProver } from './part-prover.ts';
import { STAGES, type Stage } from './prove-hooks.ts';

const kernel = new Kernel(await readKernelModule());
const prover = new PartProver(kernel, QUICK_PARAMETERS);

function inputOf(part: number, accounts: AccountTable = sampleAccounts()): PartInput {
  const records = sampleRecords(part + 1);
  const place = { chainId: new Uint8Array(32).fill(9), market: 7, epoch: 3n, part };
  return { ...place, recordFirst: BigInt(part * records.length), records, accounts };
}

test('a part is proved; two verifiers that share no code accept it', () => {
  const stages: Stage[] = [];
  const onStage = (stage: Stage) => stages.push(stage);
  const { statement, proof } = new PartProver(kernel).prove(inputOf(0), { onStage });
  const verdict = verifyPart(statement, proof);
  assert.ok(verdict.ok, verdict.ok ? '' : verdict.message);
  assert.ok(verdict.securityBits >= 100);
  const known = { airDigest: airDigest(), parameters: PARAMETERS };
  assert.deepEqual(verifyReference(statement, proof, known), { ok: true });
  assert.deepEqual(new Set(stages), new Set(STAGES));
});

test('a part begins with the table that the one before it ended with', () => {
  const first = prover.prove(inputOf(0));
  const withdrawal = { kind: 7, a: 0, b: 5000, price: 0n, dBase: 0n, dQuote: 5n };
  const next = { ...inputOf(1), records: [withdrawal], accounts: first.accounts };
  const second = prover.prove(next);
  assert.deepEqual(second.before, first.after);
  assert.equal(refusalOf(second), undefined);
  const again = prover.prove(inputOf(0));
  assert.deepEqual(again, first, 'the same part has the same proof');
});

test('a changed statement, and the proof of another part, are refused', () => {
  const [one, other] = [prover.prove(inputOf(0)), prover.prove(inputOf(1))];
  assert.equal(refusalOf({ statement: one.statement, proof: other.proof }), 'ROOT');
  const changed = one.statement.slice();
  // The chain id: nothing else depends on it than the transcript.
  changed[50] = (changed[50] ?? 0) ^ 1;
  assert.equal(refusalOf({ statement: changed, proof: one.proof }), 'CONSTRAINTS');
});

test('records that are not valid are not proved, and a prover that was cancelled goes on', () => {
  const input = inputOf(0);
  const [first] = input.records;
  assert.ok(first !== undefined);
  const records = [...input.records, { ...first, a: 5 }];
  const codeOf = (code: string) => (error: unknown) =>
    error instanceof StarkError && error.code === code;
  assert.throws(() => prover.prove({ ...input, records }), codeOf('STATEMENT_FALSE'));
  let stages = 0;
  const isCancelled = () => {
    stages += 1;
    return stages > 4;
  };
  assert.throws(() => prover.prove(input, { isCancelled }), codeOf('CANCELLED'));
  assert.equal(refusalOf(prover.prove(input)), undefined);
});

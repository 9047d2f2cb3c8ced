import assert from 'node:assert/strict';
import { test } from 'node:test';
import { airDigest } from '../air/digest.ts';
import { Kernel, readKernelModule } from '../kernel/kernel.ts';
import { traceSettlement } from '../trace/settlement-trace.ts';
import { checkPart } from '../verify/part-check.ts';
import { type Cheats, proveWith } from './cheating-run.ts';
import { verifyReference } from './reference/verify.ts';
import { sampleAccounts, sampleRecords } from './sample-part.ts';

const kernel = new Kernel(await readKernelModule());
const records = sampleRecords();
/** Few queries and little work, so that tests are quick. */
const parameters = { logBlowup: 2, queries: 6, grindingBits: 4 };
const place = { chainId: new Uint8Array(32), market: 1, epoch: 0n, part: 0, recordFirst: 0n };

/** What both verifiers say. */
function verdicts(cheats: Cheats) {
  const claim = { parameters, place, count: records.length };
  const trace = traceSettlement(records, sampleAccounts());
  const { statement, proof } = proveWith(kernel, claim, trace, cheats);
  const accepted = { ...parameters, maxLogHeight: 22 };
  const known = { airDigest: airDigest(), parameters: [accepted] };
  return [checkPart(statement, proof, 0).ok, verifyReference(statement, proof, known).ok];
}

test('a cheating prover that does not cheat is believed, and one that does no work is not', () => {
  assert.deepEqual(verdicts({}), [true, true]);
  assert.deepEqual(verdicts({ nonce: 1n }), [false, false]);
});

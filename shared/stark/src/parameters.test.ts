import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_PARAMETERS, parameterFault, SMALL_PROOF_PARAMETERS } from './parameters.ts';

test('what no proof can have is refused', () => {
  for (const parameters of [DEFAULT_PARAMETERS, SMALL_PROOF_PARAMETERS]) {
    assert.equal(parameterFault(parameters), undefined);
  }
  for (const [change, fault] of [
    [{ logBlowup: 1 }, /log blowup 1/],
    [{ logBlowup: 4 }, /log blowup 4/],
    [{ queries: 0 }, /0 queries/],
    [{ queries: 1.5 }, /1.5 queries/],
    [{ queries: 256 }, /256 queries/],
    [{ queries: Number.NaN }, /NaN queries/],
    [{ grindingBits: 31 }, /31 bits of work/],
  ] as const) {
    assert.match(parameterFault({ ...DEFAULT_PARAMETERS, ...change }) ?? '', fault);
  }
});

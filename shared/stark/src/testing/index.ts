/** For tests and for `check proof-neg`: provers that cheat, and the second verifier. */
export { PartRun } from '../prove/part-run.ts';
export { traceSettlement } from '../trace/settlement-trace.ts';
export { checkPart } from '../verify/part-check.ts';
export { CheatingRun, type Cheats, proveWith } from './cheating-run.ts';
export { verifyReference } from './reference/verify.ts';
export { sampleAccounts, sampleRecords } from './sample-part.ts';

/** For tests and for `check proof-neg`: provers that cheat, and the second verifier. */
export { PartShape } from '../proof/part-shape.ts';
export { PartRun } from '../prove/part-run.ts';
export { traceSettlement } from '../trace/settlement-trace.ts';
export { checkPart } from '../verify/part-check.ts';
export { QUICK_PARAMETERS, refusalOf } from './both-verifiers.ts';
export { CheatingRun, type Cheats, proveWith } from './cheating-run.ts';
export { proofSpans, type Span, statementSpans } from './proof-spans.ts';
export { verifyReference } from './reference/verify.ts';
export { sampleAccounts, sampleRecords } from './sample-part.ts';
export { accountCheats, forgeries, PartEdits, recordCheats } from './trace-cheats.ts';

// SPDX-License-Identifier: GPL-3.0-or-later
import type { CircuitName } from '@foldbook/circuits';
import type { CircuitRole } from '@foldbook/verifier';
import type { ProvingCircuit } from '../chain-context.ts';
import type { ProofStage } from '../router/proof-backend.ts';
import { SECURITY_BITS } from './backends.ts';
import type { ProveAnswer } from './prove-messages.ts';

/** What so many processes did at once. */
export interface Measured {
  readonly backEnd: string;
  readonly circuit: CircuitName;
  readonly workers: number;
  readonly proofs: number;
  readonly wallMs: number;
  /** Of each process, in order. */
  readonly answers: readonly (readonly ProveAnswer[])[];
  /** Of folded ones: what verifying fewer took. */
  readonly few?: { readonly proofs: number; readonly verifyMs: number };
}

/** A result of `bench prove`. Rows are records of a batch, accounts of an account proof. */
export type ProveRow = ReturnType<typeof proveRow>;

export interface RowOptions {
  /** Batches of an epoch: what one challenge serves. */
  readonly batches: number;
  /** Of a core for an hour, in any currency. */
  readonly coreHourPrice?: number | undefined;
}

const MS_PER_HOUR = 3_600_000;

export function proveRow(
  { role, size }: Pick<ProvingCircuit, 'role' | 'size'>,
  measured: Measured,
  baseline: Measured,
  { batches, coreHourPrice }: RowOptions,
) {
  const answers = measured.answers.flat();
  const steps = answers.flatMap((answer) => answer.steps);
  const rows = measured.proofs * size;
  const cpuMs = sumOf(steps.map((step) => step.cpuMs));
  const proofBytes = sumOf(steps.map((step) => step.proofBytes ?? 0));
  const cpuMsPerRow = cpuMs / rows;
  const rowsPerSec = (1_000 * rows) / cpuMs;
  const baselineMs = sumOf(baseline.answers.flat(2).flatMap((a) => a.steps.map((s) => s.cpuMs)));
  const baselinePerSec = (1_000 * baseline.proofs * size) / baselineMs;
  return {
    circuit: measured.circuit,
    backend: measured.backEnd,
    workers: measured.workers,
    proofs: measured.proofs,
    ...perSec(role, rounded(rowsPerSec), rounded(baselinePerSec)),
    ratio: rounded(rowsPerSec / baselinePerSec),
    /** Of all workers by the clock. */
    wallPerSec: rounded((1_000 * rows) / measured.wallMs),
    securityBits: SECURITY_BITS,
    rssBytes: Math.max(...steps.map((step) => step.rssBytes ?? 0)),
    proofBytes: Math.round(proofBytes / answers.length),
    bytesPer1000Rows: Math.round((1_000 * proofBytes) / rows),
    verifyMs: rounded(median(answers.map((answer) => answer.verifyMs))),
    cpuMsPerRow: rounded(cpuMsPerRow),
    ...(coreHourPrice === undefined
      ? {}
      : { pricePer1000Rows: (1_000 * cpuMsPerRow * coreHourPrice) / MS_PER_HOUR }),
    /** As the router's simulation draws from them. */
    costs: stageCosts(measured),
    challengeReuse: { batches, share: rounded(1 - 1 / batches, 4) },
    /** Of each step, for whoever needs the distribution. */
    cpuMs: steps.map((step) => Math.round(step.cpuMs)),
    wallMs: steps.map((step) => Math.round(step.wallMs)),
  };
}

/**
 * The figures of each stage. Of a folded proof's verification each leaf has its part and the
 * closing the rest; the closing has the check that a prover makes of it as well.
 */
function stageCosts({ answers, few, proofs, workers }: Measured) {
  const all = answers.flat();
  const verifyMs = median(all.map((answer) => answer.verifyMs));
  const each = proofs / workers;
  const leafMs =
    few === undefined || each <= few.proofs
      ? 0
      : Math.max(0, (verifyMs - few.verifyMs) / (each - few.proofs));
  const steps = all.flatMap((answer) => answer.steps);
  const of = (stage: ProofStage, more: number, verifyMs: number) => {
    const ofStage = steps.filter((step) => step.stage === stage);
    return {
      cpuMs: ofStage.map(({ cpuMs }) => rounded(cpuMs + more)),
      rssBytes: Math.max(...ofStage.map((step) => step.rssBytes ?? 0)),
      proofBytes: Math.round(median(ofStage.map((step) => step.proofBytes ?? 0))),
      verifyMs: rounded(verifyMs),
    };
  };
  if (few === undefined) return { leaf: of('leaf', 0, verifyMs) };
  const closingMs = verifyMs - each * leafMs;
  return { leaf: of('leaf', 0, leafMs), closing: of('closing', verifyMs, closingMs) };
}

function perSec(role: CircuitRole, perSec: number, baseline: number) {
  return role === 'batch'
    ? { recordsPerSec: perSec, baselineRecordsPerSec: baseline }
    : { accountsPerSec: perSec, baselineAccountsPerSec: baseline };
}

export function proveWords(row: ProveRow): string {
  const { circuit, backend, workers, rssBytes, proofBytes, ratio } = row;
  const { batches, share } = row.challengeReuse;
  const [figure, unit] =
    'recordsPerSec' in row ? [row.recordsPerSec, 'records'] : [row.accountsPerSec, 'accounts'];
  const price = row.pricePer1000Rows;
  const money = price === undefined ? '' : `, ${price.toPrecision(3)} per 1,000`;
  return [
    `${circuit}, ${backend}, ${workers} worker${workers === 1 ? '' : 's'}: ` +
      `${figure} ${unit}/s of processor time (${ratio} times snarkjs), ` +
      `${row.wallPerSec} by the clock`,
    `  ${row.cpuMsPerRow} ms each${money}; ${proofBytes} bytes a proof, ` +
      `${row.bytesPer1000Rows} per 1,000 ${unit}; verified in ${row.verifyMs} ms; ` +
      `${Math.round(rssBytes / 2 ** 20)} MiB a worker; ${row.securityBits} bits`,
    `  challenge reuse ${(100 * share).toFixed(2)} % at ${batches} batches`,
  ].join('\n');
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[sorted.length >>> 1] ?? 0;
}

const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

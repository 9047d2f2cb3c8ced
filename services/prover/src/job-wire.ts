// SPDX-License-Identifier: GPL-3.0-or-later
/** Jobs and results as a queue in another process carries them: JSON, checked on the way in. */
import { circuitNames } from '@foldbook/circuits';
import { z } from 'zod';
import type { ProofJob, ProofResult, SignalValue } from './proof-job.ts';

const PROOF_HEX_CHARS = 512;
const decimal = z.string().regex(/^(0|[1-9][0-9]{0,77})$/);
const signal: z.ZodType<SignalValue> = z.lazy(() => z.union([decimal, z.array(signal)]));

const jobSchema = z.strictObject({
  id: z.string().min(1),
  place: z.strictObject({
    market: z.string().min(1),
    chain: z.hex(),
    epoch: z.int().nonnegative(),
    part: z.string().min(1),
  }),
  circuit: z.enum(circuitNames),
  keyDigest: z.hex(),
  input: z.record(z.string(), signal),
  publicSignals: z.array(decimal),
});

const resultSchema = z.strictObject({
  proof: z.hex().length(PROOF_HEX_CHARS),
  publicSignals: z.array(decimal),
  proveMs: z.number().nonnegative(),
  cpuMs: z.number().nonnegative().optional(),
  rssBytes: z.number().nonnegative().optional(),
});

/** @throws when a queue hands out something that no prover put in */
export function jobFromWire(value: unknown): ProofJob {
  return jobSchema.parse(value);
}

export function resultToWire(result: ProofResult): unknown {
  return { ...result, proof: Buffer.from(result.proof).toString('hex') };
}

export function resultFromWire(value: unknown): ProofResult | Error {
  const parsed = resultSchema.safeParse(value);
  if (!parsed.success) return new Error(`the queue returned no proof: ${parsed.error.message}`);
  return { ...parsed.data, proof: Uint8Array.from(Buffer.from(parsed.data.proof, 'hex')) };
}

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

/** Whoever has the queue's password may have written it, so nothing but what it is for is taken. */
const worker = z.string().regex(/^[\w.-]{1,255}:\d{1,10}$/);
const figure = z.number().nonnegative().optional().catch(undefined);

/** What a later release adds is left out, and figures that are none are not known. */
const resultSchema = z.object({
  proof: z.hex().length(PROOF_HEX_CHARS),
  publicSignals: z.array(decimal),
  proveMs: z.number().nonnegative(),
  cpuMs: figure,
  rssBytes: figure,
  worker: worker.optional().catch(undefined),
});
const signedSchema = z.object({ worker });

/** Of proofs that were made before anybody asked here; a longer time is not believed. */
const LONGEST_PROOF_MS = 3_600_000;
/** Clocks of processes count in steps. */
const CLOCK_STEP_MS = 100;
/** What one thread of a worker may say that it holds: 64 GiB. */
const MOST_RSS_BYTES = 2 ** 36;
const LONGEST_WORDS = 300;

/** An error for what no prover of this release put into a queue. */
export function jobFromWire(value: unknown): ProofJob | Error {
  const parsed = jobSchema.safeParse(value);
  return parsed.success ? parsed.data : new Error(oneLine(z.prettifyError(parsed.error)));
}

export function resultToWire(result: ProofResult): unknown {
  return { ...result, proof: Buffer.from(result.proof).toString('hex') };
}

/**
 * What a worker answered. Its proof is checked by whoever asked; its figures can't be, so those
 * count as measured only where the proof fits into the time that it took here.
 *
 * @param waitedMs - since the job was asked for here
 */
export function resultFromWire(value: unknown, waitedMs: number): ProofResult | Error {
  const parsed = resultSchema.safeParse(value);
  if (!parsed.success) {
    const signed = signedSchema.safeParse(value);
    const from = signed.success ? `worker ${signed.data.worker}` : 'the queue';
    return new Error(`${from} returned no proof: ${oneLine(z.prettifyError(parsed.error))}`);
  }
  const { proof, publicSignals, proveMs, cpuMs = 0, rssBytes = 0, worker } = parsed.data;
  // One that was made before the job was asked for here did not fit either: it measures nothing.
  const isMeasured = Math.max(proveMs, cpuMs) <= waitedMs + CLOCK_STEP_MS;
  const isSized = isMeasured && rssBytes <= MOST_RSS_BYTES;
  return {
    proof: Uint8Array.from(Buffer.from(proof, 'hex')),
    publicSignals,
    proveMs: Math.min(proveMs, LONGEST_PROOF_MS),
    ...(isMeasured && parsed.data.cpuMs !== undefined ? { cpuMs } : {}),
    ...(isSized && parsed.data.rssBytes !== undefined ? { rssBytes } : {}),
    ...(worker === undefined ? {} : { worker }),
  };
}

const oneLine = (words: string): string =>
  words.replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, LONGEST_WORDS);

// SPDX-License-Identifier: GPL-3.0-or-later
/** Jobs and results as a queue in another process carries them: JSON, checked on the way in. */
import { circuitNames } from '@foldbook/circuits';
import { z } from 'zod';
import {
  type AnyJob,
  isPart,
  PART,
  type PartJob,
  type ProofResult,
  type SignalValue,
} from './proof-job.ts';

const PROOF_HEX_CHARS = 512;
/** Of a part: the largest tables there are stay below 1 MiB at any parameters. */
const MAX_PART_PROOF_BYTES = 2 ** 21;
/** Of one commitment to accounts 396 bytes, and less than that of all else. */
const MAX_STATEMENT_BYTES = 2 ** 11;
/** 131,071 records with every number as long as it can be. */
const MAX_RECORDS_BYTES = 2 ** 23;
/** 2^22 accounts of 20 bytes and some. */
const MAX_ACCOUNTS_BYTES = 100 * 2 ** 20;
const decimal = z.string().regex(/^(0|[1-9][0-9]{0,77})$/);
const signal: z.ZodType<SignalValue> = z.lazy(() => z.union([decimal, z.array(signal)]));

const namedSchema = z.strictObject({
  id: z.string().min(1),
  place: z.strictObject({
    market: z.string().min(1),
    chain: z.hex(),
    epoch: z.int().nonnegative(),
    part: z.string().min(1),
  }),
  keyDigest: z.hex(),
});

const circuitSchema = namedSchema.extend({
  circuit: z.enum(circuitNames),
  input: z.record(z.string(), signal),
  publicSignals: z.array(decimal),
});

/** Base64 of so many bytes at most: looked at before anything of it is decoded. */
const bytes = (most: number) => z.base64().max(4 * Math.ceil(most / 3));

const partSchema = namedSchema.extend({
  circuit: z.literal(PART),
  statement: bytes(MAX_STATEMENT_BYTES),
  records: bytes(MAX_RECORDS_BYTES),
  accounts: bytes(MAX_ACCOUNTS_BYTES),
});

const jobSchema = z.discriminatedUnion('circuit', [circuitSchema, partSchema]);

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
const partResultSchema = resultSchema.extend({ proof: bytes(MAX_PART_PROOF_BYTES) });
const signedSchema = z.object({ worker });

/** Of proofs that were made before anybody asked here; a longer time is not believed. */
const LONGEST_PROOF_MS = 3_600_000;
/** Clocks of processes count in steps. */
const CLOCK_STEP_MS = 100;
/** What one thread of a worker may say that it holds: 64 GiB. */
const MOST_RSS_BYTES = 2 ** 36;
const LONGEST_WORDS = 300;

/** A job as JSON carries it. */
export function jobToWire(job: AnyJob): unknown {
  if (!isPart(job)) return job;
  const { statement, records, accounts } = job;
  return {
    ...job,
    statement: toBase64(statement),
    records: toBase64(records),
    accounts: toBase64(accounts),
  };
}

/** An error for what no prover of this release put into a queue. */
export function jobFromWire(value: unknown): AnyJob | Error {
  const parsed = jobSchema.safeParse(value);
  if (!parsed.success) return new Error(oneLine(z.prettifyError(parsed.error)));
  const job = parsed.data;
  if (job.circuit !== PART) return job;
  const { statement, records, accounts } = job;
  return {
    ...job,
    statement: fromBase64(statement),
    records: fromBase64(records),
    accounts: fromBase64(accounts),
  } satisfies PartJob;
}

export function resultToWire(result: ProofResult, job: Pick<AnyJob, 'circuit'>): unknown {
  const { proof } = result;
  const isOfPart = job.circuit === PART;
  return { ...result, proof: isOfPart ? toBase64(proof) : Buffer.from(proof).toString('hex') };
}

const toBase64 = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
/** With memory of their own: small buffers share theirs. */
const fromBase64 = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'));

/**
 * What a worker answered. Its proof is checked by whoever asked; its figures can't be, so those
 * count as measured only where the proof fits into the time that it took here.
 *
 * @param waitedMs - since the job was asked for here
 */
export function resultFromWire(
  value: unknown,
  waitedMs: number,
  { circuit }: Pick<AnyJob, 'circuit'>,
): ProofResult | Error {
  const isOfPart = circuit === PART;
  const parsed = (isOfPart ? partResultSchema : resultSchema).safeParse(value);
  if (!parsed.success) {
    const signed = signedSchema.safeParse(value);
    const from = signed.success ? `worker ${signed.data.worker}` : 'the queue';
    return new Error(`${from} returned no proof: ${oneLine(z.prettifyError(parsed.error))}`);
  }
  const { proof, publicSignals, proveMs, cpuMs = 0, rssBytes = 0, worker } = parsed.data;
  // One that was made before the job was asked for here did not fit either: it measures nothing.
  const longestMs = Math.min(waitedMs + CLOCK_STEP_MS, LONGEST_PROOF_MS);
  const isMeasured = Math.max(proveMs, cpuMs) <= longestMs;
  const isSized = isMeasured && rssBytes <= MOST_RSS_BYTES;
  return {
    proof: isOfPart ? fromBase64(proof) : Uint8Array.from(Buffer.from(proof, 'hex')),
    publicSignals,
    proveMs: Math.min(proveMs, LONGEST_PROOF_MS),
    ...(isMeasured && parsed.data.cpuMs !== undefined ? { cpuMs } : {}),
    ...(isSized && parsed.data.rssBytes !== undefined ? { rssBytes } : {}),
    ...(worker === undefined ? {} : { worker }),
  };
}

const oneLine = (words: string): string =>
  words.replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, LONGEST_WORDS);

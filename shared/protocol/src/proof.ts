/**
 * What a prover tells of its epochs, in JSON: on `proof.<market>` to who asks which of them proves
 * a market sequence, and once of each on `data.<market>.<epoch>`, when its data are published, and
 * on `proof.<market>.<epoch>`.
 */
import { ResultCode } from './codes.ts';
import { PROTOCOL_VERSION } from './layout.ts';
import { type Decoded, type Refusal, refuse } from './result.ts';

interface EpochFacts {
  readonly epoch: number;
  /** Market sequences of its first and last command. */
  readonly sequenceFirst: number;
  readonly sequenceLast: number;
  /** Of the signed header, hex: what a verifier that you trust must come to. */
  readonly headerHash: string;
  /** Hex. */
  readonly rootNew: string;
  readonly recordCount: number;
}

/** An epoch whose proofs the prover has made, checked and stored. */
export interface ProvedEpoch extends EpochFacts {
  /** What its proofs show by themselves: a level of `foldbook verify`. */
  readonly level: string;
  /** Where it is below the folder of the proof stores. */
  readonly path: string;
}

/** The notice of one. */
export interface EpochProved extends EpochFacts {
  readonly market: string;
  readonly proofs: number;
  /** From the plan to the store, waiting for threads included. */
  readonly ms: number;
}

/** The notice that an epoch's data are in the store, to be fetched before it is proved. */
export interface EpochPublished {
  readonly market: string;
  readonly epoch: number;
  readonly sequenceFirst: number;
  readonly sequenceLast: number;
  /** Index of its first record, over the market's life. */
  readonly recordFirst: number;
  readonly recordCount: number;
  /** Accounts whose balances change. */
  readonly accounts: number;
  /** SHA-256, hex, of the packed files without their zstd frames. */
  readonly recordsDigest: string;
  readonly diffsDigest: string;
  /** Where they are below the folder of the proof stores. */
  readonly recordsPath: string;
  readonly diffsPath: string;
}

export interface ProofStatus {
  readonly market: string;
  /** Epochs that are proved, and the market sequence that they reach. */
  readonly epochs: number;
  readonly provedTo: number;
  /** Settlement records that the prover knows of and that are in no proved epoch. */
  readonly recordsBacklog: number;
  /** Development keys: anybody can forge such a proof, so that it shows nothing by itself. */
  readonly devKeys: boolean;
  /** Why the market is not proved any further, when it isn't. */
  readonly stopped: string | null;
  /** Null while the sequence is in no proved epoch. */
  readonly proof: ProvedEpoch | null;
}

/** A status, or why the prover takes the question for none. */
export type ProofAnswer =
  | { readonly isRefused: false; readonly status: ProofStatus }
  | { readonly isRefused: true; readonly name: string; readonly detail: string };

/** A file that shows what an account is owed, or why there is none. */
export type OwedAnswer =
  | { readonly isRefused: false; readonly file: Uint8Array }
  | { readonly isRefused: true; readonly name: string; readonly detail: string };

/** No question is longer. */
const MAX_QUESTION_BYTES = 256;

type Fields = Readonly<Record<string, unknown>>;

/** @param sequence - market sequence, from 1 */
export function encodeProofQuestion(sequence: number): Uint8Array {
  return write({ sequence });
}

/** The market sequence that is asked for. Never throws. */
export function decodeProofQuestion(bytes: Uint8Array): Decoded<number> {
  const question = bytes.byteLength <= MAX_QUESTION_BYTES ? read(bytes) : undefined;
  const sequence = question?.sequence;
  if (isCount(sequence) && sequence > 0) return { ok: true, value: sequence };
  return refuse('FIELD_RANGE', 0, 'ask with {"v":1,"sequence":<market sequence>}');
}

export function encodeProofStatus(status: ProofStatus): Uint8Array {
  return write({ code: ResultCode.OK, ...status });
}

export function encodeProofRefusal({ code, name, detail }: Refusal): Uint8Array {
  return write({ code, name, detail });
}

/** Never throws. */
export function decodeProofAnswer(bytes: Uint8Array): Decoded<ProofAnswer> {
  const answer = read(bytes);
  if (answer === undefined) return refuse('MALFORMED', 0, 'the answer is no JSON map');
  if (answer.code !== ResultCode.OK) {
    return { ok: true, value: { isRefused: true, ...refusalOf(answer) } };
  }
  const status = readStatus(answer);
  return status.ok ? { ok: true, value: { isRefused: false, status: status.value } } : status;
}

export function encodeEpochProved(proved: EpochProved): Uint8Array {
  return write(proved);
}

/** Of a file for `foldbook verify --account`, a few thousand bytes. */
export function encodeOwedAnswer(file: Uint8Array): Uint8Array {
  const hex = Array.from(file, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return write({ code: ResultCode.OK, file: hex });
}

/** The file, or why the prover gives none. Never throws. */
export function decodeOwedAnswer(bytes: Uint8Array): Decoded<OwedAnswer> {
  const answer = read(bytes);
  if (answer === undefined) return refuse('MALFORMED', 0, 'the answer is no JSON map');
  if (answer.code !== ResultCode.OK) {
    return { ok: true, value: { isRefused: true, ...refusalOf(answer) } };
  }
  const { file } = answer;
  if (typeof file !== 'string' || !/^([0-9a-f]{2})+$/.test(file)) return missing('file');
  const pairs = file.match(/../g) ?? [];
  const value = Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
  return { ok: true, value: { isRefused: false, file: value } };
}

function refusalOf(answer: Fields) {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { name: text(answer.name), detail: text(answer.detail) };
}

export function encodeEpochPublished(published: EpochPublished): Uint8Array {
  return write(published);
}

/** Never throws. */
export function decodeEpochPublished(bytes: Uint8Array): Decoded<EpochPublished> {
  const notice = read(bytes);
  if (notice === undefined) return refuse('MALFORMED', 0, 'the notice is no JSON map');
  const counts = PUBLISHED_COUNTS.find((key) => !isCount(notice[key]));
  const texts = PUBLISHED_TEXTS.find((key) => typeof notice[key] !== 'string');
  const absent = counts ?? texts;
  if (absent !== undefined) return refuse('FIELD_RANGE', 0, `the notice has no ${absent}`);
  const fields = [...PUBLISHED_COUNTS, ...PUBLISHED_TEXTS].map((key) => [key, notice[key]]);
  return { ok: true, value: Object.fromEntries(fields) as EpochPublished };
}

const PUBLISHED_COUNTS = [
  'epoch',
  'sequenceFirst',
  'sequenceLast',
  'recordFirst',
  'recordCount',
  'accounts',
] as const;
const PUBLISHED_TEXTS = [
  'market',
  'recordsDigest',
  'diffsDigest',
  'recordsPath',
  'diffsPath',
] as const;

function readStatus(answer: Fields): Decoded<ProofStatus> {
  const { market, epochs, provedTo, recordsBacklog, devKeys, stopped } = answer;
  if (typeof market !== 'string') return missing('market');
  if (!isCount(epochs)) return missing('epochs');
  if (!isCount(provedTo)) return missing('provedTo');
  if (!isCount(recordsBacklog)) return missing('recordsBacklog');
  if (typeof devKeys !== 'boolean') return missing('devKeys');
  if (typeof stopped !== 'string' && stopped !== null) return missing('stopped');
  const status = { market, epochs, provedTo, recordsBacklog, devKeys, stopped };
  if (answer.proof === null) return { ok: true, value: { ...status, proof: null } };
  if (!isMap(answer.proof)) return missing('proof');
  const proof = readEpoch(answer.proof);
  return proof.ok ? { ok: true, value: { ...status, proof: proof.value } } : proof;
}

function readEpoch(proof: Fields): Decoded<ProvedEpoch> {
  const { epoch, sequenceFirst, sequenceLast, headerHash, rootNew } = proof;
  const { recordCount, level, path } = proof;
  if (!isCount(epoch)) return missing('proof.epoch');
  if (!isCount(sequenceFirst)) return missing('proof.sequenceFirst');
  if (!isCount(sequenceLast)) return missing('proof.sequenceLast');
  if (typeof headerHash !== 'string') return missing('proof.headerHash');
  if (typeof rootNew !== 'string') return missing('proof.rootNew');
  if (!isCount(recordCount)) return missing('proof.recordCount');
  if (typeof level !== 'string') return missing('proof.level');
  if (typeof path !== 'string') return missing('proof.path');
  const hashes = { headerHash, rootNew };
  const value = { epoch, sequenceFirst, sequenceLast, ...hashes, recordCount, level, path };
  return { ok: true, value };
}

const missing = (key: string) => refuse('FIELD_RANGE', 0, `the answer has no ${key}`);

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function write(fields: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ v: PROTOCOL_VERSION, ...fields }));
}

/** Undefined for what is no JSON map. */
function read(bytes: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Folded proofs of many statements about one circuit (FOLDING.md). */
import { assert, at } from './assert.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { SCALAR_ORDER } from './field.ts';
import { combinePoints, type FoldKey, isCommitment } from './fold-key.ts';
import { checkStep, degreeOf, type FoldStep } from './fold-step.ts';
import {
  encodeElements,
  type FoldInstance,
  type FreshInstance,
  type LinearInstance,
  type Triple,
} from './fold-transcript.ts';
import { FoldTree } from './fold-tree.ts';
import { type Refused, refused, type Verdict } from './reason-codes.ts';

/** A statement that was folded: what its proof holds, and its public signals. */
export interface FoldLeaf {
  /** Names the proof in a refusal, e.g. "batch 3". */
  readonly part: string;
  /** The commitment, 32 bytes. */
  readonly proof: Uint8Array;
  readonly signals: readonly bigint[];
}

const CLAIMS_BYTES = 3 * 32;
/** Most leaves of one proof: what FOLDING.md, section 8, counts with. */
export const FOLD_LEAVES_MAX = 2 ** 20;

/** Bytes of a step that folds these instances. */
export function stepBytes(variables: number, instances: readonly FoldInstance[]): number {
  return 32 * variables * degreeOf(instances) + CLAIMS_BYTES * instances.length;
}

export function encodeStep({ rounds, claims }: FoldStep): Uint8Array {
  return encodeElements([...rounds.flat(), ...claims.flat()]);
}

/** Thrown where a step does not hold; caught by verifyFolded alone. */
class StepRefusal extends Error {
  readonly refusal: Refused;

  constructor(refusal: Refused) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/**
 * Whether every leaf's statement has a witness, known to whoever made the proof. `file`: the steps
 * and the opening; its length follows from the shape and the number of leaves.
 */
export function verifyFolded(
  key: FoldKey,
  leaves: readonly FoldLeaf[],
  file: Uint8Array,
): Verdict | (Refused & { readonly part: string }) {
  assert(leaves.length > 0, 'something was folded');
  if (leaves.length > FOLD_LEAVES_MAX) {
    return refused('PROOF_FORMAT', `${leaves.length} leaves; ${FOLD_LEAVES_MAX} are the most`);
  }
  const wrong = checkLeaves(key, leaves);
  if (wrong !== undefined) return wrong;
  let folded: Decoded<{ root: LinearInstance; witness: Uint8Array }>;
  try {
    folded = decode(file, 'PROOF_FORMAT', 'folded proof', (reader) =>
      readFolded(key, leaves, reader),
    );
  } catch (error) {
    if (error instanceof StepRefusal) return error.refusal;
    throw error;
  }
  if (!folded.ok) return refused(folded.error.code, folded.error.message);
  return key.checkOpening(folded.value.root, folded.value.witness);
}

function checkLeaves(
  key: FoldKey,
  leaves: readonly FoldLeaf[],
): (Refused & { readonly part: string }) | undefined {
  for (const { part, proof, signals } of leaves) {
    if (signals.length !== key.shape.publicCount) {
      const message = `${signals.length} public signals, the circuit has ${key.shape.publicCount}`;
      return { ...refused('SIGNAL_COUNT', message), part };
    }
    const wild = signals.findIndex((signal) => signal < 0n || signal >= SCALAR_ORDER);
    if (wild !== -1) {
      const message = `public signal ${wild} is not below the field's order`;
      return { ...refused('SIGNAL_RANGE', message), part };
    }
    if (!isCommitment(proof)) {
      return { ...refused('PROOF_FORMAT', 'a commitment is no point of G1'), part };
    }
  }
  return undefined;
}

/** Reads each step and checks it, in the tree's order, then the opening. */
function readFolded(
  key: FoldKey,
  leaves: readonly FoldLeaf[],
  reader: ByteReader,
): { root: LinearInstance; witness: Uint8Array } {
  const expected = foldedBytes(key, leaves.length);
  if (reader.length !== expected) {
    reader.refuse(`${reader.length} bytes for ${leaves.length} leaves; ${expected} are right`, 0);
  }
  const { variables, digest: shapeDigest } = key;
  const context = { variables, shapeDigest, combine: combinePoints };
  const fold = (...instances: readonly FoldInstance[]): FoldInstance => {
    const checked = checkStep(context, instances, readStep(reader, variables, instances));
    if (!checked.ok) throw new StepRefusal(checked);
    return checked.folded;
  };
  const tree = new FoldTree<FoldInstance>(fold);
  for (const { proof, signals } of leaves) tree.push(freshInstance(proof, signals));
  const last = tree.finish();
  assert(last !== undefined, 'leaves were folded');
  const root = last.kind === 'fresh' ? fold(last) : last;
  assert(root.kind === 'linear', 'a fold is linear');
  return { root, witness: readWitness(reader, key.openingBytes) };
}

export function freshInstance(commitment: Uint8Array, x: readonly bigint[]): FreshInstance {
  return { kind: 'fresh', commitment, x };
}

/** Bytes of a folded proof of so many leaves. */
export function foldedBytes({ variables, openingBytes }: FoldKey, leaves: number): number {
  const product = 32 * 3 * variables;
  if (leaves === 1) return product + CLAIMS_BYTES + openingBytes;
  // Neighbouring leaves are two and two; an odd last one is folded into what is left of it.
  const withLeaf = Math.ceil(leaves / 2);
  const others = leaves - 1 - withLeaf;
  const steps = withLeaf * product + others * 32 * 2 * variables;
  return steps + (leaves - 1) * 2 * CLAIMS_BYTES + openingBytes;
}

function readStep(
  reader: ByteReader,
  variables: number,
  instances: readonly FoldInstance[],
): FoldStep {
  const element = (): bigint => reader.fieldElement();
  const degree = degreeOf(instances);
  const rounds = Array.from({ length: variables }, () => Array.from({ length: degree }, element));
  const claims = instances.map((): Triple => [element(), element(), element()]);
  return { rounds, claims };
}

/** Canonical elements: each is below r. */
function readWitness(reader: ByteReader, length: number): Uint8Array {
  const start = reader.offset;
  const witness = reader.bytes(length);
  for (let place = 0; place < length; place += 32) {
    if (isCanonical(witness, place)) continue;
    reader.refuse('a field element is not below the order of its field', start + place);
  }
  return witness;
}

const ORDER_BYTES = encodeElements([SCALAR_ORDER]);

function isCanonical(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 32; i++) {
    const difference = at(bytes, offset + i) - at(ORDER_BYTES, i);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

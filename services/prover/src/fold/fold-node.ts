// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A subtree that was folded, as a file: what a prover that was killed goes on from. The file is
 * its writer's own: a checksum finds what a crash or a disk did to it, not what an attacker did,
 * and whatever comes of it is checked as verifiers do.
 */
import { createHash } from 'node:crypto';
import {
  type FoldInstance,
  type FoldKey,
  freshInstance,
  fromBigEndian,
  toBigEndian,
} from '@foldbook/verifier';

/** Leaves `first` to `first + leaves - 1` of a tree, folded. */
export interface FoldNode {
  readonly first: number;
  readonly leaves: number;
  /** Of each leaf: its proof. */
  readonly commitments: readonly Uint8Array[];
  /** In the tree's order. */
  readonly steps: Uint8Array;
  readonly instance: FoldInstance;
  /** Big-endian, 32 bytes each. */
  readonly witness: Uint8Array;
}

const MAGIC = Buffer.from('FBFN\x01\x00\x00\x00', 'latin1');
const FIXED_BYTES = MAGIC.length + 32 + 4 * 4;
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** @param run names the tree: 32 bytes */
export function encodeNode(run: Uint8Array, node: FoldNode): Uint8Array {
  const { instance, commitments, steps, witness } = node;
  const isLinear = instance.kind === 'linear';
  const elements = isLinear
    ? [instance.u, ...instance.x, ...instance.point, ...instance.values]
    : instance.x;
  const counts = Buffer.alloc(16);
  [node.first, node.leaves, steps.length, isLinear ? 1 : 0].forEach((count, index) => {
    counts.writeUInt32LE(count, 4 * index);
  });
  const body = Buffer.concat([
    ...[MAGIC, run, counts, ...commitments, steps, instance.commitment],
    ...elements.map(toBigEndian),
    witness,
  ]);
  return Buffer.concat([body, sha256(body)]);
}

/** Undefined for a file that is damaged, or of another run or circuit. */
export function decodeNode(run: Uint8Array, key: FoldKey, file: Uint8Array): FoldNode | undefined {
  const bytes = Buffer.from(file);
  const body = bytes.subarray(0, -32);
  if (body.length < FIXED_BYTES || !sha256(body).equals(bytes.subarray(-32))) return undefined;
  const head = Buffer.concat([MAGIC, run]);
  if (!body.subarray(0, head.length).equals(head)) return undefined;
  const [first = 0, leaves = 0, stepsBytes = 0, isLinear = 0] = [0, 4, 8, 12].map((offset) =>
    body.readUInt32LE(head.length + offset),
  );
  const { publicCount } = key.shape;
  const count = publicCount + (isLinear === 1 ? 1 + key.variables + 3 : 0);
  let offset = FIXED_BYTES;
  const take = (length: number): Uint8Array => {
    offset += length;
    return Uint8Array.from(body.subarray(offset - length, offset));
  };
  if (body.length !== FIXED_BYTES + 32 * (leaves + 1 + count) + stepsBytes + key.openingBytes) {
    return undefined;
  }
  const commitments = Array.from({ length: leaves }, () => take(32));
  const steps = take(stepsBytes);
  const commitment = take(32);
  const elements = Array.from({ length: count }, () => fromBigEndian(take(32)));
  const instance = isLinear === 1 ? linear(commitment, elements, key) : undefined;
  const witness = take(key.openingBytes);
  return {
    ...{ first, leaves, commitments, steps, witness },
    instance: instance ?? freshInstance(commitment, elements),
  };
}

function linear(
  commitment: Uint8Array,
  elements: readonly bigint[],
  { shape: { publicCount }, variables }: FoldKey,
): FoldInstance {
  const [u = 0n, ...others] = elements;
  const x = others.slice(0, publicCount);
  const point = others.slice(publicCount, publicCount + variables);
  const [a = 0n, b = 0n, c = 0n] = others.slice(publicCount + variables);
  return { kind: 'linear', commitment, u, x, point, values: [a, b, c] };
}

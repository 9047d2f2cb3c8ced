// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Reads a .zkey of snarkjs (Groth16 over BN254): "zkey", u32 version 1, u32 sections, then for each
 * u32 id, u64 length and the bytes, all little-endian. Sections 1 to 10, each once, in any order:
 * the protocol, sizes and single points, points of the public wires, entries of the matrices A and
 * B, then the points by which A, B (in G1 and G2), C and the quotient are summed, and the ceremony.
 */
import { BASE_ORDER, SCALAR_ORDER } from '@foldbook/bn254';
import { ProverError } from '../prover-error.ts';

export const G1_BYTES = 64;
export const G2_BYTES = 128;
/** u32 matrix (0 is A, 1 is B), u32 row, u32 wire, then the value of 32 bytes. */
export const ENTRY_BYTES = 44;
const NUMBER_BYTES = 32;
const SECTIONS = 10;
const GROTH16 = 1;
/** The domain's half and its double have roots of unity. */
const DOMAIN_LOG2_MAX = 27;

/** Points are affine, coordinates little-endian and times 2^256 modulo p. */
export interface ProvingKeyFile {
  readonly wireCount: number;
  readonly publicCount: number;
  readonly domainLog2: number;
  readonly alpha1: Uint8Array;
  readonly beta1: Uint8Array;
  readonly beta2: Uint8Array;
  readonly delta1: Uint8Array;
  readonly delta2: Uint8Array;
  /** One a wire. */
  readonly a1: Uint8Array;
  readonly b1: Uint8Array;
  readonly b2: Uint8Array;
  /** One a private wire. */
  readonly c1: Uint8Array;
  /** One an element of the domain. */
  readonly h1: Uint8Array;
  /** Nonzero entries of A and B, values times 2^512 modulo r. */
  readonly entries: DataView;
}

/** Throws PROVING_KEY for a file that is not whole, of another curve, or whose sizes disagree. */
export function readProvingKey(file: Uint8Array): ProvingKeyFile {
  const sections = sectionsOf(file);
  const section = (id: number): Uint8Array => {
    const bytes = sections.get(id);
    if (bytes === undefined) throw damaged(`section ${id} is missing`);
    return bytes;
  };
  expectLength(section(1), 4, 'the protocol');
  if (viewOf(section(1)).getUint32(0, true) !== GROTH16) throw damaged('it is not of Groth16');
  const header = readHeader(section(2));
  const { wireCount, publicCount, domainLog2 } = header;
  const points = (id: number, count: number, size: number): Uint8Array => {
    expectLength(section(id), count * size, `section ${id}`);
    return section(id);
  };
  points(3, publicCount + 1, G1_BYTES);
  return {
    ...header,
    entries: readEntries(section(4)),
    a1: points(5, wireCount, G1_BYTES),
    b1: points(6, wireCount, G1_BYTES),
    b2: points(7, wireCount, G2_BYTES),
    c1: points(8, wireCount - publicCount - 1, G1_BYTES),
    h1: points(9, 2 ** domainLog2, G1_BYTES),
  };
}

function sectionsOf(file: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const view = viewOf(file);
  const isZkey =
    file.length >= 12 && Buffer.from(file.subarray(0, 4)).toString('latin1') === 'zkey';
  if (!isZkey || view.getUint32(4, true) !== 1) throw damaged('it is no .zkey of version 1');
  if (view.getUint32(8, true) !== SECTIONS) throw damaged(`it has not ${SECTIONS} sections`);
  const sections = new Map<number, Uint8Array>();
  let offset = 12;
  for (let i = 0; i < SECTIONS; i++) {
    if (offset + 12 > file.length) throw damaged('it ends before its last section');
    const id = view.getUint32(offset, true);
    const length = view.getBigUint64(offset + 4, true);
    const start = offset + 12;
    if (length > BigInt(file.length - start)) throw damaged(`it ends inside section ${id}`);
    if (id < 1 || id > SECTIONS || sections.has(id)) throw damaged(`section ${id} is not expected`);
    offset = start + Number(length);
    sections.set(id, file.subarray(start, offset));
  }
  if (offset !== file.length) throw damaged('something follows its last section');
  return sections;
}

type Header = Pick<
  ProvingKeyFile,
  'wireCount' | 'publicCount' | 'domainLog2' | 'alpha1' | 'beta1' | 'beta2' | 'delta1' | 'delta2'
>;

function readHeader(bytes: Uint8Array): Header {
  const fields = 4 + NUMBER_BYTES + 4 + NUMBER_BYTES + 12;
  expectLength(bytes, fields + 3 * G1_BYTES + 3 * G2_BYTES, 'section 2');
  const view = viewOf(bytes);
  for (const [offset, order] of [
    [0, BASE_ORDER],
    [4 + NUMBER_BYTES, SCALAR_ORDER],
  ] as const) {
    const isSame = numberAt(view, offset + 4) === order;
    if (view.getUint32(offset, true) !== NUMBER_BYTES || !isSame)
      throw damaged('it is not of BN254');
  }
  const sizes = fields - 12;
  const wireCount = view.getUint32(sizes, true);
  const publicCount = view.getUint32(sizes + 4, true);
  const domainSize = view.getUint32(sizes + 8, true);
  const domainLog2 = 31 - Math.clz32(domainSize);
  if (2 ** domainLog2 !== domainSize || domainLog2 > DOMAIN_LOG2_MAX) {
    throw damaged(`its domain of ${domainSize} is no power of two up to 2^${DOMAIN_LOG2_MAX}`);
  }
  if (publicCount >= wireCount) throw damaged(`${publicCount} of ${wireCount} wires are public`);
  let offset = fields;
  const next = (size: number): Uint8Array => {
    offset += size;
    return bytes.subarray(offset - size, offset);
  };
  const [alpha1, beta1, beta2] = [next(G1_BYTES), next(G1_BYTES), next(G2_BYTES)];
  // gamma is the verifier's alone.
  next(G2_BYTES);
  const [delta1, delta2] = [next(G1_BYTES), next(G2_BYTES)];
  return { wireCount, publicCount, domainLog2, alpha1, beta1, beta2, delta1, delta2 };
}

function readEntries(bytes: Uint8Array): DataView {
  if (bytes.length < 4) throw damaged('section 4 ends too early');
  const count = viewOf(bytes).getUint32(0, true);
  expectLength(bytes, 4 + count * ENTRY_BYTES, 'section 4');
  return viewOf(bytes.subarray(4));
}

function expectLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length === length) return;
  throw damaged(`${what} has ${bytes.length} bytes, its sizes ask for ${length}`);
}

function numberAt(view: DataView, offset: number): bigint {
  let value = 0n;
  for (let at = NUMBER_BYTES - 8; at >= 0; at -= 8) {
    value = (value << 64n) | view.getBigUint64(offset + at, true);
  }
  return value;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function damaged(what: string, cause?: unknown): ProverError {
  const message = `the proving key cannot be used: ${what}; build or fetch it again`;
  return new ProverError('PROVING_KEY', message, { cause });
}

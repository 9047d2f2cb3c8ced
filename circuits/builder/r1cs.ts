import { at, readLittleEndian, scalarOrder } from './field.ts';
import { readSections, requiredSection } from './sections.ts';

/**
 * A rank-1 constraint system: for each constraint c, (A_c . w)(B_c . w) = C_c . w over the scalar
 * field. The 3 * constraintCount linear combinations lie one after another (A, B, C of constraint
 * 0, then of 1, ...); combination i is terms starts[i] .. starts[i + 1] of `wires` and
 * `coefficients`. Wire 0 is the constant one; wires 1..publicCount are the public signals, outputs
 * first.
 */
export interface ConstraintSystem {
  readonly wireCount: number;
  readonly outputCount: number;
  readonly publicInputCount: number;
  readonly privateInputCount: number;
  readonly publicCount: number;
  readonly constraintCount: number;
  readonly starts: Uint32Array;
  readonly wires: Uint32Array;
  readonly coefficients: readonly bigint[];
}

/** Parses an .r1cs file (iden3's binary format, version 1). */
export function parseR1cs(file: Uint8Array): ConstraintSystem {
  const what = 'the constraint system';
  const sections = readSections(file, 'r1cs', what);
  const header = requiredSection(sections, 1, what);
  if (header.getUint32(0, true) !== 32 || readLittleEndian(header, 4) !== scalarOrder) {
    throw new Error('the constraint system is not over the BN254 scalar field');
  }
  const outputCount = header.getUint32(40, true);
  const publicInputCount = header.getUint32(44, true);
  const constraintCount = header.getUint32(60, true);
  const body = requiredSection(sections, 2, what);
  return {
    wireCount: header.getUint32(36, true),
    outputCount,
    publicInputCount,
    privateInputCount: header.getUint32(48, true),
    publicCount: outputCount + publicInputCount,
    constraintCount,
    ...parseTerms(body, constraintCount),
  };
}

function parseTerms(
  body: DataView,
  constraintCount: number,
): Pick<ConstraintSystem, 'starts' | 'wires' | 'coefficients'> {
  const combinationCount = 3 * constraintCount;
  const termCount = (body.byteLength - 4 * combinationCount) / 36;
  const starts = new Uint32Array(combinationCount + 1);
  const wires = new Uint32Array(termCount);
  const coefficients: bigint[] = [];
  let offset = 0;
  let term = 0;
  for (let i = 0; i < combinationCount; i++) {
    const count = body.getUint32(offset, true);
    offset += 4;
    for (let k = 0; k < count; k++, term++, offset += 36) {
      wires[term] = body.getUint32(offset, true);
      coefficients.push(readLittleEndian(body, offset + 4));
    }
    starts[i + 1] = term;
  }
  if (term !== termCount || offset !== body.byteLength) {
    throw new Error('the constraint system has terms left over; build the circuits again');
  }
  return { starts, wires, coefficients };
}

/** Linear combination `i` at a witness, reduced. */
export function evaluate(system: ConstraintSystem, i: number, witness: readonly bigint[]): bigint {
  const { starts, wires, coefficients } = system;
  const end = at(starts, i + 1);
  let sum = 0n;
  for (let term = at(starts, i); term < end; term++) {
    sum += at(coefficients, term) * at(witness, at(wires, term));
  }
  return sum % scalarOrder;
}

/** The constraints that a witness (every value in [0, r)) violates, ascending. */
export function violations(system: ConstraintSystem, witness: readonly bigint[]): number[] {
  const violated: number[] = [];
  for (let c = 0; c < system.constraintCount; c++) {
    const left = evaluate(system, 3 * c, witness) * evaluate(system, 3 * c + 1, witness);
    if (left % scalarOrder !== evaluate(system, 3 * c + 2, witness)) violated.push(c);
  }
  return violated;
}

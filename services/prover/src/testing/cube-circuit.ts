// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A circuit of two constraints, "I know x with x^3 = z", with a key whose trapdoor is known: what a
 * proof is can then be told from discrete logarithms alone, with no transform and no sum of points.
 */
import { rootOfUnity, SCALAR_ORDER } from '@foldbook/bn254';
import type { Curve, CurveGroup } from 'ffjavascript';

/** Wires: one, z (public), x, y. */
export type CubeWitness = readonly [one: bigint, z: bigint, x: bigint, y: bigint];

type Row = readonly [matrix: number, row: number, wire: number, value: bigint];

const R = SCALAR_ORDER;
const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const PUBLIC_COUNT = 1;
const LOG2 = 2;
const SIZE = 2 ** LOG2;
/** x x = y, y x = z. Two rows more bind the public wires, as snarkjs has them. */
const ENTRIES: readonly Row[] = [
  [0, 0, 2, 1n],
  [1, 0, 2, 1n],
  [2, 0, 3, 1n],
  // Twice and half, so that not every value is one.
  [0, 1, 3, 2n],
  [1, 1, 2, (R + 1n) / 2n],
  [2, 1, 1, 1n],
  [0, 2, 0, 1n],
  [0, 3, 1, 1n],
];
const WIRES = [0, 1, 2, 3];
const TRAPDOOR = { tau: 11111n, alpha: 22222n, beta: 33333n, gamma: 44444n, delta: 55555n };

const mod = (value: bigint): bigint => ((value % R) + R) % R;
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let rest = exponent, square = mod(base); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % R;
    square = (square * square) % R;
  }
  return result;
}
const inverse = (value: bigint): bigint => power(value, R - 2n);

/** The powers of the domain's root, times `shift`. */
const pointsOf = (shift: bigint): bigint[] =>
  Array.from({ length: SIZE }, (_, i) => mod(shift * power(rootOfUnity(LOG2), BigInt(i))));

/** What is 1 at one of the points and 0 at the others, at tau. */
const lagrange = (points: readonly bigint[], which: number): bigint =>
  points.reduce((product, point, i) => {
    if (i === which) return product;
    return mod(product * (TRAPDOOR.tau - point) * inverse((points[which] ?? 0n) - point));
  }, 1n);

const columns = (matrix: number): bigint[] =>
  WIRES.map((wire) =>
    ENTRIES.filter((entry) => entry[0] === matrix && entry[2] === wire).reduce(
      (sum, [, row, , value]) => mod(sum + value * lagrange(pointsOf(1n), row)),
      0n,
    ),
  );

export class CubeCircuit {
  readonly #curve: Curve;
  readonly #a = columns(0);
  readonly #b = columns(1);
  /** Of each wire: beta a + alpha b + c. */
  readonly #mixed: readonly bigint[];

  constructor(curve: Curve) {
    this.#curve = curve;
    const c = columns(2);
    const { alpha, beta } = TRAPDOOR;
    this.#mixed = WIRES.map((wire) =>
      mod(beta * (this.#a[wire] ?? 0n) + alpha * (this.#b[wire] ?? 0n) + (c[wire] ?? 0n)),
    );
  }

  static witness(x: bigint): CubeWitness {
    return [1n, mod(x ** 3n), x, mod(x * x)];
  }

  /** The bytes of the canonical verifying key (circuits/STATEMENT.md, section 6). */
  verifyingKey(): Uint8Array {
    const { G1, G2 } = this.#curve;
    const { alpha, beta, gamma, delta } = TRAPDOOR;
    const head = Buffer.from([70, 66, 86, 75, 1, 0, 1, PUBLIC_COUNT]);
    const ic = [0, 1].map((wire) => mod((this.#mixed[wire] ?? 0n) * inverse(gamma)));
    return Buffer.concat([
      ...[head, this.#plain(G1, alpha), this.#plain(G2, beta), this.#plain(G2, gamma)],
      ...[this.#plain(G2, delta), ...ic.map((log) => this.#plain(G1, log))],
    ]);
  }

  /** The sections of a .zkey, by id from 1 on. */
  sections(): Uint8Array[] {
    const { G1, G2 } = this.#curve;
    const { alpha, beta, gamma, delta, tau } = TRAPDOOR;
    const list = (group: CurveGroup, logs: readonly bigint[]) =>
      Buffer.concat(logs.map((log) => pointOf(group, log)));
    const header = [u32(32), number(P), u32(32), number(R), u32(4), u32(PUBLIC_COUNT), u32(SIZE)];
    const single = [list(G1, [alpha, beta]), list(G2, [beta, gamma]), list(G1, [delta])];
    const entries = ENTRIES.filter(([matrix]) => matrix < 2);
    // Between its points the domain's polynomial is -2 everywhere.
    const scale = mod((power(tau, BigInt(SIZE)) - 1n) * inverse(mod(-2n * delta)));
    const between = pointsOf(rootOfUnity(LOG2 + 1));
    return [
      u32(1),
      Buffer.concat([...header, ...single, list(G2, [delta])]),
      list(
        G1,
        [0, 1].map((wire) => mod((this.#mixed[wire] ?? 0n) * inverse(gamma))),
      ),
      Buffer.concat([u32(entries.length), ...entries.map(entryBytes)]),
      list(G1, this.#a),
      list(G1, this.#b),
      list(G2, this.#b),
      list(
        G1,
        [2, 3].map((wire) => mod((this.#mixed[wire] ?? 0n) * inverse(delta))),
      ),
      list(
        G1,
        between.map((_, i) => mod(lagrange(between, i) * scale)),
      ),
      Buffer.alloc(68),
    ];
  }

  zkey(): Uint8Array {
    return zkeyOf(this.sections());
  }

  /** The proof of a witness that satisfies the constraints. */
  proof(witness: CubeWitness, r: bigint, s: bigint): Uint8Array {
    const { alpha, beta, delta } = TRAPDOOR;
    const at = (logs: readonly bigint[]): bigint =>
      mod(logs.reduce((sum, log, wire) => sum + log * (witness[wire] ?? 0n), 0n));
    const [a, b] = [at(this.#a), at(this.#b)];
    const quotient = a * b - at(columns(2));
    const own = at(this.#mixed.map((log, wire) => (wire > PUBLIC_COUNT ? log : 0n)));
    const [aLog, bLog] = [mod(alpha + a + r * delta), mod(beta + b + s * delta)];
    const cLog = mod((own + quotient) * inverse(delta) + s * aLog + r * bLog - r * s * delta);
    const { G1, G2 } = this.#curve;
    return Buffer.concat([this.#plain(G1, aLog), this.#plain(G2, bLog), this.#plain(G1, cLog)]);
  }

  #plain(group: CurveGroup, log: bigint): Uint8Array {
    const bytes = new Uint8Array(group.F.n8 * 2);
    group.toRprUncompressed(bytes, 0, pointOf(group, log));
    return bytes;
  }
}

/** Little-endian, 32 bytes each. */
export const witnessBytes = (witness: readonly bigint[]): Uint8Array =>
  Buffer.concat(witness.map(number));

/** A file of sections with the ids 1, 2, ... */
export function zkeyOf(sections: readonly Uint8Array[]): Uint8Array {
  const head = [Buffer.from('zkey'), u32(1), u32(sections.length)];
  const body = sections.flatMap((bytes, i) => [u32(i + 1), u32(bytes.length), u32(0), bytes]);
  return Buffer.concat([...head, ...body]);
}

/** Affine, in the library's own bytes, which are those of a .zkey. */
function pointOf(group: CurveGroup, log: bigint): Uint8Array {
  let sum = group.zero;
  for (const bit of log.toString(2)) {
    sum = group.double(sum);
    if (bit === '1') sum = group.add(sum, group.g);
  }
  return group.toAffine(sum);
}

const entryBytes = ([matrix, row, wire, value]: Row): Uint8Array =>
  Buffer.concat([u32(matrix), u32(row), u32(wire), number(mod(value << 512n))]);

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const number = (value: bigint): Uint8Array =>
  Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();

// SPDX-License-Identifier: GPL-3.0-or-later
/** Which wires have a point in a list of a proving key: many have infinity, which adds nothing. */

const SCALAR_BYTES = 32;

export interface WirePoints {
  /** Wire of each point. */
  readonly wires: Uint32Array;
  /** The points that are not infinity, one after another, and then the extra ones. */
  readonly bytes: Uint8Array;
}

/**
 * @param points one for each wire from `firstWire` on, of `size` bytes; infinity is all zeros
 * @param extra points whose scalars come with each proof
 */
export function wirePoints(
  points: Uint8Array,
  size: number,
  firstWire: number,
  extra: readonly Uint8Array[],
): WirePoints {
  const count = points.length / size;
  const wires = new Uint32Array(count);
  const bytes = new Uint8Array(points.length + size * extra.length);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const point = points.subarray(i * size, (i + 1) * size);
    if (point.every((byte) => byte === 0)) continue;
    bytes.set(point, kept * size);
    wires[kept++] = firstWire + i;
  }
  extra.forEach((point, index) => {
    bytes.set(point, (kept + index) * size);
  });
  return {
    wires: wires.slice(0, kept),
    bytes: bytes.subarray(0, (kept + extra.length) * size),
  };
}

/** The scalars of such points: what the witness has for their wires, then the extra ones. */
export function scalarsOf(
  wires: Uint32Array,
  witness: Uint8Array,
  extra: readonly bigint[],
): Uint8Array {
  const scalars = new Uint8Array(SCALAR_BYTES * (wires.length + extra.length));
  for (let i = 0; i < wires.length; i++) {
    const from = SCALAR_BYTES * (wires[i] ?? 0);
    const to = SCALAR_BYTES * i;
    for (let at = 0; at < SCALAR_BYTES; at++) scalars[to + at] = witness[from + at] ?? 0;
  }
  const view = new DataView(scalars.buffer);
  extra.forEach((value, index) => {
    for (let at = 0; at < SCALAR_BYTES; at += 8) {
      const word = BigInt.asUintN(64, value >> BigInt(8 * at));
      view.setBigUint64(SCALAR_BYTES * (wires.length + index) + at, word, true);
    }
  });
  return scalars;
}

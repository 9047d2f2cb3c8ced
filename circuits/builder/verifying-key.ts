import { createHash } from 'node:crypto';
import { baseOrder, inverse, readLittleEndian, writeBigEndian } from './field.ts';
import { readSections, requiredSection } from './sections.ts';

/** A verifying key in its canonical bytes (STATEMENT.md, section 6) and their digest. */
export interface VerifyingKey {
  readonly bytes: Uint8Array;
  /** SHA-256 of "foldbook/vk/v1\n" and the bytes, hex. */
  readonly digest: string;
}

const headerBytes = 8;
const g1Bytes = 64;
const g2Bytes = 128;
/** A .zkey keeps coordinates times 2^256 (Montgomery form). */
const montgomeryInverse = inverse(1n << 256n, baseOrder);

/**
 * The verifying key of a Groth16 .zkey, wherever it comes from. `insecure` marks a development
 * key: the mark is part of the bytes, so no digest stands for both kinds of key.
 */
export function extractVerifyingKey(zkey: Uint8Array, insecure: boolean): VerifyingKey {
  const what = 'the proving key';
  const sections = readSections(zkey, 'zkey', what);
  const header = requiredSection(sections, 2, what);
  const points = requiredSection(sections, 3, what);
  const publicCount = header.getUint32(76, true);
  // alpha1, beta1, beta2, gamma2, delta1, delta2 follow the sizes, which end at byte 84.
  const alpha1 = 84;
  const beta2 = alpha1 + 2 * g1Bytes;
  const gamma2 = beta2 + g2Bytes;
  const delta2 = gamma2 + g2Bytes + g1Bytes;

  const bytes = new Uint8Array(headerBytes + g1Bytes + 3 * g2Bytes + (publicCount + 1) * g1Bytes);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from('FBVK', 'latin1'), 0);
  view.setUint16(4, 1, true);
  view.setUint8(6, insecure ? 1 : 0);
  view.setUint8(7, publicCount);
  let offset = headerBytes;
  const copy = (source: DataView, positions: readonly number[]): void => {
    for (const position of positions) {
      writeBigEndian(view, offset, coordinate(source, position));
      offset += 32;
    }
  };
  copy(header, [alpha1, alpha1 + 32]);
  // In G2 a .zkey has x.c0, x.c1, y.c0, y.c1; EIP-197 puts the imaginary part first.
  for (const start of [beta2, gamma2, delta2]) {
    copy(header, [start + 32, start, start + 96, start + 64]);
  }
  for (let i = 0; i <= publicCount; i++) copy(points, [g1Bytes * i, g1Bytes * i + 32]);

  const digest = createHash('sha256').update('foldbook/vk/v1\n').update(bytes).digest('hex');
  return { bytes, digest };
}

function coordinate(source: DataView, offset: number): bigint {
  return (readLittleEndian(source, offset) * montgomeryInverse) % baseOrder;
}

/**
 * The container of iden3's binary files (.r1cs, .zkey, .wtns): 4 characters of type, u32 version,
 * u32 number of sections, then for each u32 id, u64 length and the bytes. Little-endian.
 */
export interface Section {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** The sections of `file` by id (the first of each id). Throws when it is not such a file. */
export function readSections(
  file: Uint8Array,
  type: string,
  what: string,
): ReadonlyMap<number, DataView> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < 12 || Buffer.from(file.subarray(0, 4)).toString('latin1') !== type) {
    throw new Error(`${what} is not a .${type} file; build the circuits again`);
  }
  const sections = new Map<number, DataView>();
  let offset = 12;
  for (let i = 0; i < view.getUint32(8, true); i++) {
    const truncated = offset + 12 > file.byteLength;
    const sizeBytes = truncated ? 0 : Number(view.getBigUint64(offset + 4, true));
    if (truncated || offset + 12 + sizeBytes > file.byteLength) {
      throw new Error(`${what} ends inside section ${i + 1}; build the circuits again`);
    }
    const id = view.getUint32(offset, true);
    const start = file.byteOffset + offset + 12;
    if (!sections.has(id)) sections.set(id, new DataView(file.buffer, start, sizeBytes));
    offset += 12 + sizeBytes;
  }
  return sections;
}

/** The section `id`, which the format requires. */
export function requiredSection(
  sections: ReadonlyMap<number, DataView>,
  id: number,
  what: string,
): DataView {
  const section = sections.get(id);
  if (!section) throw new Error(`${what} has no section ${id}; build the circuits again`);
  return section;
}

/** A whole file of the given sections, in order. */
export function writeSections(
  type: string,
  version: number,
  sections: readonly Section[],
): Uint8Array {
  const sizeBytes = sections.reduce((sum, section) => sum + 12 + section.bytes.length, 12);
  const file = new Uint8Array(sizeBytes);
  const view = new DataView(file.buffer);
  file.set(Buffer.from(type, 'latin1'), 0);
  view.setUint32(4, version, true);
  view.setUint32(8, sections.length, true);
  let offset = 12;
  for (const section of sections) {
    view.setUint32(offset, section.id, true);
    view.setBigUint64(offset + 4, BigInt(section.bytes.length), true);
    file.set(section.bytes, offset + 12);
    offset += 12 + section.bytes.length;
  }
  return file;
}

/** CRC-32C (Castagnoli, reflected), eight bytes a step. */
const POLYNOMIAL: u32 = 0x82f63b78;
/** Eight tables of 256 words, filled at the first use. */
const tables: usize = memory.data(8 * 1_024);

/** @param previous of the bytes before, 0 at the start */
export function crc32c(from: usize, bytes: u32, previous: u32): u32 {
  if (load<u32>(tables, 4) == 0) fill();
  let crc = ~previous;
  let at = from;
  const end = from + bytes;
  for (; end - at >= 8; at += 8) {
    const low = load<u32>(at) ^ crc;
    const high = load<u32>(at, 4);
    crc =
      word(7, low & 255) ^
      word(6, (low >> 8) & 255) ^
      word(5, (low >> 16) & 255) ^
      word(4, low >> 24) ^
      word(3, high & 255) ^
      word(2, (high >> 8) & 255) ^
      word(1, (high >> 16) & 255) ^
      word(0, high >> 24);
  }
  for (; at < end; at += 1) crc = word(0, (crc ^ load<u8>(at)) & 255) ^ (crc >> 8);
  return ~crc;
}

// @ts-ignore: decorator
@inline
function word(table: usize, index: u32): u32 {
  return load<u32>(tables + (table << 10) + (<usize>index << 2));
}

function fill(): void {
  for (let index: u32 = 0; index < 256; index += 1) {
    let crc = index;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1) ^ ((crc & 1) * POLYNOMIAL);
    store<u32>(tables + (<usize>index << 2), crc);
  }
  for (let table: usize = 1; table < 8; table += 1) {
    for (let index: u32 = 0; index < 256; index += 1) {
      const before = word(table - 1, index);
      const crc = (before >> 8) ^ word(0, before & 255);
      store<u32>(tables + (table << 10) + (<usize>index << 2), crc);
    }
  }
}

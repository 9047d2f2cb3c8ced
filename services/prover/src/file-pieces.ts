// SPDX-License-Identifier: GPL-3.0-or-later
import { open } from 'node:fs/promises';
import type { ByteSource } from '@foldbook/verifier';

/** Has a file read in pieces, as long as it is open. */
export async function readPieces<T>(
  path: string,
  read: (file: ByteSource) => Promise<T>,
): Promise<T> {
  await using handle = await open(path);
  const { size } = await handle.stat();
  return await read({
    length: size,
    read: async (offset, length) => {
      const buffer = new Uint8Array(length);
      const { bytesRead } = await handle.read({ buffer, position: offset });
      return buffer.subarray(0, bytesRead);
    },
  });
}

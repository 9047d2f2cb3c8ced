// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { publicKeyOf } from '@foldbook/verifier';
import { createFile } from './durable-file.ts';
import { messageOf, ProverError } from './prover-error.ts';

const SECRET_BYTES = 32;

/** The Ed25519 key that signs this operator's epoch headers. */
export interface OperatorKey {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * Reads the key file (64 hex digits), or makes a new one that only its owner may read.
 * @throws ProverError KEY_FILE
 */
export async function loadOperatorKey(path: string): Promise<OperatorKey> {
  // Only where there is none: a key may lie in a folder that is read-only.
  if (!existsSync(path)) await makeKey(path);
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new ProverError(
      'KEY_FILE',
      `${path}: others may read the operator's secret key (mode ${(mode & 0o777).toString(8)}); ` +
        'run chmod 600 on it',
    );
  }
  const text = (await readFile(path, 'utf8')).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new ProverError(
      'KEY_FILE',
      `${path}: not an operator key (64 hex digits expected); restore it, or remove it to start ` +
        'a new operator with new stores',
    );
  }
  const secretKey = Uint8Array.from(Buffer.from(text, 'hex'));
  return { secretKey, publicKey: publicKeyOf(secretKey) };
}

async function makeKey(path: string): Promise<void> {
  const fresh = `${randomBytes(SECRET_BYTES).toString('hex')}\n`;
  try {
    await mkdir(dirname(path), { recursive: true });
    // Whoever comes second, a prover started at the same time included, reads the first one's key.
    await createFile(path, Buffer.from(fresh), 0o600);
  } catch (error) {
    throw new ProverError(
      'KEY_FILE',
      `${path}: cannot make the operator's key (${messageOf(error)}); name another place with ` +
        'operatorKeyFile in the configuration',
    );
  }
}

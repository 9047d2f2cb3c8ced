/** The operator's word for the key that a node signs receipts with. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  CERTIFICATE_SIGNED_BYTES,
  certificateMessage,
  encodeCertificate,
} from '@foldbook/protocol';
import { KeyFileError, loadSecretKey, SigningKey } from '@foldbook/runtime';
import { isSoundKey } from '@foldbook/verifier/receipts';
import { UsageError } from './cli-error.ts';
import { fileTrouble } from './file-trouble.ts';

/** The `receipts` of a market's configuration. */
export interface ReceiptFiles {
  readonly keyFile: string;
  readonly certificateFile: string;
}

/** @throws UsageError for a file that holds no operator's key, and for a node key that is none */
export async function certifyKey(
  operatorKeyFile: string,
  nodeKey: Uint8Array,
): Promise<Uint8Array> {
  // Others would leave it to the verifier what was signed with them.
  if (!isSoundKey(nodeKey)) throw new UsageError('that is no Ed25519 public key');
  const operator = await loadKey(operatorKeyFile);
  const timeNs = BigInt(Date.now()) * 1_000_000n;
  const bytes = encodeCertificate({ timeNs, nodeKey, operatorKey: operator.publicKey });
  bytes.set(operator.sign(certificateMessage(bytes)), CERTIFICATE_SIGNED_BYTES);
  return bytes;
}

/** Hex and an end of line, as a node reads it. */
export async function writeCertificate(path: string, certificate: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${Buffer.from(certificate).toString('hex')}\n`);
  } catch (error) {
    throw new UsageError(`${path} can't be written: ${fileTrouble(error)}`);
  }
}

/**
 * Of a node whose market and prover are one person's on one machine: its `receipts` configuration,
 * with a key and a certificate that are made if they are not there. The operator's key is the one
 * beside `proofDir`, which the prover reads.
 */
export async function ownReceiptKeys(data: string, proofDir: string): Promise<ReceiptFiles> {
  const files = filesOf(data);
  const { publicKey } = await loadKey(files.keyFile);
  const operatorKeyFile = join(dirname(proofDir), 'operator.key');
  await writeCertificate(files.certificateFile, await certifyKey(operatorKeyFile, publicKey));
  return files;
}

/** The same where the operator's key is elsewhere: the key is made, a certificate may come. */
export async function nodeReceiptKeys(data: string): Promise<{
  readonly files: ReceiptFiles;
  /** Hex, as `foldbook keys certify` takes it. */
  readonly publicKey: string;
  readonly isCertified: boolean;
}> {
  const files = filesOf(data);
  const { publicKey } = await loadKey(files.keyFile);
  const isCertified = existsSync(files.certificateFile);
  return { files, publicKey: Buffer.from(publicKey).toString('hex'), isCertified };
}

const filesOf = (data: string): ReceiptFiles => ({
  keyFile: join(data, 'receipt.key'),
  certificateFile: join(data, 'receipt.certificate'),
});

async function loadKey(path: string): Promise<SigningKey> {
  try {
    return new SigningKey(await loadSecretKey(path));
  } catch (error) {
    if (error instanceof KeyFileError) throw new UsageError(error.message);
    throw new UsageError(`${path} can't be read: ${fileTrouble(error)}`);
  }
}

/** The key that a node signs receipts with, and the operator's certificate of it. */
import { readFile } from 'node:fs/promises';
import { decodeCertificate } from '@foldbook/protocol';
import { type Logger, loadSecretKey, SigningKey } from '@foldbook/runtime';
import type { MarketConfig } from './config.ts';
import type { ReceiptKey } from './receipt-desk.ts';

/**
 * Undefined where no receipts are configured.
 * @throws KeyFileError; Error for a certificate that is of another key, or none
 */
export async function loadReceiptKey(
  config: MarketConfig['receipts'],
  logger: Logger,
): Promise<ReceiptKey | undefined> {
  if (config === undefined) return undefined;
  const key = new SigningKey(await loadSecretKey(config.keyFile));
  const { certificateFile } = config;
  const hex = certificateFile === undefined ? undefined : await readIfThere(certificateFile);
  const publicKey = Buffer.from(key.publicKey).toString('hex');
  if (hex === undefined) {
    const mend = `foldbook keys certify ${publicKey} makes one`;
    logger.warn(`no operator's certificate for the key of receipts; ${mend}`, { publicKey });
    return { key, certificate: undefined };
  }
  const certificate = new Uint8Array(Buffer.from(hex.trim(), 'hex'));
  const decoded = decodeCertificate(certificate);
  if (!decoded.ok) {
    throw new Error(`${certificateFile}: no certificate: ${decoded.detail}; make it anew`);
  }
  if (Buffer.compare(decoded.value.nodeKey, key.publicKey) !== 0) {
    const mend = `make one with foldbook keys certify ${publicKey}`;
    throw new Error(`${certificateFile} is of another key than ${config.keyFile}: ${mend}`);
  }
  return { key, certificate };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

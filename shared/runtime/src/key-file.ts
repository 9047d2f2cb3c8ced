/** Secret keys in files of their own, which nobody but their owner may read. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, syncFolder } from './durable-folder.ts';

const SECRET_BYTES = 32;

/** A file is no key, may be read by others, or can't be made; the message says how to mend it. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/**
 * The secret in a key file (64 hex digits). Where there is none a new one is made, mode 0600; of
 * two processes that do so at once both have the first one's.
 * @throws KeyFileError; nothing of the secret is in its words
 */
export async function loadSecretKey(path: string): Promise<Uint8Array> {
  // Only where there is none: a key may lie in a folder that is read-only.
  if (!existsSync(path)) await makeKey(path);
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8);
    throw new KeyFileError(
      `${path}: others may read the secret key (mode ${shown}); run chmod 600 on it`,
    );
  }
  const text = (await readFile(path, 'utf8')).trim();
  if (/^[0-9a-f]{64}$/.test(text)) return new Uint8Array(Buffer.from(text, 'hex'));
  throw new KeyFileError(
    `${path}: not a secret key (64 hex digits expected); restore it, or remove it to begin with ` +
      'a new one',
  );
}

async function makeKey(path: string): Promise<void> {
  const secret = randomBytes(SECRET_BYTES).toString('hex');
  const draft = `${path}.draft-${randomBytes(6).toString('hex')}`;
  try {
    await makeFolder(dirname(path));
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${secret}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
    await syncFolder(dirname(path));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new KeyFileError(`${path}: can't make a key (${words}); name another file`);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/**
 * Takes the proving key of a ceremony into the build folder, if it is the one that
 * circuits/digests.json pins. `foldbook keys import` starts this file and then the build.
 *
 *     node circuits/import-key.ts CIRCUIT FILE
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { extractVerifyingKey } from './builder/verifying-key.ts';
import { buildDir } from './src/artifacts.ts';
import { type CircuitDigests, circuitNames, importedKeyFile, pinnedDigests } from './src/index.ts';

type PinnedKey = Pick<CircuitDigests, 'zkey' | 'vk' | 'insecure'>;

/**
 * Copies a proving key to where the build takes it from. Throws where a development key is pinned
 * for the circuit, or another one than the file's.
 */
export function importKey(circuit: string, file: string, pinned: PinnedKey, dir: string): void {
  if (pinned.insecure) {
    throw new Error(
      `circuits/digests.json pins a development key for ${circuit}: pin zkey and vk as "foldbook ` +
        'keys ceremony --zkey" prints them, with "insecure": false, first (docs/ceremony.md)',
    );
  }
  const zkey = checkedKey(circuit, fs.readFileSync(file), file, pinned);
  const target = importedKeyFile(pinned.zkey, dir);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  // A build that runs sees all of it or nothing.
  const draft = `${target}.${process.pid}`;
  fs.writeFileSync(draft, zkey);
  fs.renameSync(draft, target);
}

/** The imported proving key that is pinned. Throws where it is not there, or not that one. */
export function readImportedKey(circuit: string, pinned: PinnedKey, dir: string): Uint8Array {
  const file = importedKeyFile(pinned.zkey, dir);
  if (!fs.existsSync(file)) {
    throw new Error(
      `circuit ${circuit}: its key is of a ceremony, and is not here: fetch the proving key with ` +
        `SHA-256 ${pinned.zkey} and run: foldbook keys import --circuit ${circuit} --zkey FILE`,
    );
  }
  return checkedKey(circuit, fs.readFileSync(file), file, pinned);
}

function checkedKey(
  circuit: string,
  zkey: Uint8Array,
  file: string,
  pinned: PinnedKey,
): Uint8Array {
  const found = createHash('sha256').update(zkey).digest('hex');
  if (found !== pinned.zkey) {
    throw new Error(`${file}: SHA-256 ${found}; ${pinned.zkey} is pinned for ${circuit}`);
  }
  const { digest } = extractVerifyingKey(zkey, pinned.insecure);
  if (digest === pinned.vk) return zkey;
  throw new Error(`${file}: its verifying key is ${digest}; ${pinned.vk} is pinned for ${circuit}`);
}

function main([name, file]: readonly string[]): void {
  const circuit = circuitNames.find((known) => known === name);
  if (circuit === undefined || file === undefined) {
    throw new Error(`import-key.ts takes a circuit (${circuitNames.join(', ')}) and a file`);
  }
  importKey(circuit, file, pinnedDigests()[circuit], buildDir);
}

if (import.meta.main) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

/** Puts a chain that tests have built where a proof store has it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isStarkGenesis } from '@foldbook/verifier';

interface BuiltChain {
  readonly genesis: { readonly name: string };
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Into `<store>/<market>`, a STARK chain into the folder there that is its own. */
export async function writeChain(store: string, { genesis, files }: BuiltChain): Promise<void> {
  const isStark = isStarkGenesis(files.get('genesis.fbg') ?? new Uint8Array());
  for (const [file, bytes] of files) {
    const isShared = file.endsWith('.fbr') || file.endsWith('.fbd');
    const folder = isStark && !isShared ? 'stark' : '';
    const path = join(store, genesis.name, folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

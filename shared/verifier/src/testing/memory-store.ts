import type { EpochSource } from '../epoch-source.ts';
import { KEY_CHANGES_FILE } from '../key-changes.ts';

/** A store as files by path within the market's folder: "genesis.fbg", "epochs/00000000.fbe". */
export type StoreFiles = ReadonlyMap<string, Uint8Array>;

export function memorySource(files: StoreFiles): EpochSource {
  const prefix = 'epochs/';
  return {
    genesis: async () => files.get('genesis.fbg'),
    keyChanges: async () => files.get(KEY_CHANGES_FILE),
    verifyingKey: async (digest) => files.get(`keys/${digest}.vk`),
    foldShape: async (digest) => files.get(`keys/${digest}.shape`),
    epochNames: async () =>
      [...files.keys()]
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length)),
    epochFile: async (name) => files.get(prefix + name),
  };
}

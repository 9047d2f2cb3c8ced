import type { EpochSource } from '../epoch-source.ts';

/** A store as files by path within the market's folder: "genesis.fbg", "epochs/00000000.fbe". */
export type StoreFiles = ReadonlyMap<string, Uint8Array>;

export function memorySource(files: StoreFiles): EpochSource {
  const prefix = 'epochs/';
  return {
    genesis: async () => files.get('genesis.fbg'),
    verifyingKey: async (digest) => files.get(`keys/${digest}.vk`),
    epochNames: async () =>
      [...files.keys()]
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length)),
    epochFile: async (name) => files.get(prefix + name),
  };
}

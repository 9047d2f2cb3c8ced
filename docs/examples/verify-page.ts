/** Verifies a market's STARK chain in a page; verify-page.html shows what comes of it. */
import { type EpochSource, SourceError, verifyChain } from '@foldbook/verifier';
import { kernelCommitments } from '@foldbook/verifier/stark-data';

/** @param store - where serve-store.ts answers, e.g. http://127.0.0.1:8090/ */
export function verifyMarket(store: string, level?: 'settlement' | 'data') {
  const options = { commitments: kernelCommitments };
  return verifyChain(served(store), level === undefined ? options : { ...options, level });
}

function served(store: string): EpochSource {
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const response = await fetch(new URL(path, store)).catch((error: unknown) => {
      throw new SourceError(
        'STORE_READ',
        `${store} does not answer (${error}): is it served there?`,
      );
    });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    if (response.status === 404) return undefined;
    throw new SourceError('STORE_READ', `${response.url} answers ${response.status}`);
  };
  return {
    genesis: () => read('genesis'),
    keyChanges: () => read('key-changes'),
    // A STARK chain has none.
    verifyingKey: async () => undefined,
    epochNames: async () => JSON.parse(new TextDecoder().decode(await read('epochs'))),
    epochFile: (name) => read(`epochs/${name}`),
  };
}

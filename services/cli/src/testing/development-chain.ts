import { readFile } from 'node:fs/promises';
import {
  BackEnd,
  compareKinds,
  type EpochHeader,
  hexToBytes,
  pinnedKeys,
} from '@foldbook/verifier';
import { ChainBuilder } from '@foldbook/verifier/testing';

const KEYS = new URL('../../../../circuits/build/keys/', import.meta.url);

/**
 * Of this release's development keys; nothing is proved, as its one epoch has no record.
 * @param fields - of its header, in the place of those that it would have
 */
export async function developmentChain(fields: Partial<EpochHeader> = {}): Promise<ChainBuilder> {
  const ofRelease = pinnedKeys.filter(
    ({ circuit, backEnd }) =>
      backEnd !== BackEnd.FOLDING && ['batch-15', 'accounts-4'].includes(circuit),
  );
  const keys = ofRelease.map(({ role, size, digest }) => {
    return { role, size, backEnd: BackEnd.GROTH16, digest: hexToBytes(digest) };
  });
  const chain = new ChainBuilder({ genesis: { keys: keys.sort(compareKinds) } });
  chain.addEpoch([], { header: (header) => Object.assign(header, fields) });
  for (const { digest } of ofRelease) {
    chain.files.set(`keys/${digest}.vk`, await readFile(new URL(`${digest}.vk`, KEYS)));
  }
  return chain;
}

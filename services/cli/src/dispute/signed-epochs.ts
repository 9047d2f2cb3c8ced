/** The signed headers of a proof store, each checked to follow the one before. */
import {
  chainStateAfter,
  checkHeader,
  decodeEpochFile,
  decodeGenesis,
  type EpochHeader,
  epochFileName,
  type Genesis,
  genesisHash,
  initialChainState,
  listEpochs,
  type OperatorKeys,
  readOperatorKeys,
  type SignedHeader,
  SourceError,
} from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { UsageError } from '../cli-error.ts';
import { printable } from '../printable.ts';

export interface SignedEpoch {
  readonly header: EpochHeader;
  readonly signed: SignedHeader;
}

export interface SignedChain {
  readonly genesis: Genesis;
  readonly genesisBytes: Uint8Array;
  /** The list of changes of the operator's key as the store has it, and checked. */
  readonly keyChanges: Uint8Array | undefined;
  readonly operatorKeys: OperatorKeys;
  readonly epochs: readonly SignedEpoch[];
}

/** Proofs are not looked at: the headers are what the operator has put its name to. */
export async function readSignedChain(store: string, market: string): Promise<SignedChain> {
  const unfit = (words: string) =>
    new UsageError(
      `${store}, ${market}: ${printable(words)}; see foldbook verify --store ${store}`,
    );
  try {
    const source = openStoreFolder(store, market);
    const genesisBytes = await source.genesis();
    if (genesisBytes === undefined) throw unfit('there is no genesis.fbg');
    const genesis = decodeGenesis(genesisBytes);
    if (!genesis.ok) throw unfit(genesis.error.message);
    if (genesis.value.name !== market) throw unfit(`the genesis is of ${genesis.value.name}`);
    const hash = genesisHash(genesisBytes);
    const keyChanges = await source.keyChanges();
    const operatorKeys = readOperatorKeys(genesis.value, hash, keyChanges);
    if (!operatorKeys.ok) throw unfit(`${operatorKeys.code}: ${operatorKeys.message}`);
    const context = { genesis: genesis.value, genesisHash: hash, operatorKeys };
    const listing = listEpochs(await source.epochNames());
    if (!listing.ok) throw unfit(listing.message);
    const epochs: SignedEpoch[] = [];
    let state = initialChainState(hash);
    for (let epoch = 0; epoch < listing.epochs; epoch += 1) {
      const file = await source.epochFile(epochFileName(epoch));
      const decoded = file === undefined ? undefined : decodeEpochFile(file);
      if (decoded === undefined) throw unfit(`epoch ${epoch} is not there any more`);
      if (!decoded.ok) throw unfit(`epoch ${epoch}: ${decoded.error.message}`);
      const verdict = checkHeader(context, state, decoded.value);
      if (!verdict.ok) throw unfit(`epoch ${epoch}: ${verdict.code}: ${verdict.message}`);
      const { header, headerBytes, signature } = decoded.value;
      state = chainStateAfter(header, headerBytes);
      epochs.push({ header, signed: { header: headerBytes, signature, keyChanges } });
    }
    return { genesis: genesis.value, genesisBytes, keyChanges, operatorKeys, epochs };
  } catch (error) {
    if (error instanceof SourceError) throw unfit(error.message);
    throw error;
  }
}

/** The signed headers of a proof store, each checked to follow the one before. */
import {
  type AnyHeader,
  type ChainKind,
  type ChainStart,
  type ChainState,
  chainStateAfter,
  chainStateFrom,
  checkHeader,
  decodeEpochOf,
  epochFileName,
  type GenesisFields,
  initialChainState,
  listEpochs,
  type OperatorKeys,
  readGenesisFile,
  readOperatorKeys,
  type SignedHeader,
  SourceError,
} from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { UsageError } from '../cli-error.ts';
import { printable } from '../printable.ts';

export interface SignedEpoch {
  readonly header: AnyHeader;
  readonly signed: SignedHeader;
}

export interface SignedChain {
  readonly kind: ChainKind;
  readonly genesis: GenesisFields;
  readonly genesisBytes: Uint8Array;
  /** The list of changes of the operator's key as the store has it, and checked. */
  readonly keyChanges: Uint8Array | undefined;
  readonly operatorKeys: OperatorKeys;
  readonly epochs: readonly SignedEpoch[];
}

/**
 * Proofs are not looked at: the headers are what the operator has put its name to.
 * @throws UsageError for a chain that is not whole
 */
export async function readSignedChain(
  store: string,
  market: string,
  kind: ChainKind = 'poseidon',
): Promise<SignedChain> {
  const unfit = (words: string) =>
    new UsageError(
      `${store}, ${market}: ${printable(words)}; see foldbook verify --store ${store}`,
    );
  try {
    const source = openStoreFolder(store, market, { chain: kind });
    const genesisBytes = await source.genesis();
    if (genesisBytes === undefined) throw unfit('there is no genesis.fbg');
    const start = readGenesisFile(genesisBytes);
    if ('ok' in start) throw unfit(start.message);
    const { genesis, genesisHash } = start;
    if (start.chain !== kind) throw unfit(`the genesis is of a ${start.chain} chain`);
    if (genesis.name !== market) throw unfit(`the genesis is of ${genesis.name}`);
    const keyChanges = await source.keyChanges();
    const operatorKeys = readOperatorKeys(genesis, genesisHash, keyChanges);
    if (!operatorKeys.ok) throw unfit(`${operatorKeys.code}: ${operatorKeys.message}`);
    const context = { genesis, genesisHash, operatorKeys };
    const listing = listEpochs(await source.epochNames());
    if (!listing.ok) throw unfit(listing.message);
    const epochs: SignedEpoch[] = [];
    let state = stateAt(start);
    for (let epoch = 0; epoch < listing.epochs; epoch += 1) {
      const file = await source.epochFile(epochFileName(epoch));
      const decoded = file === undefined ? undefined : decodeEpochOf(kind, file);
      if (decoded === undefined) throw unfit(`epoch ${epoch} is not there any more`);
      if (!decoded.ok) throw unfit(`epoch ${epoch}: ${decoded.error.message}`);
      const verdict = checkHeader(context, state, decoded.value);
      if (!verdict.ok) throw unfit(`epoch ${epoch}: ${verdict.code}: ${verdict.message}`);
      const { header, headerBytes, signature } = decoded.value;
      state = chainStateAfter(header, headerBytes);
      epochs.push({ header, signed: { header: headerBytes, signature, keyChanges } });
    }
    return { kind, genesis, genesisBytes, keyChanges, operatorKeys, epochs };
  } catch (error) {
    if (error instanceof SourceError) throw unfit(error.message);
    throw error;
  }
}

/** Before the first epoch. */
function stateAt(start: ChainStart): ChainState<bigint | Uint8Array> {
  const { chain, genesis, genesisHash } = start;
  if (chain === 'poseidon') return initialChainState(genesisHash);
  return chainStateFrom(genesisHash, genesis.emptyRoot);
}

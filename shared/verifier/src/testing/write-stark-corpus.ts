/**
 * Writes the corpus of `foldbook check fuzz` of the STARK chain: files of a small one of the real
 * prover, whose proofs have one query, so that they are small, and a genesis that is acceptable.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { decodeStarkEpochFile, encodeStarkEpochFile } from '../stark/epoch-file.ts';
import { decoded } from './decoded.ts';
import { everyKind } from './records.ts';
import { StarkChainBuilder } from './stark-chain-builder.ts';

const chain = new StarkChainBuilder({
  partRecords: 5,
  genesis: { parameters: { logBlowup: 2, queries: 1, grindingBits: 0 } },
});
chain.addEpoch(everyKind);
chain.addEpoch([]);

const fileOf = (name: string): Uint8Array => chain.files.get(name) ?? new Uint8Array();
const [parts, none] = [fileOf('epochs/00000000.fbe'), fileOf('epochs/00000001.fbe')];
const epoch = decoded(decodeStarkEpochFile(parts));
/** A reader of epochs passes over proofs: of these, more inputs are changed elsewhere. */
const cut = epoch.parts.map(({ statement, proof }) => ({ statement, proof: proof.slice(0, 40) }));

for (const [path, bytes] of [
  ['stark-genesis/market.fbg', new StarkChainBuilder().files.get('genesis.fbg')],
  ['stark-genesis/one-query.fbg', fileOf('genesis.fbg')],
  ['stark-header/two-parts.fbh', epoch.headerBytes],
  ['stark-header/no-parts.fbh', decoded(decodeStarkEpochFile(none)).headerBytes],
  ['stark-epoch-file/two-parts.fbe', parts],
  ['stark-epoch-file/cut-proofs.fbe', encodeStarkEpochFile({ ...epoch, parts: cut })],
  ['stark-epoch-file/no-parts.fbe', none],
] as const) {
  const file = new URL(`../../corpus/${path}`, import.meta.url);
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, bytes ?? new Uint8Array());
}

/** Whether something is proved, and what people are told where it is not. */
import type { ProvedCommand } from '@foldbook/client';
import type { ProofStatus } from '@foldbook/protocol';
import { plural } from './output.ts';

/** Of an accepted chain, or of an epoch as its prover tells of it. */
interface Shown {
  readonly devKeys: boolean;
  readonly level: string;
}

/** Proofs under development keys show nothing by themselves: only the records do. */
export const isProved = ({ devKeys, level }: Shown): boolean =>
  !(devKeys && level === 'settlement');

export const NOT_PROVED = 'SIGNED, BUT NOT PROVED';

export const DEV_KEYS_WARNING = '  WARNING: development keys: anyone can forge proofs under them';

/** What a command waits for that is not proved; no status where no prover answers. */
export function waitingWords(market: string, status: ProofStatus | undefined): string {
  if (status === undefined) return `no prover answers for ${market}; start one: foldbook up prover`;
  const { provedTo, recordsBacklog } = status;
  const reach = `not proved yet: the proofs reach sequence ${provedTo}`;
  // An epoch without records stays open: this may be all night.
  return recordsBacklog === 0
    ? `${reach}, no record is to be proved; what moves no funds waits for the next trade or deposit`
    : `${reach}, ${plural(recordsBacklog, 'record')} to be proved`;
}

/** The prover's word on a command. */
export function provedWords(proof: ProvedCommand): string {
  const { epoch, sequenceFirst, sequenceLast, level, headerHash, path } = proof;
  const verdict = isProved(proof) ? 'proved in' : `${NOT_PROVED}:`;
  return [
    `${verdict} epoch ${epoch} (sequences ${sequenceFirst} to ${sequenceLast}, level ${level}): ` +
      `${path} in the proof store, header ${headerHash}`,
    ...(proof.devKeys ? [DEV_KEYS_WARNING] : []),
  ].join('\n');
}

/**
 * Which checkpoints a partition is recovered from: the newest of each of its markets, and for
 * markets that have none where in the log they begin. A msgpack map, sealed by its store.
 */
import { isMarketName } from '@foldbook/protocol';
import { decode, encode } from '@msgpack/msgpack';
import { z } from 'zod';

const VERSION = 1;

const entrySchema = z.object({
  market: z.string().refine(isMarketName),
  id: z.int().min(1),
  /** Log sequence of the market's first group. */
  firstLogSequence: z.int().min(1),
  /** Log sequence that its newest checkpoint stands at; 0 for none. */
  checkpoint: z.int().min(0),
});

const manifestSchema = z.object({ v: z.literal(VERSION), markets: z.array(entrySchema) });

export type ManifestEntry = z.infer<typeof entrySchema>;

export const manifestName = (partition: number) => `p${partition}.manifest`;

/** Names of a market's checkpoints begin so, and end with the log sequence in 16 digits. */
export const checkpointPrefix = (partition: number, market: string) => `p${partition}.${market}.`;

export const checkpointName = (partition: number, market: string, logSequence: number) =>
  `${checkpointPrefix(partition, market)}${String(logSequence).padStart(16, '0')}`;

export const encodeManifest = (markets: readonly ManifestEntry[]) =>
  encode({ v: VERSION, markets });

/** Undefined for anything that is none. */
export function decodeManifest(bytes: Uint8Array): readonly ManifestEntry[] | undefined {
  try {
    return manifestSchema.safeParse(decode(bytes)).data?.markets;
  } catch {
    return undefined;
  }
}

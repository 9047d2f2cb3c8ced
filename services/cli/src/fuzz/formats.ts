/** Everything that is fuzzed, by name, and the inputs that are kept of it. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FuzzTarget } from './fuzz-target.ts';
import { MARKET_FORMATS, openMarketFormat } from './market-formats.ts';
import { Mutator } from './mutator.ts';
import { packedTarget } from './packed-target.ts';
import { openWireFormat, packageOf, WIRE_FORMATS } from './wire-formats.ts';

export const FORMATS: readonly string[] = [...MARKET_FORMATS, 'packed', ...WIRE_FORMATS];

const SHARED = new URL('../../../../shared/', import.meta.url);

export interface CorpusFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** @param folder - for a folder of the target's own, if it needs files */
export async function openFormat(name: string, folder: string): Promise<FuzzTarget> {
  const market = MARKET_FORMATS.find((one) => one === name);
  if (market !== undefined) return openMarketFormat(market);
  if (name === 'packed') return packedTarget(mkdtempSync(join(folder, name)));
  const wire = WIRE_FORMATS.find((one) => one === name);
  if (wire !== undefined) return openWireFormat(wire);
  throw new Error(`there is no format ${name}`);
}

/** Each beside what decodes it: small inputs that are right, and all that once were not. */
export function corpusFolder(name: string): string {
  const wire = WIRE_FORMATS.find((one) => one === name);
  const part = wire === undefined ? 'history' : packageOf(wire);
  return fileURLToPath(new URL(`${part}/corpus/${name}/`, SHARED));
}

export function readCorpus(name: string): CorpusFile[] {
  const folder = corpusFolder(name);
  const names = readdirSync(folder).sort();
  return names.map((file) => ({ name: file, bytes: readFileSync(`${folder}${file}`) }));
}

export function mutatorOf({ isText, words, mend }: FuzzTarget, corpus: readonly CorpusFile[]) {
  return new Mutator({ corpus: corpus.map(({ bytes }) => bytes), isText, words, mend });
}

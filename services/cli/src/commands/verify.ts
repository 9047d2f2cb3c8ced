import { resolve } from 'node:path';
import { type ChainResult, type EpochSource, verifyChain } from '@foldbook/verifier';
import { listMarkets, openStoreFolder } from '@foldbook/verifier/node';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { duration } from '../output.ts';
import { DEFAULT_PROOF_DIR } from '../paths.ts';

export const verify: CliCommand = {
  name: 'verify',
  summary: 'check the chain of epochs and proofs of a market',
  help: `
Usage: foldbook verify [--store DIR] [--market NAME] [--epochs A..B] [--level L] [--genesis HASH]

Needs no key, no server and no engine: only the folder of epochs that a prover wrote.

  --store DIR       folder of the proof store (default ${DEFAULT_PROOF_DIR})
  --market NAME     the market (default: the only one in the folder)
  --epochs A..B     check the proofs of these epochs only (headers from genesis always)
  --level L         settlement (headers and proofs), or data (also every settlement record);
                    default: data where the records are there
  --genesis HASH    the genesis you expect; without it the folder's own is shown, and a folder
                    made up from nothing would pass
  --json            one JSON object

Exit status 1, with the reason, at the first thing that does not check.
Example: foldbook verify --store ${DEFAULT_PROOF_DIR}`,
  options: {
    store: { type: 'string' },
    market: { type: 'string' },
    epochs: { type: 'string' },
    level: { type: 'string' },
    genesis: { type: 'string' },
  },
  run: async (context) => {
    const store = resolve(context.text('store') ?? DEFAULT_PROOF_DIR);
    const level = context.text('level');
    if (level !== undefined && level !== 'settlement' && level !== 'data') {
      throw new UsageError(`--level ${level}: this version checks settlement and data`);
    }
    const market = context.text('market') ?? (await onlyMarket(store));
    const range = epochRange(context.text('epochs'));
    const genesisHash = context.text('genesis');
    const startMs = performance.now();
    const { source, bytesRead } = counted(openStoreFolder(store, market));
    const result = await verifyChain(source, {
      ...range,
      ...(level === undefined ? {} : { level }),
      ...(genesisHash === undefined ? {} : { genesisHash }),
    });
    const ms = performance.now() - startMs;
    context.output.result({ ...result, ms, bytes: bytesRead() }, resultWords(result, ms));
    return result.ok ? 0 : 1;
  },
};

/** The source, and how many bytes of it were read: what a light client would have to fetch. */
function counted(inner: EpochSource): { source: EpochSource; bytesRead: () => number } {
  let bytes = 0;
  const count = async (reading: Promise<Uint8Array | undefined>) => {
    const file = await reading;
    bytes += file?.byteLength ?? 0;
    return file;
  };
  const source: EpochSource = {
    ...(inner.market === undefined ? {} : { market: inner.market }),
    genesis: () => count(inner.genesis()),
    verifyingKey: (digest) => count(inner.verifyingKey(digest)),
    epochNames: () => inner.epochNames(),
    epochFile: (name) => count(inner.epochFile(name)),
  };
  return { source, bytesRead: () => bytes };
}

async function onlyMarket(store: string): Promise<string> {
  const markets = await listMarkets(store);
  const [first] = markets;
  if (first !== undefined && markets.length === 1) return first;
  const found = markets.length === 0 ? 'holds no market' : `holds ${markets.join(', ')}`;
  throw new UsageError(`${store} ${found}: name one with --market, or another --store`);
}

function epochRange(text: string | undefined): { from?: number; to?: number } {
  if (text === undefined) return {};
  const match = /^([0-9]{1,9})\.\.([0-9]{1,9})$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2]);
  if (match !== null && from <= to) return { from, to };
  throw new UsageError(`--epochs ${text}: give a range like 0..3`);
}

export function resultWords(result: ChainResult, ms: number): string {
  if (!result.ok) {
    const failure = result.firstFailure;
    const where =
      failure.epoch === undefined ? failure.part : `epoch ${failure.epoch}, ${failure.part}`;
    return `REFUSED: ${where}: ${failure.code}: ${failure.message}`;
  }
  const lines = [
    `VERIFIED: ${result.market}, ${result.epochs} epochs, ${result.proofs} proofs, ` +
      `level ${result.level}, ${duration(ms)}`,
    `  genesis ${result.genesisHash}`,
    `  root    ${result.fromRoot}`,
    `       -> ${result.toRoot}`,
    ...(result.devKeys ? ['  WARNING: development keys: anyone can forge proofs under them'] : []),
    'shown:',
    ...result.shown.map((line) => `  + ${line}`),
    'not shown:',
    ...result.notShown.map((line) => `  - ${line}`),
  ];
  return lines.join('\n');
}

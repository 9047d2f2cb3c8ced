import { resolve } from 'node:path';
import { type ChainAccepted, type ChainResult, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { checkMarketName } from '../order-arguments.ts';
import { duration, plural, roundedMs } from '../output.ts';
import { DEFAULT_PROOF_DIR } from '../paths.ts';
import { verifyAccount } from '../verify-account.ts';
import { folderOptions, genesisFrom } from '../verify-options.ts';
import { completed, counted, findMarket } from '../verify-store.ts';

export const verify: CliCommand = {
  name: 'verify',
  summary: 'check the chain of epochs and proofs of a market',
  help: `
Usage: foldbook verify [--store DIR] [--market NAME] [--epochs A[..B]] [--level L] [--genesis HASH]
                       [--max-file MIB]
       foldbook verify --account FILE [--store DIR] [--genesis HASH] [--max-file MIB]

Needs no key, no server and no engine: only the folder of epochs that a prover wrote.

  --store DIR       folder of the proof store (default ${DEFAULT_PROOF_DIR})
  --market NAME     the market (default: the only one in the folder)
  --epochs A[..B]   check the proofs of these epochs only (headers from genesis to there always)
  --level L         settlement (headers and proofs), or data (also every settlement record);
                    default: data where the records are there
  --genesis HASH    the genesis you expect; without it the folder's own is shown, and a folder
                    made up from nothing would pass
  --max-file MIB    read no file larger than this, as a store may be anybody's (default 64, which
                    is two million records an epoch)
  --account FILE    a file of "foldbook balance --prove": is it signed, and, with --store, is it of
                    the chain, whose epochs up to it are verified too, and of its last root?
  --json            one JSON object

Exit status 1, with the reason, at the first thing that does not check, when there is no epoch, and
at level settlement under development keys, whose proofs anybody can forge; 2 when there is no such
market in the folder.
Example: foldbook verify --store ${DEFAULT_PROOF_DIR}`,
  takes: [],
  options: {
    account: { type: 'string' },
    store: { type: 'string' },
    market: { type: 'string' },
    epochs: { type: 'string' },
    level: { type: 'string' },
    genesis: { type: 'string' },
    'max-file': { type: 'string' },
  },
  run: async (context) => {
    const accountFile = context.text('account');
    if (accountFile !== undefined) return verifyAccount(context, accountFile);
    const store = resolve(context.text('store') ?? DEFAULT_PROOF_DIR);
    const level = context.text('level');
    if (level !== undefined && level !== 'settlement' && level !== 'data') {
      throw new UsageError(`--level ${level}: this version checks settlement and data`);
    }
    const asked = context.text('market');
    if (asked !== undefined) checkMarketName(asked);
    const range = epochRange(context.text('epochs'));
    const genesisHash = genesisFrom(context.text('genesis'));
    const folder = folderOptions(context.text('max-file'));
    const market = await findMarket(store, asked);
    const startMs = performance.now();
    const { source, bytesRead } = counted(openStoreFolder(store, market, folder));
    const verified = await verifyChain(source, {
      ...range,
      ...(level === undefined ? {} : { level }),
      ...(genesisHash === undefined ? {} : { genesisHash }),
    });
    const ms = roundedMs(performance.now() - startMs);
    const levelChosen = level === undefined;
    const result = await completed(verified, { source, to: range.to, levelChosen });
    context.output.result({ ...result, ms, bytes: bytesRead() }, resultWords(result, ms));
    return result.ok && isProved(result) ? 0 : 1;
  },
};

function epochRange(text: string | undefined): { from?: number; to?: number } {
  if (text === undefined) return {};
  const match = /^([0-9]{1,15})(?:\.\.([0-9]{1,15}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = match?.[2] === undefined ? from : Number(match[2]);
  if (match !== null && from <= to) return { from, to };
  throw new UsageError(`--epochs ${text}: give one epoch, like 3, or a range, like 0..3`);
}

/** Proofs under development keys show nothing by themselves: only the records do. */
const isProved = ({ devKeys, level }: ChainAccepted) => !(devKeys && level === 'settlement');

export function resultWords(result: ChainResult, ms: number): string {
  if (!result.ok) {
    const failure = result.firstFailure;
    const where =
      failure.epoch === undefined ? failure.part : `epoch ${failure.epoch}, ${failure.part}`;
    return `REFUSED: ${where}: ${failure.code}: ${failure.message}`;
  }
  const verdict = isProved(result) ? 'VERIFIED' : 'SIGNED, BUT NOT PROVED';
  const lines = [
    `${verdict}: ${result.market}, ${plural(result.epochs, 'epoch')}, ` +
      `${plural(result.proofs, 'proof')}, ` +
      `level ${result.level}, ${duration(ms)}`,
    `  genesis ${result.genesisHash}`,
    `  head    ${result.headHash}`,
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

import { resolve } from 'node:path';
import { type Comparison, isLevel, LEVELS, type Level } from '@foldbook/verifier';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { checkMarketName } from '../order-arguments.ts';
import { DEFAULT_PROOF_DIR } from '../paths.ts';
import { verifyAccount } from '../verify-account.ts';
import {
  type CheckedChain,
  chainFrom,
  checkChain,
  chosenChains,
  compared,
  comparisonWords,
  resultWords,
  toldOf,
} from '../verify-chains.ts';
import { folderOptions, genesisFrom, operatorFrom } from '../verify-options.ts';
import { openReplay } from '../verify-replay.ts';
import { findMarket } from '../verify-store.ts';

export const verify: CliCommand = {
  name: 'verify',
  summary: 'check the chain of epochs and proofs of a market',
  help: `
Usage: foldbook verify [--store DIR] [--market NAME] [--chain C] [--epochs A[..B]] [--level L]
                       [--genesis HASH] [--operator KEY] [--max-file MIB]
       foldbook verify --account FILE [--store DIR] [--out FOLDER] [--genesis HASH] [--operator KEY]
                       [--max-file MIB]
       foldbook verify --level replay --log FOLDER | --nats URL [--partition N] [as above]

Needs no key, no server and no engine: only the folder of epochs that a prover wrote. At level
replay it also needs the log: it executes every order again, and compares what comes of it.

  --store DIR       folder of the proof store (default ${DEFAULT_PROOF_DIR})
  --market NAME     the market (default: the only one in the folder)
  --chain C         poseidon or stark; default: each that the market has, and that both tell of the
                    same records and balances (if not: foldbook dispute --other-chain)
  --epochs A[..B]   check the proofs of these epochs only (headers from genesis to there always)
  --level L         settlement (headers and proofs), data (also every settlement record), or
                    replay (also the log, from its beginning); default: data where the records are
                    there
  --log FOLDER      segments of the log, LOG_0 in an embedded market's streams folder (the demo's),
                    or of a journal
  --nats URL        ...or the broker that keeps it; --user NAME, the password in $FOLDBOOK_PASSWORD
  --partition N     ...and which partition of it (default 0)
  --genesis HASH    the genesis you expect, and its chain alone; without it the folder's own is
                    shown, and a folder made up from nothing would pass
  --operator KEY    a key that the operator has, or had: a store without the change to it is
                    refused, since whoever has the key before could have made it
  --max-file MIB    read no file larger than this, compressed or not, and no more records an epoch
                    than it would hold as they are, as a store may be anybody's (default 64, which
                    is two million records)
  --account FILE    a file of "foldbook balance --prove": is it signed, and, with --store, is it of
                    the market's chain of its kind, whose epochs up to it are verified too, and of
                    its last root? Proofs of a STARK chain do not bind the tree that the file is
                    about: the records, where they are in the store, do. Where file and store
                    contradict each other they are evidence against who signed both, which goes to
                    --out FOLDER (default: here)
  --json            {"ok","verdict","market","genesisHash","headHash","epochs","proofs","folded",
                    "backend","chain","securityBits","level","devKeys","shown":[...],
                    "notShown":[...],"ms","bytes",...};
                    verdict: verified, signed (but not proved) or refused, then with "firstFailure":
                    {"epoch","part","code","message"}; ok: verified, as exit status 0 says.
                    Of two chains also "chains":[...], each as it is by itself, and "comparison":
                    {"ok","epochs","balances"}, or {"ok","epoch","code","message"}; all else is of
                    the first that is not verified, or of the STARK's.
                    With --account {"ok","verdict","chain","market","account","balance","owed",
                    "epoch",...}, or {"ok","verdict","code","message","evidence"}; without --store
                    verdict is signed, which ok says then

Exit status 1, with the reason, at the first thing that does not check, when there is no epoch, and
at level settlement under development keys, whose proofs anybody can forge (with --account and
--store too, and then also of a STARK chain whose records are not there); 2 when there is no such
market in the folder, when a chain there lost its genesis.fbg, or there is no such log.
Example: foldbook verify --store ${DEFAULT_PROOF_DIR}
Example: foldbook verify --level replay --log .foldbook/demo/streams/LOG_0
Example: foldbook verify --store .foldbook/node/proofs --level replay --nats nats://127.0.0.1:4222`,
  takes: [],
  options: {
    account: { type: 'string' },
    store: { type: 'string' },
    market: { type: 'string' },
    chain: { type: 'string' },
    epochs: { type: 'string' },
    level: { type: 'string' },
    genesis: { type: 'string' },
    operator: { type: 'string' },
    out: { type: 'string' },
    'max-file': { type: 'string' },
    log: { type: 'string' },
    nats: { type: 'string' },
    user: { type: 'string' },
    partition: { type: 'string' },
  },
  run: async (context) => {
    const accountFile = context.text('account');
    if (accountFile !== undefined) return verifyAccount(context, accountFile);
    const store = resolve(context.text('store') ?? DEFAULT_PROOF_DIR);
    const level = levelFrom(context);
    const asked = context.text('market');
    if (asked !== undefined) checkMarketName(asked);
    const range = epochRange(context.text('epochs'));
    const genesisHash = genesisFrom(context.text('genesis'));
    const operatorKey = operatorFrom(context.text('operator'));
    const folder = folderOptions(context.text('max-file'));
    const asChain = chainFrom(context.text('chain'));
    const market = await findMarket(store, asked);
    const question = { store, market, range, folder, level, genesisHash, operatorKey };
    const checked: CheckedChain[] = [];
    for (const chain of await chosenChains(question, asChain)) {
      checked.push(await checkChain(question, chain, (log) => openReplay(context, log)));
    }
    const comparison = await compared(question, checked);
    return report(context, checked, comparison);
  },
};

/** @returns the exit status */
function report(
  context: CommandContext,
  checked: readonly CheckedChain[],
  comparison: Comparison | undefined,
): number {
  const told = checked.map(toldOf);
  const ok = told.every((one) => one.ok) && comparison?.ok !== false;
  const [only, ...others] = told;
  const words = checked.map((one) => resultWords(one, checked.length > 1));
  if (comparison !== undefined) words.push(comparisonWords(comparison));
  if (only !== undefined && others.length === 0) context.output.result(only, words.join('\n'));
  else {
    const worst = told.find((one) => one.verdict === 'refused') ?? told.find((one) => !one.ok);
    const verdict = comparison?.ok === false ? 'refused' : (worst ?? only)?.verdict;
    const both = { ...(worst ?? only), ok, verdict, comparison, chains: told };
    context.output.result(both, words.join('\n\n'));
  }
  return ok ? 0 : 1;
}

function levelFrom(context: CommandContext): Level | undefined {
  const level = context.text('level');
  const isLog = ['log', 'nats', 'partition', 'user'].find((name) => context.text(name));
  if (level !== 'replay' && isLog !== undefined) {
    throw new UsageError(`--${isLog} is about the log, for --level replay: add that`);
  }
  if (level === undefined || isLevel(level)) return level;
  throw new UsageError(`--level ${level}: there are ${LEVELS.join(', ')}`);
}

function epochRange(text: string | undefined): { from?: number; to?: number } {
  if (text === undefined) return {};
  const match = /^([0-9]{1,15})(?:\.\.([0-9]{1,15}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = match?.[2] === undefined ? from : Number(match[2]);
  if (match !== null && from <= to) return { from, to };
  throw new UsageError(`--epochs ${text}: give one epoch, like 3, or a range, like 0..3`);
}

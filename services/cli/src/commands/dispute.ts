/** `dispute`: signed receipts against the proved chain and the log; evidence where they differ. */
import { readFile, stat } from 'node:fs/promises';
import { MAX_PARTITIONS, type Receipt } from '@foldbook/protocol';
import {
  bytesToHex,
  type ChainKind,
  chainCertifier,
  checkEvidence,
  EVIDENCE_CHARACTERS_MAX,
  evidenceText,
  hexToBytes,
  isCertified,
  ReceiptBook,
} from '@foldbook/verifier';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { compareAccountProofs } from '../dispute/account-conflict.ts';
import { compareChains, compareLogs, type Difference } from '../dispute/compare.ts';
import { writeEvidence } from '../dispute/evidence-folder.ts';
import { type Finding, judgeReceipts } from '../dispute/judge.ts';
import { folderLog, openLogs, readingLog } from '../dispute/log-source.ts';
import { type Question, questionOf } from '../dispute/question.ts';
import { type ReceiptInput, readReceipts } from '../dispute/receipt-input.ts';
import { readSignedChain, type SignedChain } from '../dispute/signed-epochs.ts';
import { fileTrouble } from '../file-trouble.ts';
import { checkMarketName, marketName } from '../order-arguments.ts';
import { plural } from '../output.ts';
import { printable } from '../printable.ts';
import { chainFrom, chosenChains } from '../verify-chains.ts';
import { operatorFrom } from '../verify-options.ts';

export const dispute: CliCommand = {
  name: 'dispute',
  summary: 'does a signed receipt agree with the proved chain and the log? evidence if not',
  help: `
Usage: foldbook dispute FILE... [--store DIR] [--log FOLDER | --nats URL] [--out FOLDER]
       foldbook dispute --check FILE [--operator KEY]
       foldbook dispute --log FOLDER --other-log FOLDER
       foldbook dispute --store DIR --other-store DIR --market NAME [--out FOLDER]
       foldbook dispute --store DIR --other-chain KIND --market NAME [--out FOLDER]
       foldbook dispute --account FILE --other-account FILE [--out FOLDER]

FILE holds receipts, as "order --receipts FILE" and the SDK keep them. Each is held against the
others, against the signed epochs of a proof store, and against the log. Of each is said whether it
is consistent (and with which epoch), not covered yet, undecided (what would decide is not at hand),
missing from the log, or CONTRADICTED; then the evidence is written to a file that anybody can
check, with public keys alone. The log has to be there from its beginning. Of two logs
(or journals), two stores, or a market's two chains is said where they differ first. Chains that
name one head of the log and say two things of it are evidence, too. So are two account proofs that
can't both be true: by their headers, or, of a STARK chain, under one header.

  --store DIR       folder of the proof store
  --chain KIND      stark or poseidon (default: the STARK chain, where the market has one)
  --other-chain K   ...and of the chain that it is compared with (default: the same; the other store
                    is --store, unless another one is named)
  --log FOLDER      segments of the log, LOG_0 in an embedded market's streams folder (the demo's),
                    or of a journal
  --nats URL        ...or the broker that keeps it; --user NAME, the password in $FOLDBOOK_PASSWORD
  --partition N     with --other-log: ...and of which partition (default 0); receipts name theirs
  --account FILE    a file of "foldbook balance --prove", which is compared with another one of its
                    chain, --other-account FILE, of any account; of two files of a market's two
                    chains only the headers are; with a store: foldbook verify
  --operator KEY    the operator's public key, 64 hex digits (default: those of the store's chain):
                    receipts by keys that it has not certified are told apart; with --check: a key
                    that the operator has, or had before a change
  --out FOLDER      where evidence-*.json go (default: here)
  --check FILE      is this evidence, and against whom?
  --json            one JSON object for each receipt, one in the end

Exit status 1 where anything is contradicted, missing or forged, where the log or the two logs or
chains differ, or two account proofs can't both be true, and where what --check is given is no
evidence; 2 where receipts that agree with each other are held against nothing else.
Example: foldbook dispute receipts.jsonl --store .foldbook/node/proofs --nats nats://127.0.0.1:4222
Example: foldbook dispute --check evidence-BTC-USD-17-1.json`,
  takes: ['FILE...'],
  options: {
    store: { type: 'string' },
    'other-store': { type: 'string' },
    chain: { type: 'string' },
    'other-chain': { type: 'string' },
    market: { type: 'string' },
    log: { type: 'string' },
    'other-log': { type: 'string' },
    nats: { type: 'string' },
    user: { type: 'string' },
    partition: { type: 'string' },
    account: { type: 'string' },
    'other-account': { type: 'string' },
    operator: { type: 'string' },
    out: { type: 'string' },
    check: { type: 'string' },
  },
  run: (context) => RUNS[questionOf(context)](context),
};

const RUNS: Readonly<Record<Question, (context: CommandContext) => Promise<number>>> = {
  check: (context) => runCheck(context, context.required('check')),
  accounts: runAccounts,
  logs: (context) => runLogs(context, context.required('other-log')),
  stores: runStores,
  receipts: runReceipts,
};

async function runCheck({ output, ...context }: CommandContext, file: string): Promise<number> {
  const text = await evidenceOf(file);
  const operatorKey = pinnedOperator(context);
  const checked = otherFile(text) ?? checkEvidence(text, { operatorKey });
  if (!checked.ok) {
    output.result({ ...checked }, `NO EVIDENCE: ${checked.code}: ${printable(checked.message)}`);
    return 1;
  }
  const lines = [`EVIDENCE (${checked.kind}), market ${checked.market}: ${checked.words}`];
  for (const { key, certifiedBy, retiredFrom } of checked.receiptKeys) {
    const by = certifiedBy === null ? 'no operator certified it' : `certified by ${certifiedBy}`;
    lines.push(`  receipt signed by ${key}, ${by}`, ...retiredWords(retiredFrom));
  }
  const { operatorKey: genesisKey, signers } = checked;
  const genesisWords = checked.kind === 'chains' ? 'both chains are of key' : OF_GENESIS;
  if (genesisKey !== null) lines.push(`  ${genesisWords} ${genesisKey}`);
  for (const { key, retiredFrom } of signers) {
    const what = checked.kind === 'keys' ? 'changes of the key' : 'epochs';
    lines.push(`  ${what} signed by ${key}`, ...retiredWords(retiredFrom));
  }
  if (checked.against === 'retired') {
    lines.push('  so it is against the operator, or against somebody who got hold of that key');
  }
  if (checked.against === 'log') {
    lines.push("  the log is nobody's word: this shows that the one that was looked at is not the");
    lines.push('  one that the receipt was given for');
  }
  if (operatorKey === undefined) {
    lines.push("  anybody can make keys: compare these with the operator's, or give --operator");
  }
  output.result({ ...checked, pinned: operatorKey !== undefined }, lines.join('\n'));
  return 0;
}

/** Files that are taken for evidence, and told apart by what to do with them. */
function otherFile(text: string) {
  const noEvidence = (message: string) =>
    ({ ok: false, code: 'EVIDENCE_FORMAT', message }) as const;
  if (text.trim() === '') return noEvidence('the file is empty');
  if (/^\{"(receipt|certificate)":/.test(text)) {
    return noEvidence('the file holds receipts: leave --check away, and name --store or the log');
  }
  if (!text.trimStart().startsWith('{')) return noEvidence('the file is no JSON');
  return undefined;
}

async function evidenceOf(file: string): Promise<string> {
  const unread = (error: unknown) => {
    throw new UsageError(`${file} can't be read: ${fileTrouble(error)}`);
  };
  const { size } = await stat(file).catch(unread);
  // No character takes less than a byte.
  if (size > EVIDENCE_CHARACTERS_MAX) throw new UsageError(`${file} is longer than any evidence`);
  return await readFile(file, 'utf8').catch(unread);
}

const OF_GENESIS = 'operator of the genesis';

const retiredWords = (from: bigint | null): readonly string[] =>
  from === null ? [] : [`  that key was changed from epoch ${from} on: others may have it by now`];

async function runLogs(context: CommandContext, otherLog: string): Promise<number> {
  const partition = context.integer('partition', 0, MAX_PARTITIONS - 1) ?? 0;
  const second = folderLog(otherLog);
  const logs = await openLogs(context);
  try {
    const first = logs.any(partition);
    if (first === undefined) throw new UsageError('--other-log is compared with --log or --nats');
    const names = `${first.name} and ${second.name}`;
    const difference = await readingLog(names, () => compareLogs(first, second));
    return tell(context, difference, { about: 'log', same: 'they are the same' });
  } finally {
    await logs.close();
    await second.close();
  }
}

async function runStores(context: CommandContext): Promise<number> {
  const market = marketName(context);
  const store = context.required('store');
  const otherStore = context.text('other-store') ?? store;
  const chain = await signedChain(store, market, askedChain(context));
  const otherKind = chainFrom(context.text('other-chain'), 'other-chain') ?? chain.kind;
  const other = await signedChain(otherStore, market, otherKind);
  const same = otherKind === chain.kind ? 'they are the same' : 'they say the same';
  return tell(context, compareChains(chain, other), { about: market, same });
}

async function runAccounts(context: CommandContext): Promise<number> {
  const [one, other] = [context.required('account'), context.required('other-account')];
  const { market, difference } = await compareAccountProofs(one, other);
  return tell(context, difference, { about: market, same: 'they may both be true' });
}

const askedChain = ({ text }: Pick<CommandContext, 'text'>) => chainFrom(text('chain'));

/** Of the kind that is named; else the STARK chain, if the market has one. */
async function signedChain(
  store: string,
  market: string,
  asked: ChainKind | undefined,
): Promise<SignedChain> {
  const place = { store, market, folder: {}, genesisHash: undefined };
  const [kind] = await chosenChains(place, asked);
  return readSignedChain(store, market, kind ?? asked);
}

async function tell(
  context: CommandContext,
  difference: Difference | undefined,
  { about, same }: { readonly about: string; readonly same: string },
): Promise<number> {
  if (difference === undefined) {
    context.output.result({ ok: true }, same);
    return 0;
  }
  const { at, words } = difference;
  const evidence =
    difference.evidence && (await writeEvidence(folderOf(context), about, difference.evidence));
  const file = evidence === undefined ? '' : `; evidence: ${evidence}`;
  const result = { ok: false, at: at ?? null, words, evidence: evidence ?? null };
  context.output.result(result, `DIFFER: ${words}${file}`);
  return 1;
}

/** Not a success: whoever asks has receipts somewhere. */
function noReceipts(
  { positionals }: CommandContext,
  { cutOff }: ReceiptInput,
  only: string | undefined,
): UsageError {
  const which = only === undefined ? 'no receipts' : `no receipts of ${only}`;
  const lines = cutOff === 0 ? '' : `, and ${plural(cutOff, 'line')} without an end`;
  return new UsageError(
    `${positionals.join(', ')}: ${which}${lines}; give a file that "order --receipts FILE" wrote`,
  );
}

const folderOf = (context: CommandContext) => context.text('out') ?? '.';

async function runReceipts(context: CommandContext): Promise<number> {
  if (context.positionals.length === 0) {
    throw new UsageError('FILE is missing: name a file of receipts; see: foldbook dispute --help');
  }
  if (context.text('partition') !== undefined) {
    throw new UsageError('--partition is for --other-log: receipts name theirs; leave it away');
  }
  const pinned = pinnedOperator(context);
  const asked = askedChain(context);
  const only = context.text('market');
  if (only !== undefined) checkMarketName(only);
  const input = await readReceipts(context.positionals);
  const receipts = input.receipts.filter(({ market }) => only === undefined || market === only);
  if (receipts.length + input.forged.length === 0) throw noReceipts(context, input, only);
  for (const { file, number, words } of input.forged) {
    const result = { file, number, verdict: 'forged', words };
    context.output.result(result, `FORGED: ${file}, receipt ${number}: ${words}`);
  }
  const conflicts = await tellConflicts(context, receipts, input);
  if (input.forged.length + conflicts === 0) checkHeldAgainst(context);
  const logs = await openLogs(context);
  const counts: Record<string, number> = {};
  let logDisagrees = false;
  try {
    for (const ofMarket of byLog(receipts)) {
      const { market, partition } = ofMarket[0];
      const store = context.text('store');
      const chain = store === undefined ? undefined : await signedChain(store, market, asked);
      const log = await logs.of(partition);
      const around = { market, chain, log: log?.reader, certificates: input.certificates };
      const judging = () => judgeReceipts(ofMarket, around);
      const judgement = await readingLog(log?.name ?? 'the log', judging);
      for (const finding of judgement.findings) {
        counts[finding.verdict] = (counts[finding.verdict] ?? 0) + 1;
        await tellFinding(context, finding, { input, chain, pinned });
      }
      const words = judgement.logDisagrees;
      if (words === undefined) continue;
      logDisagrees = true;
      context.output.result({ market, logDisagrees: words }, `THE LOG of ${market}: ${words}`);
    }
  } finally {
    await logs.close();
  }
  const forged = input.forged.length;
  const { contradicted = 0, missing = 0 } = counts;
  const ok = forged + conflicts + contradicted + missing === 0 && !logDisagrees;
  const { cutOff } = input;
  const told = { ...counts, forged, conflicts, 'cut off in the file': cutOff };
  const all = Object.entries(told).filter(([, count]) => count > 0);
  const words = all.map(([name, count]) => `${count} ${name}`).join(', ');
  const summary = { ok, receipts: receipts.length, forged, conflicts, cutOff, ...counts };
  context.output.result(summary, `${plural(receipts.length, 'receipt')}: ${words}`);
  return ok ? 0 : 1;
}

/** With nothing to hold receipts against, no verdict on them is any. */
function checkHeldAgainst({ text }: CommandContext): void {
  if (['store', 'log', 'nats'].some((name) => text(name) !== undefined)) return;
  throw new UsageError(
    'the receipts agree with each other, and are held against nothing else: name --store, --log ' +
      'or --nats',
  );
}

/** By market and partition: a market's receipts that name two partitions name two logs. */
function byLog(receipts: readonly Receipt[]): (readonly [Receipt, ...Receipt[]])[] {
  const found = new Map<string, [Receipt, ...Receipt[]]>();
  for (const receipt of receipts) {
    const name = `${receipt.partition} ${receipt.market}`;
    const known = found.get(name);
    if (known === undefined) found.set(name, [receipt]);
    else known.push(receipt);
  }
  return [...found.values()];
}

/** Two receipts that can't both be true, whatever anybody else says. */
async function tellConflicts(
  context: CommandContext,
  receipts: readonly Receipt[],
  { certificates }: ReceiptInput,
): Promise<number> {
  const book = new ReceiptBook();
  let conflicts = 0;
  for (const receipt of receipts) {
    const conflict = book.add(receipt);
    if (conflict === undefined) continue;
    const { earlier, later, words } = conflict;
    const pair = [earlier.bytes, later.bytes];
    const about = `${receipt.market}-${receipt.first}`;
    const isOnes = bytesToHex(earlier.publicKey) === bytesToHex(later.publicKey);
    const evidence = { kind: 'receipts', receipts: pair, certificates } as const;
    // Of two keys only an operator who certified both is one owner.
    const holds = isOnes || checkEvidence(evidenceText(evidence)).ok;
    // Two venues each have a log: what tells them apart is the market, unless one owner has both.
    if (!holds && earlier.market !== later.market) continue;
    conflicts += 1;
    const file = holds ? await writeEvidence(folderOf(context), about, evidence) : undefined;
    const result = {
      verdict: 'contradicted',
      market: receipt.market,
      words,
      evidence: file ?? null,
    };
    context.output.result(result, `CONTRADICTED by another receipt: ${words}${named(file)}`);
  }
  return conflicts;
}

const named = (file: string | undefined) => (file === undefined ? '' : `; evidence: ${file}`);

interface FindingParts {
  readonly input: ReceiptInput;
  readonly chain: SignedChain | undefined;
  readonly pinned: Uint8Array | undefined;
}

async function tellFinding(
  context: CommandContext,
  finding: Finding,
  { input, chain, pinned }: FindingParts,
): Promise<void> {
  const { receipt, verdict, epoch, words } = finding;
  const { market, first, last, logSequence, publicKey } = receipt;
  const { certificates } = input;
  const certifier = chain && chainCertifier(publicKey, chain.operatorKeys, certificates);
  const certified = pinned
    ? isCertified(publicKey, pinned, certificates)
    : chain && certifier !== undefined;
  // What no epoch reaches yet belongs to a later one than all.
  const at = epoch ?? chain?.epochs.length ?? 0;
  const isRetired = certifier?.endEpoch !== undefined && certifier.endEpoch <= at;
  const file =
    finding.evidence &&
    (await writeEvidence(folderOf(context), `${market}-${first}`, finding.evidence));
  const result = {
    ...{ market, logSequence, first, last, verdict, chain: chain?.kind ?? null },
    ...{ epoch: epoch ?? null, words },
    ...{ key: bytesToHex(publicKey), certified: certified ?? null, evidence: file ?? null },
  };
  const shout = verdict === 'contradicted' || verdict === 'missing';
  const word = shout ? verdict.toUpperCase() : verdict;
  const note =
    certified === false
      ? ' (by a key that the operator has not certified)'
      : isRetired
        ? ' (by a key that the operator certified with one that it has changed since)'
        : '';
  const place = `${market} ${first} to ${last}`;
  context.output.result(result, `${word}: ${place}${note}: ${words}${named(file)}`);
}

function pinnedOperator(context: Pick<CommandContext, 'text'>): Uint8Array | undefined {
  const key = operatorFrom(context.text('operator'));
  return key === undefined ? undefined : hexToBytes(key);
}

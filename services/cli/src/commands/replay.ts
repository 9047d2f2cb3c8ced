import { featureList, loadHistoryModule } from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { printableLines } from '../printable.ts';
import { type Fault, faultWords } from '../replay/fault.ts';
import { type Feed, joinFeeds, openFeeds } from '../replay/feed.ts';
import { checkFeed, checkObject, checkWords, expectedOf } from '../replay/feed-check.ts';
import { outcomeObject, outcomeWords } from '../replay/feed-outcome.ts';
import { type RunProgress, runFeed } from '../replay/feed-run.ts';
import { checkOptions, FORMAT_NAMES, type ReplayPlan, readPlan } from '../replay/replay-plan.ts';

const EXIT_INTERRUPTED = 130;

export const replay: CliCommand = {
  name: 'replay',
  summary: 'real market data through the book: final books, checks, features, strategies',
  help: `
Usage: foldbook replay FILE... [options]

Example: foldbook replay GOOG.zip --check GOOG.zip

  --json            {"events","eventsPerSec","finalBook","checked","mismatches",...} a feed
${FORMAT_NAMES.join(' ')}
${featureList.map(({ name, words }) => `  ${name.padEnd(17)} ${words}`).join('\n')}`,
  takes: ['FILE...'],
  options: {
    format: { type: 'string' },
    member: { type: 'string' },
    'no-mmap': { type: 'boolean' },
    lenient: { type: 'boolean' },
    unknown: { type: 'string' },
    levels: { type: 'string' },
    book: { type: 'string' },
    instrument: { type: 'string' },
    features: { type: 'string' },
    depth: { type: 'string' },
    strategy: { type: 'string', multiple: true },
    parquet: { type: 'string' },
    'write-bin38': { type: 'string' },
    'write-compact': { type: 'string' },
    repeat: { type: 'string' },
    speed: { type: 'string' },
    follow: { type: 'boolean' },
    check: { type: 'string' },
    parallel: { type: 'boolean' },
    stages: { type: 'boolean' },
  },
  openOptions: ['check'],
  endsOnSignal: true,
  run: runReplay,
};

async function runReplay(context: CommandContext): Promise<number> {
  const { output, signal, positionals } = context;
  checkOptions(context);
  const plan = readPlan(context);
  const check = context.text('check');
  // --check FILE alone: a zip that has both.
  const files = positionals.length === 0 && check ? [check] : positionals;
  if (files.length === 0) throw new UsageError('name at least one file');
  const feeds = joinFeeds(await openFeeds(files, plan));
  const module = await loadHistoryModule();
  if (check !== undefined) return runCheck(context, module, plan, feeds, check);
  let status = 0;
  for (const feed of feeds) {
    const onProgress = (progress: RunProgress) => showProgress(context, progress);
    const outcome = await runFeed({ module, plan, feed, signal, onProgress });
    output.endProgress();
    output.result(outcomeObject(outcome), outcomeWords(outcome));
    tellFaults(outcome.faults);
    if (outcome.faults.length > 0) status = 1;
    if (outcome.isInterrupted) return EXIT_INTERRUPTED;
  }
  return status;
}

async function runCheck(
  context: CommandContext,
  module: WebAssembly.Module,
  plan: ReplayPlan,
  feeds: readonly Feed[],
  check: string,
): Promise<number> {
  const { output, signal } = context;
  const [feed, second] = feeds;
  if (feed === undefined || second !== undefined) {
    throw new UsageError('--check compares one file: name one');
  }
  const expected = await expectedOf(feed, check);
  const onProgress = (name: string, readBytes: number, totalBytes: number) =>
    output.progress(name, readBytes, totalBytes);
  const outcome = await checkFeed({ module, plan, feed, expected, signal, onProgress });
  output.result(checkObject(outcome), checkWords(outcome));
  tellFaults(outcome.faults);
  if (outcome.isInterrupted) return EXIT_INTERRUPTED;
  return outcome.mismatches > 0 || outcome.faults.length > 0 ? 1 : 0;
}

function tellFaults(faults: readonly Fault[]): void {
  for (const fault of faults) {
    process.stderr.write(`foldbook: ${printableLines(faultWords(fault))}\n`);
  }
}

function showProgress({ output }: CommandContext, progress: RunProgress): void {
  const { name, readBytes, totalBytes, eventsPerSec } = progress;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const rate = `${(eventsPerSec / 1e6).toFixed(1)} M events/s`;
  const of = `${megabytes(readBytes)} of ${megabytes(totalBytes)}`;
  output.progress(`${name}  ${of}  ${rate}`, readBytes, totalBytes);
}

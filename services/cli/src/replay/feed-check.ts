/** A feed against a file of what its books must be after each event. */
import { setImmediate as turn } from 'node:timers/promises';
import {
  type CheckResult,
  checkLobster,
  checkMboCsv,
  DecodeError,
  decoderOf,
  HistoryKernel,
  InputFile,
  LobsterDayDecoder,
  listMembers,
  type MarketDecoder,
  ReplayBook,
} from '@foldbook/history';
import { settledCpuUs } from '../bench/thread-cpu.ts';
import { UsageError } from '../cli-error.ts';
import { grouped } from '../output.ts';
import { type Fault, faultOf } from './fault.ts';
import { type Feed, type FeedInput, openMember } from './feed.ts';
import { type FinalBook, finalBook, finalBookObject, finalBookWords } from './final-book.ts';
import { otherDay } from './lobster-names.ts';
import { type ReplayPlan, splitMember } from './replay-plan.ts';

const TURN_MS = 50;

export interface FeedCheckOptions {
  readonly module: WebAssembly.Module;
  readonly plan: ReplayPlan;
  readonly feed: Feed;
  readonly expected: FeedInput;
  readonly signal: AbortSignal;
  readonly onProgress: (name: string, readBytes: number, totalBytes: number) => void;
}

export interface CheckOutcome extends CheckResult {
  readonly files: readonly string[];
  readonly against: string;
  readonly format: string;
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly finalBook: FinalBook;
  /** Why the two may have nothing to do with each other. */
  readonly hint: string | undefined;
  readonly faults: readonly Fault[];
  readonly isInterrupted: boolean;
}

/**
 * The file that `--check` names; without a name, the zip that the feed is in.
 * @throws UsageError where there is nothing to compare with
 */
export async function expectedOf(feed: Feed, text: string): Promise<FeedInput> {
  const { name } = feed.format;
  const [input, second] = feed.inputs;
  if (!['lobster', 'dbn', 'csv'].includes(name)) {
    const has = 'LOBSTER has orderbook files, and orders as DBN or CSV have files of ten levels';
    throw new UsageError(`--check is not for ${name}: ${has}`);
  }
  if (input === undefined || second !== undefined) {
    throw new UsageError('--check compares one file: name one');
  }
  const [path, member] = await splitMember(text === '' ? input.path : text);
  const expected = await openMember(path, member, /orderbook/i);
  if (expected.path !== input.path || expected.member !== input.member) return expected;
  const members = await listMembers(path);
  const what = members.length === 0 ? 'with --check FILE' : `there are: ${members.join(', ')}`;
  throw new UsageError(`${input.name} is no answer to itself: name the file of levels, ${what}`);
}

/** Faults of the input are in what comes back. */
export async function checkFeed(options: FeedCheckOptions): Promise<CheckOutcome> {
  const { module, plan, feed, expected, signal } = options;
  const [input] = feed.inputs;
  if (input === undefined) throw new UsageError('name a file');
  const kernel = new HistoryKernel(module);
  const { lenient } = plan;
  const { format, instrument } = feed;
  const isLobster = format.name === 'lobster';
  const decoder = isLobster
    ? new LobsterDayDecoder(kernel, { instrument, lenient })
    : decoderOf(kernel, format, { instrument, lenient });
  // LOBSTER's rows name what no message did; elsewhere every order has one.
  const isJoined = isLobster || plan.unknown === 'count';
  const passesUnknown = plan.unknown === 'count';
  const book = new ReplayBook({ kernel, lenient, joined: isJoined, passesUnknown });
  const faults: Fault[] = [];
  let result: CheckResult = { checked: 0, mismatches: 0, first: undefined };
  const onFault = (found: CheckResult) => {
    result = found;
  };
  const [startMs, startUs] = [performance.now(), settledCpuUs()];
  const [messages, rows] = [await InputReader.open(input), await InputReader.open(expected)];
  try {
    const told = messages.chunks(options);
    const common = { kernel, book, rows: rows.chunks(), onFault };
    result =
      decoder instanceof LobsterDayDecoder
        ? await checkLobster({ ...common, decoder, messages: told })
        : await checkMboCsv({ ...common, decoder, events: told });
  } catch (error) {
    if (!signal.aborted) faults.push(checkFault(error, decoder, { input, expected }));
  } finally {
    await messages.close();
    await rows.close();
  }
  const { scale } = decoder;
  const shown = { book, scale, instruments: decoder.instruments(), levels: plan.bookLevels };
  return {
    ...result,
    files: [input.name],
    ...{ against: expected.name, format: feed.format.name, faults },
    hint: isLobster ? otherDay(input, expected) : undefined,
    events: book.counts.events,
    seconds: (performance.now() - startMs) / 1e3,
    cpuSeconds: (settledCpuUs() - startUs) / 1e6,
    finalBook: finalBook(shown),
    isInterrupted: signal.aborted,
  };
}

/** Of the file that has it; what the book refuses is of both. */
function checkFault(
  error: unknown,
  decoder: MarketDecoder,
  { input, expected }: { readonly input: FeedInput; readonly expected: FeedInput },
): Fault {
  if (decoder instanceof LobsterDayDecoder && decoder.isOfRows(error)) {
    const remedy = '--lenient counts such rows and goes on';
    return { ...faultOf(error, expected.name, decoder.rowsConsumed, 0), remedy };
  }
  const name = error instanceof DecodeError ? input.name : `${input.name} against ${expected.name}`;
  return faultOf(error, name, decoder.consumed, 0);
}

/** A file's content, with turns for others of this thread in between. */
class InputReader {
  readonly #file: InputFile;
  readonly #name: string;
  #turnedMs = performance.now();

  private constructor(file: InputFile, name: string) {
    this.#file = file;
    this.#name = name;
  }

  static async open({ path, member, name }: FeedInput): Promise<InputReader> {
    const isMember = (one: string) => one === member;
    const options = member === undefined ? {} : { member: isMember };
    return new InputReader(await InputFile.open(path, { ...options, mapping: false }), name);
  }

  /** @param options whom to tell, and what ends it early */
  async *chunks(
    options?: Pick<FeedCheckOptions, 'signal' | 'onProgress'>,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#file.chunks()) {
      // Neither file is shorter for that.
      options?.signal.throwIfAborted();
      yield chunk;
      if (performance.now() - this.#turnedMs < TURN_MS) continue;
      options?.onProgress(this.#name, this.#file.readBytes, this.#file.totalBytes);
      await turn();
      this.#turnedMs = performance.now();
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

export function checkObject(outcome: CheckOutcome): Record<string, unknown> {
  const { events, seconds, cpuSeconds, checked, mismatches, first, faults } = outcome;
  return {
    events,
    eventsPerSec: seconds > 0 ? Math.round(events / seconds) : 0,
    finalBook: finalBookObject(outcome.finalBook),
    checked,
    mismatches,
    ...(first === undefined ? {} : { first }),
    ...(outcome.hint === undefined ? {} : { hint: outcome.hint }),
    files: outcome.files,
    against: outcome.against,
    format: outcome.format,
    seconds: Number(seconds.toFixed(6)),
    cpuSeconds: Number(cpuSeconds.toFixed(6)),
    errors: faults.map(({ file, code, message, byte }) => ({ file, code, message, byte })),
    ...(outcome.isInterrupted ? { interrupted: true } : {}),
  };
}

export function checkWords(outcome: CheckOutcome): string {
  const { checked, mismatches, first, events, seconds, files, against, faults } = outcome;
  const isWhole = faults.length === 0 && !outcome.isInterrupted;
  const count = `${grouped(checked)} ${checked === 1 ? 'row' : 'rows'}`;
  const rows = isWhole ? count : `the first ${count}`;
  // That a file is too short is a difference, too.
  const differences = `${grouped(mismatches)} ${mismatches === 1 ? 'difference' : 'differences'}`;
  const verdict =
    mismatches === 0 ? `all ${rows} equal` : `${differences} in ${rows}; the first: ${first}`;
  return [
    `${files.join(', ')}: ${grouped(events)} events against ${against} in ${seconds.toFixed(1)} s`,
    `  ${checked === 0 ? 'nothing was compared' : verdict}`,
    ...(outcome.hint === undefined ? [] : [`  ${outcome.hint}`]),
    ...finalBookWords(outcome.finalBook),
  ].join('\n');
}

/** Which files make one feed: one book goes on over those that a venue wrote one after another. */
import { realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import {
  type Format,
  type HyperliquidKind,
  InputError,
  InputFile,
  type InstrumentShare,
  listMembers,
  recogniseFile,
} from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';
import { lobsterNameOf, orderbookOf } from './lobster-names.ts';
import { type ReplayPlan, splitMember } from './replay-plan.ts';

export interface FeedInput {
  readonly path: string;
  /** Of a zip. */
  readonly member: string | undefined;
  /** As people are told of it. */
  readonly name: string;
  /** LOBSTER's orderbook file, which the book follows. */
  readonly rows?: FeedInput | undefined;
}

export interface Feed {
  readonly format: Format;
  /** Name of the instrument where the file's content has none. */
  readonly instrument: string;
  /** The day, as a LOBSTER file's name says it. */
  readonly day?: string | undefined;
  /** Levels that the file covers, as its name says. */
  readonly levels: number | undefined;
  /** In the order in which they are read. */
  readonly inputs: readonly FeedInput[];
  /** The only instruments whose books are kept; undefined: all of them. */
  readonly share?: InstrumentShare | undefined;
}

const MESSAGES = /message/i;

/**
 * One feed a file, in the order of their names.
 * @throws UsageError where one cannot be read at all, or is of no format that is known
 */
export async function openFeeds(files: readonly string[], plan: ReplayPlan): Promise<Feed[]> {
  const feeds: Feed[] = [];
  for (const file of files) {
    const input = await openInput(file, plan.member);
    if (plan.follow) await checkPlain(input);
    const format = await formatOf(input, plan);
    if (plan.follow && format.name !== 'hyperliquid') {
      throw new UsageError(`--follow is for Hyperliquid's files: ${input.name} is ${format.name}`);
    }
    const named = lobsterNameOf(input);
    const { day } = named;
    const instrument = named.instrument ?? basename(input.path).replace(/\..*$/, '');
    const isLobster = format.name === 'lobster';
    const rows = isLobster && plan.orderbook ? await orderbookOf(input) : undefined;
    // The end of a name alone says nothing of other formats.
    const levels = isLobster || day !== undefined ? named.levels : undefined;
    feeds.push({ format, instrument, day, levels, inputs: [{ ...input, rows }] });
  }
  return feeds;
}

/**
 * Files of the same kind and, where the name says it, of the same instrument and day, become one
 * feed; a snapshot of Hyperliquid's goes before the differences that follow it.
 */
export function joinFeeds(single: readonly Feed[]): Feed[] {
  const joined: Feed[] = [];
  for (const feed of single) {
    const index = joined.findIndex((earlier) => goesOn(earlier, feed));
    const before = joined[index];
    if (before === undefined) joined.push(feed);
    else {
      const { format } = feed;
      joined[index] = { ...before, format, inputs: [...before.inputs, ...feed.inputs] };
    }
  }
  return joined;
}

/** The feed as several, of which each keeps the books of a share of its instruments. */
export function shareOut(feed: Feed, count: number): Feed[] {
  return Array.from({ length: count }, (_, index) => ({ ...feed, share: { index, of: count } }));
}

/** @throws UsageError where a file for results is one of the input, or is asked for twice */
export async function checkOutputs(feeds: readonly Feed[], plan: ReplayPlan): Promise<void> {
  const { parquet, svg, bin38, compact, orders } = plan;
  const outputs = [parquet, svg, bin38, compact, orders].filter((path) => path !== undefined);
  const [output] = outputs;
  if (output === undefined) return;
  if (feeds.length > 1) {
    const names = feeds.map(({ inputs }) => inputs[0]?.name).join(', ');
    throw new UsageError(`${output} is for one feed, and these are ${feeds.length}: ${names}`);
  }
  const real = (path: string) => realpath(path).catch(() => resolve(path));
  const taken = await Promise.all(
    feeds
      .flatMap(({ inputs }) => inputs)
      .flatMap((input) => (input.rows === undefined ? [input] : [input, input.rows]))
      .map(({ path }) => real(path)),
  );
  for (const path of outputs) {
    const place = await real(path);
    if (taken.includes(place)) {
      throw new UsageError(`${path} is named twice: name another file to write`);
    }
    taken.push(place);
  }
}

function goesOn(before: Feed, next: Feed): boolean {
  if (before.format.name !== next.format.name) return false;
  // Each of this project's files numbers the instruments on its own, and so does each of NASDAQ's
  // days, which begins with empty books and uses the numbers of orders again.
  if (next.format.name === 'compact' || next.format.name === 'itch') return false;
  if (next.format.name === 'lobster') {
    return before.instrument === next.instrument && before.day === next.day;
  }
  const kind: HyperliquidKind | undefined = before.format.kind;
  return kind === next.format.kind || kind === 'snapshot';
}

async function openInput(file: string, wanted: string | undefined): Promise<FeedInput> {
  const [path, behind] = await splitMember(file);
  return openMember(path, behind ?? wanted, MESSAGES);
}

/**
 * A file, or the member of a zip: the named one, the only one, or the only one whose name fits.
 * @throws UsageError
 */
export async function openMember(
  path: string,
  wanted: string | undefined,
  fitting: RegExp,
): Promise<FeedInput> {
  const member = await told(path, () => memberOf(path, wanted, fitting));
  const name = member === undefined ? basename(path) : `${basename(path)}#${member}`;
  return { path, member, name };
}

/** @throws UsageError where a file is packed: what is written to it cannot be read as it comes */
async function checkPlain({ path, member, name }: FeedInput): Promise<void> {
  const chosen = member === undefined ? {} : { member: (one: string) => one === member };
  const file = await told(name, () => InputFile.open(path, { ...chosen, mapping: false }));
  const { packing } = file;
  await file.close();
  if (packing === 'plain') return;
  throw new UsageError(
    `--follow is for files that grow, and ${name} is packed (${packing}): ` +
      'leave --follow out, or unpack it',
  );
}

async function memberOf(
  path: string,
  wanted: string | undefined,
  fitting: RegExp,
): Promise<string | undefined> {
  const members = await listMembers(path);
  if (wanted !== undefined) {
    if (members.includes(wanted)) return wanted;
    const has = members.length === 0 ? 'it is no zip' : `it has only: ${members.join(', ')}`;
    throw new InputError('NO_MEMBER', `no ${wanted} in it; ${has}`);
  }
  if (members.length <= 1) return members[0];
  const [found, ...others] = members.filter((name) => fitting.test(name));
  if (found !== undefined && others.length === 0) return found;
  const how = 'name one with --member NAME or FILE#NAME';
  throw new InputError('WHICH_MEMBER', `the zip has several; ${how}: ${members.join(', ')}`);
}

async function formatOf(input: FeedInput, plan: ReplayPlan): Promise<Format> {
  const isMember = (name: string) => name === input.member;
  const options = input.member === undefined ? {} : { member: isMember };
  const found = await told(input.name, () => recogniseFile(input.path, options));
  if (plan.format === undefined || plan.format === found?.name) {
    if (found !== undefined) return found;
    const what = 'what it holds, if anything, is of no format that is known';
    const how = '--format NAME says which it is; see: foldbook replay --help';
    throw new UsageError(`${input.name}: UNKNOWN_FORMAT: ${what}; ${how}`);
  }
  // A node's streaming files have a line an event, and no name that says so.
  const isStream = plan.format === 'hyperliquid' && !input.path.includes('_by_block');
  return { name: plan.format, ...(isStream ? { isStream } : {}) };
}

/** @throws UsageError that names the file */
async function told<T>(name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const isCoded = error instanceof Error && 'code' in error;
    if (isCoded && error instanceof InputError) throw new UsageError(`${name}: ${error.message}`);
    if (isCoded) throw new UsageError(`${name} can't be read: ${fileTrouble(error)}`);
    throw error;
  }
}

/** What the names of LOBSTER's files say, and which files belong together. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { listMembers } from '@foldbook/history';
import type { FeedInput } from './feed.ts';

/** As LOBSTER names its files: GOOG_2012-06-21_34200000_57600000_message_10.csv */
const DAY = /^([^_]+)_(\d{4}-\d{2}-\d{2})_.*?(?:message|orderbook)/;
/** Who gives a file another name keeps its end, by which the two files are one day's. */
const LEVELS = /(?:message|orderbook)_(\d+)(?!.*(?:message|orderbook))/;
const MESSAGES = /message(?!.*message)/;

/** Each as far as the name says it. */
export interface LobsterName {
  readonly instrument: string | undefined;
  readonly day: string | undefined;
  /** Levels that the file covers. */
  readonly levels: number | undefined;
}

const nameOf = ({ path, member }: FeedInput) => member ?? basename(path);

export function lobsterNameOf(input: FeedInput): LobsterName {
  const name = basename(nameOf(input));
  const [, instrument, day] = DAY.exec(name) ?? [];
  const levels = LEVELS.exec(name)?.[1];
  return { instrument, day, levels: levels === undefined ? undefined : Number(levels) };
}

/**
 * The orderbook file of messages: in the same zip, or beside them, under the same name but for the
 * one word; undefined where there is none.
 */
export async function orderbookOf(input: FeedInput): Promise<FeedInput | undefined> {
  const name = nameOf(input);
  const rows = name.replace(MESSAGES, 'orderbook');
  if (rows === name || lobsterNameOf(input).levels === undefined) return undefined;
  const { path, member } = input;
  if (member !== undefined) {
    const members = await listMembers(path);
    const found = members.filter((one) => one === rows);
    return found.length === 1
      ? { path, member: rows, name: `${basename(path)}#${rows}` }
      : undefined;
  }
  const beside = join(dirname(path), rows);
  const isThere = await stat(beside).then(
    (found) => found.isFile(),
    () => false,
  );
  return isThere ? { path: beside, member: undefined, name: rows } : undefined;
}

/** Why rows are not those of the messages, as far as the names say it. */
export function otherDay(messages: FeedInput, rows: FeedInput): string | undefined {
  const [a, b] = [lobsterNameOf(messages), lobsterNameOf(rows)];
  if (a.day === undefined || b.day === undefined) return undefined;
  if (a.instrument === b.instrument && a.day === b.day) return undefined;
  const of = `${b.instrument} of ${b.day}`;
  return `the orderbook is, by its name, of ${of}; the messages are of ${a.instrument} of ${a.day}`;
}

/**
 * NATS subjects. Identity comes from them: the broker ties `cmd.<market>.<account>` and
 * `rpt.<partition>.<account>.<market>` to the connection, and `adm.*` to operators: see
 * infra/docker/nats.conf.
 */
import { MAX_ACCOUNT } from './limits.ts';
import { isMarketName } from './market-name.ts';

const TERM_TOKEN = '$term';
const PARTITION = /^(0|[1-9][0-9]{0,4})$/;

/** Decimal account number without sign or leading zeros, or undefined. */
export function parseAccount(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,7})$/.test(text)) return undefined;
  const account = Number(text);
  return account <= MAX_ACCOUNT ? account : undefined;
}

/** What clients publish to; the broker maps it to `commandIn`. */
export const commandSubject = (market: string, account: number) => `cmd.${market}.${account}`;
/** Where the owner of a partition listens when the broker maps subjects. */
export const partitionFilter = (partition: number) => `in.${partition}.*.*`;
/** Where the owner listens on a broker without the mapping (one partition). */
export const COMMAND_FILTER = 'cmd.*.*';
export const adminSubject = (market: string) => `adm.${market}`;
export const ADMIN_FILTER = 'adm.*';
/** Questions of one account, answered by request: balance, open orders, missed reports. */
export const querySubject = (market: string, account: number) => `qry.${market}.${account}`;
export const QUERY_FILTER = 'qry.*.*';
/** Facts about a market and the durability of its log, answered by request. */
export const infoSubject = (market: string) => `info.${market}`;
export const INFO_FILTER = 'info.*';

export const logSubject = (partition: number, market: string) => `log.${partition}.${market}`;
/** The partition is in the subject because each has streams of its own, which must not overlap. */
export const reportSubject = (partition: number, account: number, market: string) =>
  `rpt.${partition}.${account}.${market}`;
/** What an account listens to, wherever the market is; `*` for all of its markets. */
export const reportFilter = (account: number, market: string) => `rpt.*.${account}.${market}`;
export const diffSubject = (partition: number, market: string) => `diff.${partition}.${market}`;
/** The same, whatever partition the market is in. */
export const diffFilter = (market: string) => `diff.*.${market}`;
export const levelsSubject = (market: string) => `md.${market}.l2`;
export const tradesSubject = (market: string) => `md.${market}.trades`;
export const snapshotSubject = (market: string) => `md.${market}.snapshot`;
export const replaySubject = (market: string) => `md.${market}.replay`;
export const proofSubject = (market: string, epoch: number) => `proof.${market}.${epoch}`;

export const logStream = (partition: number) => `LOG_${partition}`;
export const reportStream = (partition: number) => `RPT_${partition}`;
export const diffStream = (partition: number) => `DIFF_${partition}`;
/** Where the three say who owns the partition (term.ts); no market or account has such a name. */
export const logTermSubject = (partition: number) => `log.${partition}.${TERM_TOKEN}`;
export const reportTermSubject = (partition: number) => `rpt.${partition}.0.${TERM_TOKEN}`;
export const diffTermSubject = (partition: number) => `diff.${partition}.${TERM_TOKEN}`;
export const isTermSubject = (subject: string) => subject.endsWith(`.${TERM_TOKEN}`);
/** Of everything that is in the stream. */
export const logFilter = (partition: number) => `log.${partition}.*`;
export const reportsFilter = (partition: number) => `rpt.${partition}.*.*`;
export const diffsFilter = (partition: number) => `diff.${partition}.*`;

export interface ClientSubject {
  readonly market: string;
  readonly account: number;
}

/** `cmd.<market>.<account>`, `in.<p>.<market>.<account>` or `qry.<market>.<account>`. */
export function parseClientSubject(subject: string): ClientSubject | undefined {
  const tokens = subject.split('.');
  const rest = afterClientPrefix(tokens);
  const [market, accountText, ...excess] = rest;
  if (market === undefined || accountText === undefined || excess.length > 0) return undefined;
  const account = parseAccount(accountText);
  return account === undefined || !isMarketName(market) ? undefined : { market, account };
}

function afterClientPrefix(tokens: readonly string[]): readonly string[] {
  const [first, partition] = tokens;
  if (first === 'cmd' || first === 'qry') return tokens.slice(1);
  const isMapped = first === 'in' && partition !== undefined && PARTITION.test(partition);
  return isMapped ? tokens.slice(2) : [];
}

/** The one token after the first of `adm.<market>` and `info.<market>`. */
export function parseMarketSubject(subject: string): string | undefined {
  const [first, market, ...excess] = subject.split('.');
  if (first !== 'adm' && first !== 'info') return undefined;
  return market !== undefined && excess.length === 0 && isMarketName(market) ? market : undefined;
}

/** The market of `diff.<partition>.<market>`; undefined for what else is in the stream. */
export function parseDiffSubject(subject: string): string | undefined {
  const [first, partition, market, ...excess] = subject.split('.');
  if (first !== 'diff' || partition === undefined || !PARTITION.test(partition)) return undefined;
  return market !== undefined && excess.length === 0 && isMarketName(market) ? market : undefined;
}

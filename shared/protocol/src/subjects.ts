/**
 * NATS subjects. Identity comes from them: the broker ties `cmd.<market>.<account>` and
 * `rpt.<partition>.<account>.<market>` to the connection, and `adm.*` to operators: see
 * infra/docker/nats.conf.
 */
import { MAX_ACCOUNT, MAX_MARKET_NAME } from './limits.ts';

const MARKET_NAME = /^[A-Z0-9][A-Z0-9-]*$/;
const TERM_TOKEN = '$term';
const PARTITION = /^(0|[1-9][0-9]{0,4})$/;

export function isMarketName(text: string): boolean {
  return text.length <= MAX_MARKET_NAME && MARKET_NAME.test(text);
}

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
/** Where the owner listens on a broker without the mapping. */
export const COMMAND_FILTER = 'cmd.*.*';
export const adminSubject = (market: string) => `adm.${market}`;
export const ADMIN_FILTER = 'adm.*';
/** Questions of one account, answered by request: balance, open orders, missed reports. */
export const querySubject = (market: string, account: number) => `qry.${market}.${account}`;
export const QUERY_FILTER = 'qry.*.*';
/** Facts about a market and the durability of its log, answered by request. */
/**
 * Where the owner of a partition listens for all that is no client's command, when the broker maps
 * subjects: behind the partition stands the subject that was published to.
 * @param filter - `adm.*`, `qry.*.*`, `info.*`, `md.*.snapshot`, `md.*.replay`
 */
export const requestFilter = (partition: number, filter: string) => `req.${partition}.${filter}`;
export const infoSubject = (market: string) => `info.${market}`;
export const INFO_FILTER = 'info.*';

/** Who of the nodes has what, asked by operators. */
export const NODE_VIEW_SUBJECT = 'node.view';
/** To have a partition moved to another node. */
export const NODE_MOVE_SUBJECT = 'node.move';
/** Names of the markets that a partition has, answered by request. */
export const marketListSubject = (partition: number) => `list.${partition}`;

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
/** Told once by each owner of the market's partition, when it serves. */
export const ownerSubject = (market: string) => `md.${market}.owner`;
export const snapshotSubject = (market: string) => `md.${market}.snapshot`;
export const SNAPSHOT_FILTER = 'md.*.snapshot';
export const replaySubject = (market: string) => `md.${market}.replay`;
export const REPLAY_FILTER = 'md.*.replay';
/** Which epoch proves a market sequence: answered by the prover, by request. */
export const proofsSubject = (market: string) => `proof.${market}`;
export const PROOFS_FILTER = 'proof.*';
export const proofSubject = (market: string, epoch: number) => `proof.${market}.${epoch}`;
/** Of all epochs of a market, as they are proved. */
export const proofFilter = (market: string) => `proof.${market}.*`;
/** What an account is owed under the latest proved root: answered by the prover, by request. */
export const owedSubject = (market: string, account: number) => `owed.${market}.${account}`;
export const OWED_FILTER = 'owed.*.*';
/** That an epoch's data are published, which is before it is proved. */
export const dataSubject = (market: string, epoch: number) => `data.${market}.${epoch}`;
/** Of all epochs of a market, as their data are published. */
export const dataFilter = (market: string) => `data.${market}.*`;

/** How far the owner's outputs are durable (settled.ts), for those who follow it. */
export const settledSubject = (partition: number) => `own.${partition}.settled`;

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

/** Whether the broker's mapping decided where the message goes. */
export const isMappedSubject = (subject: string) => /^(in|req)\./.test(subject);

/** The token that names the market, whatever it holds; '' where there is none. */
export function marketToken(subject: string): string {
  const tokens = subject.split('.');
  const at = tokens[0] === 'in' ? 2 : tokens[0] === 'req' ? 3 : 1;
  return tokens[at] ?? '';
}

/**
 * `cmd.<market>.<account>` or `qry.<market>.<account>`, or what the broker maps them to:
 * `in.<p>.<market>.<account>`, `req.<p>.qry.<market>.<account>`.
 */
export function parseClientSubject(subject: string): ClientSubject | undefined {
  const rest = afterClientPrefix(subject.split('.'));
  const [market, accountText, ...excess] = rest;
  if (market === undefined || accountText === undefined || excess.length > 0) return undefined;
  const account = parseAccount(accountText);
  return account === undefined || !isMarketName(market) ? undefined : { market, account };
}

/** `owed.<market>.<account>`, of any account; undefined for what is none. */
export function parseOwedSubject(subject: string): ClientSubject | undefined {
  const [first, market, accountText, ...excess] = subject.split('.');
  if (first !== 'owed' || market === undefined || excess.length > 0) return undefined;
  const account = parseAccount(accountText ?? '');
  return account === undefined || !isMarketName(market) ? undefined : { market, account };
}

/** `rpt.<partition>.<account>.<market>`; undefined for what else is in the stream. */
export function parseReportSubject(subject: string): ClientSubject | undefined {
  const [first, partition, accountText, market, ...excess] = subject.split('.');
  if (first !== 'rpt' || partition === undefined || !PARTITION.test(partition)) return undefined;
  if (market === undefined || !isMarketName(market) || excess.length > 0) return undefined;
  const account = parseAccount(accountText ?? '');
  return account === undefined ? undefined : { market, account };
}

function afterClientPrefix(tokens: readonly string[]): readonly string[] {
  const [first, partition, asked] = tokens;
  if (first === 'cmd' || first === 'qry') return tokens.slice(1);
  if (partition === undefined || !PARTITION.test(partition)) return [];
  if (first === 'req' && asked === 'qry') return tokens.slice(3);
  return first === 'in' ? tokens.slice(2) : [];
}

/**
 * The market of `adm.<market>`, `info.<market>` and `proof.<market>`, or of what the broker maps
 * them to: `req.<p>.adm.<market>`.
 */
export function parseMarketSubject(subject: string): string | undefined {
  const mapped = /^req\.([^.]+)\.(.*)$/s.exec(subject);
  if (mapped !== null && !PARTITION.test(mapped[1] ?? '')) return undefined;
  const [first, market, ...excess] = (mapped?.[2] ?? subject).split('.');
  if (first !== 'adm' && first !== 'info' && first !== 'proof') return undefined;
  return market !== undefined && excess.length === 0 && isMarketName(market) ? market : undefined;
}

/** The market of `diff.<partition>.<market>`; undefined for what else is in the stream. */
export function parseDiffSubject(subject: string): string | undefined {
  const [first, partition, market, ...excess] = subject.split('.');
  if (first !== 'diff' || partition === undefined || !PARTITION.test(partition)) return undefined;
  return market !== undefined && excess.length === 0 && isMarketName(market) ? market : undefined;
}

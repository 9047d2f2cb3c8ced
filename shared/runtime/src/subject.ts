/**
 * Subjects as NATS has them: tokens separated by dots. In a filter `*` stands for one token and a
 * last `>` for one or more.
 */
import { TransportError } from './transport.ts';

// No spaces or control characters: they would end the subject in the broker's text protocol.
const SUBJECT = /^[^\s.*>\p{Cc}]+(?:\.[^\s.*>\p{Cc}]+)*$/u;
const FILTER = /^(?:(?:\*|[^\s.*>\p{Cc}]+)\.)*(?:\*|>|[^\s.*>\p{Cc}]+)$/u;

/** @throws TransportError BAD_SUBJECT */
export function checkSubject(subject: string): void {
  if (SUBJECT.test(subject)) return;
  throw new TransportError(
    'BAD_SUBJECT',
    `${JSON.stringify(subject)} is no subject: tokens separated by dots, without spaces, * and >`,
  );
}

/** @throws TransportError BAD_SUBJECT */
export function checkFilter(filter: string): void {
  if (FILTER.test(filter)) return;
  throw new TransportError(
    'BAD_SUBJECT',
    `${JSON.stringify(filter)} is no subject filter: tokens separated by dots, without spaces, ` +
      '* for one token, > at the end for one or more',
  );
}

/** How reply subjects start: a client's inbox, or what a broker makes between accounts. */
const REPLY_PREFIX = /^(?:_INBOX|_R_)\./;
const MAX_REPLY_LENGTH = 256;

/**
 * The subject that a message's sender wants its answer on, undefined where it is none to answer on.
 * A receiver publishes with its own rights: to answer on any subject a sender names would lend them
 * to it.
 */
export function replySubject(reply: string | undefined): string | undefined {
  if (reply === undefined || reply.length > MAX_REPLY_LENGTH) return undefined;
  return REPLY_PREFIX.test(reply) && SUBJECT.test(reply) ? reply : undefined;
}

/** A function that tells whether a subject matches the filter. */
export function compileFilter(filter: string): (subject: string) => boolean {
  checkFilter(filter);
  if (filter === '>') return () => true;
  const tokens = filter.split('.');
  if (!tokens.includes('*') && tokens.at(-1) !== '>') return (subject) => subject === filter;
  const isOpenEnded = tokens.at(-1) === '>';
  const fixed = isOpenEnded ? tokens.slice(0, -1) : tokens;
  return (subject) => {
    const parts = subject.split('.');
    const fits = isOpenEnded ? parts.length > fixed.length : parts.length === fixed.length;
    return fits && fixed.every((token, i) => token === '*' || token === parts[i]);
  };
}

/** Whether every subject that the inner filter matches is matched by the outer one. */
export function coversFilter(outer: string, inner: string): boolean {
  const wide = outer.split('.');
  const narrow = inner.split('.');
  for (const [i, token] of wide.entries()) {
    const other = narrow[i];
    if (other === undefined) return false;
    if (token === '>') return true;
    if (other === '>' || (token !== '*' && token !== other)) return false;
  }
  return wide.length === narrow.length;
}

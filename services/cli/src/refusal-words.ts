/** What a server refused, for somebody who types commands and sees no subjects. */
import type { ClientError } from '@foldbook/client';
import { describeResult, ResultCode, type ResultName } from '@foldbook/protocol';

/** The client's message: `REFUSED: <subject>: <NAME> <detail>`. */
const REFUSED = /^REFUSED: (?:\w+\.)([A-Z0-9-]+)(?:\.\S+)?: ([A-Z_]+)\s*(.*)$/s;

/** A result code in words and, unless it is none of a refusal, where to look it up. */
export const codeWords = (code: number) =>
  code === ResultCode.OK ? 'done' : `${describeResult(code)}; see: foldbook help codes`;

/** The error's message; for a refusal the market, what its code means, and what to do. */
export function refusalWords(error: ClientError): string {
  if (error.code === 'OUTCOME_UNKNOWN' && error.session !== undefined) {
    const which = `--session ${error.session} --request ${error.requestId}`;
    return `${error.message}: foldbook outcome ${which} with its --market and --account`;
  }
  const [, market, name = '', detail = ''] = REFUSED.exec(error.message) ?? [];
  if (market === undefined || !isResultName(name)) return error.message.trimEnd();
  if (name === 'UNKNOWN_MARKET') {
    return `${market}: no such market; create it with: foldbook market create --market ${market}`;
  }
  const more = detail === '' ? '' : ` (${detail.trim()})`;
  return `${market}${more}: ${codeWords(ResultCode[name])}`;
}

const isResultName = (name: string): name is ResultName => Object.hasOwn(ResultCode, name);

/** What a server refused, for somebody who types commands and sees no subjects. */
import type { ClientError } from '@foldbook/client';
import { describeResult, ResultCode, type ResultName } from '@foldbook/protocol';

/** The client's message: `REFUSED: <subject>: <NAME> <detail>`. */
const REFUSED = /^REFUSED: (?:\w+\.)([A-Z0-9-]+)(?:\.\S+)?: ([A-Z_]+)\s*(.*)$/s;

/** The error's message; for a refusal the market, what its code means, and what to do. */
export function refusalWords(error: ClientError): string {
  const [, market, name = '', detail = ''] = REFUSED.exec(error.message) ?? [];
  if (market === undefined || !isResultName(name)) return error.message.trimEnd();
  if (name === 'UNKNOWN_MARKET') {
    return `${market}: no such market; create it with: foldbook market create --market ${market}`;
  }
  const more = detail === '' ? '' : ` (${detail.trim()})`;
  return `${market}: ${describeResult(ResultCode[name])}${more}`;
}

const isResultName = (name: string): name is ResultName => Object.hasOwn(ResultCode, name);

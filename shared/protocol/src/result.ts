/** What every decoder answers: a value, or a code with the place and a few words. */
import { ResultCode, type ResultName } from './codes.ts';

export interface Refusal {
  readonly ok: false;
  readonly code: ResultCode;
  readonly name: ResultName;
  /** Byte offset in the message (binary), or index of the command (msgpack). */
  readonly offset: number;
  readonly detail: string;
}

export type Decoded<Value> = { readonly ok: true; readonly value: Value } | Refusal;

export function refuse(name: ResultName, offset: number, detail: string): Refusal {
  return { ok: false, code: ResultCode[name], name, offset, detail };
}

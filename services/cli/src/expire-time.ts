/** When an order expires, as people type it. */
import { UsageError } from './cli-error.ts';

/** Seconds since 1970 are a u32 in an order. */
const MAX_SECONDS = 2 ** 32 - 1;
const FORMS = 'seconds since 1970, +SECONDS from now, or a time like 2030-01-31T12:00:00Z';
const ISO = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/;

/**
 * Seconds since 1970. UsageError for what is no time, for local times without an offset, and for
 * what is past by this machine's clock (`nowMs`, milliseconds since 1970).
 */
export function expireTimeFrom(text: string, nowMs: number): number {
  const seconds = parse(text, nowMs);
  if (seconds === undefined) throw new UsageError(`--expire ${text.slice(0, 40)}: give ${FORMS}`);
  if (seconds > MAX_SECONDS) {
    const last = new Date(MAX_SECONDS * 1_000).toISOString();
    throw new UsageError(`--expire ${text.slice(0, 40)} is too late: ${last} is the last`);
  }
  if (seconds * 1_000 > nowMs) return seconds;
  const moment = new Date(seconds * 1_000).toISOString();
  throw new UsageError(`--expire ${text}: ${moment} is past; give ${FORMS}`);
}

function parse(text: string, nowMs: number): number | undefined {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  if (/^\+[0-9]{1,15}$/.test(text)) return Math.floor(nowMs / 1_000) + Number(text.slice(1));
  const [, day] = ISO.exec(text) ?? [];
  const ms = day === undefined ? Number.NaN : Date.parse(text);
  if (day === undefined || Number.isNaN(ms)) return undefined;
  // Date.parse makes March 2 of February 30.
  const isReal = new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
  return isReal ? Math.floor(ms / 1_000) : undefined;
}

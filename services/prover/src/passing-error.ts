// SPDX-License-Identifier: GPL-3.0-or-later
/** Errors that end by themselves, or by what somebody does elsewhere: what met one tries again. */
import { StreamError } from '@foldbook/runtime';
import { messageOf, ProverError } from './prover-error.ts';

/** No room, no quota left; a device that failed, as a volume behind a network does for a while. */
const DISK_CODES = /^(ENOSPC|EDQUOT|EIO)\b/;

/** @returns `STORE_DISK` for a disk's error, the error as it is for any other that passes */
export function passingError(error: unknown): ProverError | StreamError | undefined {
  if (error instanceof StreamError) return isAway(error) ? error : undefined;
  if (error instanceof ProverError && ['STORE_LOCKED', 'STORE_DISK'].includes(error.code)) {
    return error;
  }
  if (!isDiskError(error)) return undefined;
  const what = `the disk of the proof stores: ${messageOf(error)}; make room, or see to the disk`;
  return new ProverError('STORE_DISK', what, { cause: error });
}

const isAway = ({ code }: StreamError): boolean => code === 'UNAVAILABLE' || code === 'NO_STREAM';

/** By the message, which the system begins with its code: threads hand on no more than that. */
function isDiskError(error: unknown): boolean {
  return error instanceof Error && DISK_CODES.test(error.message);
}

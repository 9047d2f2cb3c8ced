/** Checks a part's proof. Runs wherever JavaScript does. */
import { SECURITY_FLOOR_BITS } from '../security.ts';
import { checkPart, type PartVerdict } from './part-check.ts';

/** Whether the proof shows the statement. Never throws for what the bytes are. */
export function verifyPart(statementBytes: Uint8Array, proofBytes: Uint8Array): PartVerdict {
  return checkPart(statementBytes, proofBytes, SECURITY_FLOOR_BITS);
}

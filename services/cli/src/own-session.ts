/** Sessions of the account in whose name a command runs. */
import { MAX_SESSION } from '@foldbook/protocol';

/** Of the 256 that an account may have. */
const SESSIONS = 128;

/**
 * Commands that run at the same time should not share a session. From the last one down: programs
 * begin with 0, and whoever shares a session with a program that chose its request ids earlier
 * makes its next requests SUPERSEDED.
 */
export function sessionOf(pid: number): number {
  return MAX_SESSION - (pid % SESSIONS);
}

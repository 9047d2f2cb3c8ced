/**
 * What the decoders of lines have in common, behind what all decoders have.
 *
 * ```
 * decoder  +64       +68          +72
 *          skipping  instruments  own
 * ```
 * A lenient decoder counts a faulty line and goes on behind it; a fault of order (GAP,
 * OUT_OF_ORDER) is counted and the line is taken.
 */
import { OWN } from './decoding';
import { lineEnd } from './text';

export const SKIPPING: usize = OWN;
export const INSTRUMENTS: usize = OWN + 4;
export const LINES_OWN: usize = OWN + 8;

/** The next line, or the end of the input: then `skipping` stays, for the rest that follows. */
export function skipLine(decoder: usize, at: usize, end: usize): usize {
  const found = lineEnd(at, end);
  store<u32>(decoder, u32(found == end), SKIPPING);
  return found == end ? end : found + 1;
}

export function isSkipping(decoder: usize): bool {
  return load<u32>(decoder, SKIPPING) != 0;
}

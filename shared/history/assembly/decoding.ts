/**
 * What all decoders have in common: bytes in, events out, as far as both last. A decoder is the
 * address of this record; its own state follows.
 *
 * ```
 * decoder  +0     +4   +8      +12        +16   +20      +24       +32    +40     +48      +64
 *          input  end  events  eventsEnd  code  lenient  consumed  units  faults  skipped  own
 * ```
 * `step` reads from `input` on, moves it behind what it has taken, and stops where the input lacks
 * the rest of something (the host brings it, with what was left), where there is no room for
 * another event, or at an error: then `input` is where the faulty thing begins. `consumed` counts
 * bytes before `input` at the start of a step, so that errors name offsets of the whole input. A
 * lenient decoder goes on behind a faulty thing whose end it knows, and counts it in `faults`.
 */
export const INPUT: usize = 0;
export const INPUT_END: usize = 4;
export const EVENTS: usize = 8;
export const EVENTS_END: usize = 12;
export const CODE: usize = 16;
/** Not 0 where faults that the decoder can get past are only counted. */
export const LENIENT: usize = 20;
export const CONSUMED: usize = 24;
/** Lines, records or packets taken so far. */
export const UNITS: usize = 32;
/** Faulty ones among them (u64). */
export const FAULTS: usize = 40;
/** Whole ones among them that say nothing of the book (u64). */
export const SKIPPED: usize = 48;
export const OWN: usize = 64;
export const DECODER_BYTES: usize = 4_096;

/** The input ends before the next thing does, or is used up. */
export const MORE: u32 = 0;
/** No room for what the next thing may give. */
export const FULL: u32 = 1;
/** The codes from here on are errors; src/decode-error.ts has their names, in this order. */
export const FIRST_ERROR: u32 = 16;
export const BAD_MAGIC: u32 = 16;
export const BAD_VERSION: u32 = 17;
/** A length that cannot be. */
export const BAD_LENGTH: u32 = 18;
/** A kind of record that the format does not have. */
export const BAD_TYPE: u32 = 19;
/** A field whose value its format does not allow. */
export const BAD_FIELD: u32 = 20;
/** A number that has more decimals, or more digits, than can be kept exactly. */
export const BAD_NUMBER: u32 = 21;
/** A sequence that skips, or a block that is missing. */
export const GAP: u32 = 22;
/** A sequence or time that goes back. */
export const OUT_OF_ORDER: u32 = 23;
export const TOO_MANY_INSTRUMENTS: u32 = 24;
/** The input ended inside something. */
export const TRUNCATED: u32 = 25;

// @ts-ignore: decorator
@inline
export function inputOf(decoder: usize): usize {
  return load<u32>(decoder, INPUT);
}

// @ts-ignore: decorator
@inline
export function inputEndOf(decoder: usize): usize {
  return load<u32>(decoder, INPUT_END);
}

/** Ends a step: everything before `input` is taken. */
// @ts-ignore: decorator
@inline
export function endStep(decoder: usize, input: usize, events: usize, code: u32): void {
  store<u32>(decoder, <u32>input, INPUT);
  store<u32>(decoder, <u32>events, EVENTS);
  store<u32>(decoder, code, CODE);
}

/** Whether to go on behind a faulty thing, which is counted then. */
export function passFault(decoder: usize): bool {
  if (load<u32>(decoder, LENIENT) == 0) return false;
  store<u64>(decoder, load<u64>(decoder, FAULTS) + 1, FAULTS);
  return true;
}

// @ts-ignore: decorator
@inline
export function countSkipped(decoder: usize): void {
  store<u64>(decoder, load<u64>(decoder, SKIPPED) + 1, SKIPPED);
}

/**
 * Text for a terminal. Names, and messages that quote them, may come from anybody's store: in one a
 * sequence of control characters could write over the verdict that stands before it.
 */

/** Controls (C0 and C1), marks of writing direction and others without a glyph, line separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const UNSEEN_IN_LINE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** One line: what can't be seen is written as JSON writes it, ends of lines too. */
export const printable = (text: string): string => text.replace(UNSEEN, escaped);

/** The same of every line of a text that was put together here. */
export const printableLines = (text: string): string => text.replace(UNSEEN_IN_LINE, escaped);

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** Text that comes from files, inside an SVG document. */
const MOST_CHARACTERS = 80;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What XML does not allow even as an entity, and what turns the text around it. */
const FORBIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu;

/** What can stand between tags and in attributes. */
export const escapeXml = (text: string): string =>
  text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, (one) => ENTITIES[one] ?? one);

/** Of a name that a file chose. */
export function shortName(name: string): string {
  const characters = [...name];
  if (characters.length <= MOST_CHARACTERS) return name;
  return `${characters.slice(0, MOST_CHARACTERS - 1).join('')}…`;
}

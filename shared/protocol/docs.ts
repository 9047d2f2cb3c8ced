/**
 * Keeps the generated parts of README.md: `node shared/protocol/docs.ts` rewrites them. A test
 * fails when the file is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { EVENT_FIELDS, resultTable } from './src/index.ts';
import { type CommandVector, readVectors } from './vectors/json.ts';

const README = new URL('README.md', import.meta.url);

const SECTIONS: Readonly<Record<string, () => string>> = {
  'result-codes': resultCodes,
  'event-maps': eventMaps,
  'binary-example': () => `\`\`\`\n${hexRows(example().binary, 16).join('\n')}\n\`\`\``,
  'msgpack-example': () => `\`\`\`\n${hexRows(example().msgpack[1] ?? '', 24).join('\n')}\n\`\`\``,
};

export function readReadme(): string {
  return readFileSync(README, 'utf8');
}

/** `readme` with each generated part made anew. */
export function renderReadme(readme: string): string {
  return Object.entries(SECTIONS).reduce((text, [name, render]) => {
    const start = `<!-- ${name}: written by docs.ts -->`;
    const end = `<!-- end of ${name} -->`;
    const from = text.indexOf(start);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`README.md has no "${start}" before "${end}"`);
    return `${text.slice(0, from + start.length)}\n${render()}\n${text.slice(to)}`;
  }, readme);
}

function resultCodes(): string {
  const rows = resultTable().map(
    ({ code, name, meaning, remedy }) => `| ${code} | \`${name}\` | ${meaning} | ${remedy} |`,
  );
  return ['| code | name | meaning | what to do |', '|---|---|---|---|', ...rows].join('\n');
}

function eventMaps(): string {
  const rows = Object.entries(EVENT_FIELDS).map(([type, fields]) => {
    const cells = Object.entries(fields).map(([name, field]) => {
      const words = typeof field === 'string' ? field : Object.keys(field).join(' / ');
      return `\`${name}\` ${words}`;
    });
    return `| \`${type}\` | ${cells.join(', ')} |`;
  });
  return ['| type | fields |', '|---|---|', ...rows].join('\n');
}

function example(): CommandVector {
  const [first] = readVectors<CommandVector>('commands');
  if (first === undefined) throw new Error('vectors/commands.json is empty');
  return first;
}

function hexRows(hex: string, width: number): string[] {
  const bytes = hex.match(/../g) ?? [];
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    rows.push(`${String(at).padStart(3)}  ${bytes.slice(at, at + width).join(' ')}`);
  }
  return rows;
}

if (import.meta.main) writeFileSync(README, renderReadme(readReadme()));

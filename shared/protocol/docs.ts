/**
 * Keeps the generated parts of README.md: `node shared/protocol/docs.ts` rewrites them. A test
 * fails when the file is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  COMMAND_NAMES,
  type CommandField,
  CommandKind,
  EVENT_FIELDS,
  fieldsOf,
  type Names,
  resultTable,
} from './src/index.ts';
import { type CommandVector, readVectors } from './vectors/json.ts';

const README = new URL('README.md', import.meta.url);

const SECTIONS: Readonly<Record<string, () => string>> = {
  'result-codes': resultCodes,
  'command-fields': commandFields,
  'command-words': commandWords,
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

function commandFields(): string {
  const rows = Object.entries(COMMAND_NAMES).map(([type, kind]) => {
    const cells = fieldsOf(kind).map(([name, field]) => commandField(name, field));
    return `| ${kind} | ${kindName(kind)} | \`${type}\` | ${cells.join(', ')} |`;
  });
  return ['| kind | | type | fields |', '|---|---|---|---|', ...rows].join('\n');
}

function kindName(kind: CommandKind): string {
  const [name = ''] = Object.entries(CommandKind).find(([, value]) => value === kind) ?? [];
  return name;
}

function commandField(name: string, field: CommandField): string {
  if (field.type === 'flags') return `flags u8 at ${field.offset}`;
  const types: Readonly<Record<string, string>> = { word: 'u8', account: 'u32' };
  const type = types[field.type] ?? field.type;
  if (field.type === 'market') {
    return `\`${name}\`? name at ${field.offset} and ${field.restOffset}`;
  }
  const optional = field.otherwise === undefined ? '' : '?';
  return `\`${name}\`${optional} ${type} at ${field.offset}`;
}

function commandWords(): string {
  const kinds = new Map<string, string[]>();
  for (const kind of Object.values(CommandKind)) {
    for (const [name, field] of fieldsOf(kind)) {
      const cells = wordCells(name, field);
      if (cells === undefined) continue;
      kinds.set(cells, [...(kinds.get(cells) ?? []), kindName(kind)]);
    }
  }
  const rows = [...kinds].map(([cells, names]) => `| ${cells} | ${names.join(', ')} |`);
  return ['| field | words and numbers | kinds |', '|---|---|---|', ...rows].join('\n');
}

function wordCells(name: string, field: CommandField): string | undefined {
  if (field.type === 'flags') return `flags | ${numbered(field.flags)}`;
  if (field.type !== 'word') return undefined;
  return `\`${name}\` | ${numbered(field.words)}`;
}

const numbered = (words: Names<number>) =>
  Object.entries(words)
    .map(([word, number]) => `${number} \`${word}\``)
    .join(', ');

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

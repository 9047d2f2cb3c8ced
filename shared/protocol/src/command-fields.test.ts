import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { viewOf } from './batch.ts';
import { type Command, writeCommand } from './command.ts';
import { type CommandField, FIELD_BYTES, fieldsOf, partsOf } from './command-fields.ts';
import { CommandKind, RECORD_BYTES } from './layout.ts';
import { readMarketName } from './market-name.ts';
import { readSymbol } from './symbol.ts';
import { sent } from './testing/arbitraries.ts';

/** What a record has where the table says that a field is. */
function valueAt(view: DataView, { offset, type }: CommandField): number | bigint | string {
  switch (type) {
    case 'u8':
    case 'word':
    case 'flags':
      return view.getUint8(offset);
    case 'u32':
    case 'account':
      return view.getUint32(offset, true);
    case 'i32':
      return view.getInt32(offset, true);
    case 'u64':
      return view.getBigUint64(offset, true);
    case 'i64':
      return view.getBigInt64(offset, true);
    case 'symbol':
      return readSymbol(view, offset);
    case 'market':
      return readMarketName(view, 0);
    default: {
      const unknown: never = type;
      assert.fail(`no such type ${String(unknown)}`);
    }
  }
}

const emptyValue = ({ type }: CommandField) => {
  if (type === 'symbol' || type === 'market') return '';
  return type === 'u64' || type === 'i64' ? 0n : 0;
};

test('fields are written where the table has them, and are empty where they are left out', () => {
  const met = new Set<number>();
  const check = (command: Command) => {
    met.add(command.kind);
    const view = viewOf(new Uint8Array(RECORD_BYTES));
    writeCommand(view, 0, command, 42);
    const values: Readonly<Record<string, unknown>> = { ...command };
    for (const [name, field] of fieldsOf(command.kind)) {
      assert.equal(valueAt(view, field), values[name] ?? emptyValue(field), name);
    }
  };
  fc.assert(
    fc.property(sent, ({ commands }) => commands.forEach(check)),
    { numRuns: 300 },
  );
  assert.deepEqual(met, new Set(Object.values(CommandKind)));
});

test('what a map leaves out is what a record of zeros has', () => {
  for (const kind of Object.values(CommandKind)) {
    for (const [name, field] of fieldsOf(kind)) {
      if (field.type === 'flags' || field.otherwise === undefined) continue;
      assert.equal(field.otherwise, emptyValue(field), name);
    }
  }
});

test('no two fields of a kind share a byte', () => {
  for (const kind of Object.values(CommandKind)) {
    const used = new Set<number>();
    let bytes = 0;
    for (const [, field] of fieldsOf(kind)) {
      bytes += FIELD_BYTES[field.type];
      for (const [offset, width] of partsOf(field)) {
        for (let at = offset; at < offset + width; at += 1) used.add(at);
      }
    }
    assert.equal(used.size, bytes, `kind ${kind}`);
  }
});

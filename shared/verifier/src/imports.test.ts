import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** Packages that run in browsers; everything else is relative. */
const allowed = /^@noble\/(curves|hashes)\/\w+\.js$/;
/** The part of the protocol that is read here, held to the same. */
const RECEIPT = '@foldbook/protocol/receipt';
/** What a browser gets for the hash, held to the same. */
const HASH = '@foldbook/bn254/ready';
const hashFile = path.join(import.meta.dirname, '../../bn254/src/ready-web.ts');
const receiptFile = path.join(import.meta.dirname, '../../protocol/src/receipt-parts.ts');

test('the library reaches nothing but itself and packages for browsers', () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = readFileSync(file, 'utf8');
    assert(!/\b(Buffer|process|require)\b[.(]/.test(source), `${file} uses node's globals`);
    for (const [, specifier = ''] of source.matchAll(/\bfrom '([^']+)'/g)) {
      if (specifier === RECEIPT) visit(receiptFile);
      else if (specifier === HASH) visit(hashFile);
      else if (specifier.startsWith('.')) visit(path.join(path.dirname(file), specifier));
      else assert.match(specifier, allowed, file);
    }
  };
  visit(path.join(import.meta.dirname, 'index.ts'));
  const names = [...seen].map((file) => path.basename(file));
  assert(names.includes('verify-chain.ts') && names.includes('groth16.ts'));
  assert(!names.includes('store-folder.ts'));
  assert(![...seen].some((file) => file.includes('testing')));
});

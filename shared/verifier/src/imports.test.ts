import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** Packages that run in browsers; everything else is relative. */
const allowed = /^@noble\/(curves|hashes)\/\w+\.js$/;
/** Parts of other packages that are read here, held to the same: of the hash, what browsers get. */
const sharedDir = path.join(import.meta.dirname, '../..');
const sharedFiles = new Map([
  ['@foldbook/bn254', path.join(sharedDir, 'bn254/src/index.ts')],
  ['@foldbook/bn254/ready', path.join(sharedDir, 'bn254/src/ready-web.ts')],
  ['@foldbook/protocol/columns', path.join(sharedDir, 'protocol/src/columns.ts')],
  ['@foldbook/stark/verify', path.join(sharedDir, 'stark/src/verify/index.ts')],
  ['@foldbook/protocol/receipt', path.join(sharedDir, 'protocol/src/receipt-parts.ts')],
]);

test('the library reaches nothing but itself and packages for browsers', () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = readFileSync(file, 'utf8');
    assert(!/\b(Buffer|process|require)\b[.(]/.test(source), `${file} uses node's globals`);
    // Types are not there when it runs.
    const values = source.replaceAll(/\b(import|export) type [^;]*;/g, '');
    for (const [, specifier = ''] of values.matchAll(/\bfrom '([^']+)'/g)) {
      const sharedFile = sharedFiles.get(specifier);
      if (sharedFile !== undefined) visit(sharedFile);
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

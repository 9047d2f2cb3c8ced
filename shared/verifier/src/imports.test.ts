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
  ['@foldbook/stark', path.join(sharedDir, 'stark/src/index.ts')],
  ['@foldbook/stark/kernel-module', path.join(sharedDir, 'stark/src/kernel/module-web.ts')],
  ['@foldbook/stark/verify', path.join(sharedDir, 'stark/src/verify/index.ts')],
  ['@foldbook/protocol/receipt', path.join(sharedDir, 'protocol/src/receipt-parts.ts')],
]);

/** Every file that runs where `entry` is imported by a page. */
function reached(entry: string): string[] {
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
  visit(path.join(import.meta.dirname, entry));
  assert(![...seen].some((file) => file.includes('testing')));
  return [...seen].map((file) => path.basename(file));
}

test('the library reaches nothing but itself and packages for browsers', () => {
  const names = reached('index.ts');
  assert(names.includes('verify-chain.ts') && names.includes('groth16.ts'));
  assert(!names.includes('store-folder.ts'));
  // The kernel is for whoever wants level data.
  assert(names.includes('verify-part.ts') && !names.includes('part-committer.ts'));
});

test('so does what commits to records and accounts of a STARK chain', () => {
  const names = reached('stark/kernel-commitments.ts');
  assert(names.includes('part-committer.ts') && names.includes('module-web.ts'));
});

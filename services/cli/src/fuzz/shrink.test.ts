import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shrink } from './shrink.ts';

test('what does not make it fail is taken out, or becomes zero', async () => {
  const failing = Buffer.from('a long text with X and then something else before Y and the end');
  let tries = 0;
  const small = await shrink(failing, async (bytes) => {
    tries += 1;
    const text = Buffer.from(bytes).toString('latin1');
    return text.includes('X') && text.indexOf('Y') >= text.indexOf('X') + 3;
  });
  assert.equal(Buffer.from(small).toString('latin1'), 'X\0\0Y');
  assert.ok(tries < 4_000);
});

test('an end comes, whatever fails', async () => {
  const large = new Uint8Array(20_000).fill(7);
  assert.equal((await shrink(large, async () => true)).length, 0);
  assert.equal((await shrink(large, async () => false)).length, large.length);
});

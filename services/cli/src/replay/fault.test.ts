import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeError } from '@foldbook/history';
import { faultOf, faultWords } from './fault.ts';

test('advice fits what is wrong: what cannot be passed is not to be counted', () => {
  const wordsOf = (code: DecodeError['code']) =>
    faultWords(faultOf(new DecodeError(code, 30, 'the input is not valid'), 'a.dbn', 40, 10));
  assert.match(wordsOf('BAD_MAGIC'), /^a\.dbn: BAD_MAGIC: .*; is it of this format\? --format/);
  assert.match(wordsOf('TRUNCATED'), /; get the file whole$/);
  assert.match(wordsOf('BAD_FIELD'), /; --lenient counts such things and goes on$/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFilter, checkSubject, compileFilter, coversFilter, replySubject } from './subject.ts';

test('filters match as NATS has it', () => {
  const cases: [string, string, boolean][] = [
    ['a.b', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['*.b', 'a.b', true],
    ['a.>', 'a.b', true],
    ['a.>', 'a.b.c.d', true],
    ['a.>', 'a', false],
    ['>', 'a', true],
    ['>', 'a.b', true],
    ['a.*.c', 'a.b.c', true],
    ['a.*.c', 'a.b.d', false],
    ['a.*.>', 'a.b', false],
    ['a.*.>', 'a.b.c', true],
    ['ab', 'a', false],
  ];
  for (const [filter, subject, expected] of cases) {
    assert.equal(compileFilter(filter)(subject), expected, `${filter} on ${subject}`);
  }
});

test('malformed subjects and filters are refused', () => {
  const bad = ['', '.', 'a.', '.a', 'a..b', 'a b', 'a\r\nPUB x 0', 'a\tb', 'a\u0000'];
  for (const text of [...bad, 'a.*', '>', 'a.>', 'a*']) {
    assert.throws(() => checkSubject(text), { code: 'BAD_SUBJECT' }, JSON.stringify(text));
  }
  for (const text of [...bad, '>.a', 'a.>.b', 'a*', 'a.b>']) {
    assert.throws(() => checkFilter(text), { code: 'BAD_SUBJECT' }, JSON.stringify(text));
  }
  for (const text of ['a', 'a.b', 'cmd.BTC-USD.17', '_INBOX.x.1', '$JS.API.INFO']) {
    checkSubject(text);
    checkFilter(text);
  }
});

test('coverage of one filter by another', () => {
  const cases: [string, string, boolean][] = [
    ['>', 'a.*', true],
    ['a.>', 'a.b.*', true],
    ['a.>', 'a', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a.>', false],
    ['a.*', 'a.*', true],
    ['a.b', 'a.*', false],
    ['a.b', 'a.b', true],
    ['a.b.c', 'a.b', false],
  ];
  for (const [outer, inner, expected] of cases) {
    assert.equal(coversFilter(outer, inner), expected, `${outer} over ${inner}`);
  }
});

test('answers go to inboxes, and to what a broker makes between accounts', () => {
  for (const reply of ['_INBOX.x', '_INBOX.trader7.AB.1', '_R_.AbCdEf.xyz']) {
    assert.equal(replySubject(reply), reply);
  }
  const bad = [
    '',
    'log.0.M',
    '$JS.API.INFO',
    '_INBOX',
    '_INBOX.',
    '_R_',
    '_INBOX.a..b',
    '_INBOX.>',
  ];
  for (const reply of [...bad, '_INBOX.*', '_INBOXES.a', `_INBOX.${'a'.repeat(250)}`, undefined]) {
    assert.equal(replySubject(reply), undefined, reply);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_ACCOUNT, MAX_MARKET_NAME } from './limits.ts';
import {
  adminSubject,
  commandSubject,
  diffSubject,
  infoSubject,
  isMarketName,
  parseAccount,
  parseClientSubject,
  parseDiffSubject,
  parseMarketSubject,
  querySubject,
} from './subjects.ts';

const market = fc
  .stringMatching(/^[A-Z0-9][A-Z0-9-]*$/, { maxLength: MAX_MARKET_NAME })
  .filter((name) => name.length > 0);

test('client subjects are read as they were written', () => {
  fc.assert(
    fc.property(market, fc.nat(MAX_ACCOUNT), fc.nat(63), (name, account, partition) => {
      assert(isMarketName(name));
      const mapped = `in.${partition}.${name}.${account}`;
      for (const subject of [commandSubject(name, account), querySubject(name, account), mapped]) {
        assert.deepEqual(parseClientSubject(subject), { market: name, account });
      }
      for (const subject of [adminSubject(name), infoSubject(name)]) {
        assert.equal(parseMarketSubject(subject), name);
      }
    }),
  );
});

test('the market of a settlement subject, and of nothing else in its stream', () => {
  fc.assert(
    fc.property(market, fc.nat(1_023), (name, partition) => {
      assert.equal(parseDiffSubject(diffSubject(partition, name)), name);
    }),
  );
  for (const subject of [
    'diff.M',
    'diff.0.$term',
    'diff.x.M',
    'diff.01.M',
    'diff.0.M.1',
    'rpt.0.M',
  ]) {
    assert.equal(parseDiffSubject(subject), undefined, subject);
  }
});

test('names that a subject, a file or a stream could misread are no market names', () => {
  const refused = ['', '-A', 'btc', 'A.B', 'A*', '>', 'A B', 'A/B', '..', 'A\n', 'Ä', 'A_B'];
  for (const name of [...refused, 'A'.repeat(33)]) assert(!isMarketName(name), name);
  for (const name of ['A', '7', 'BTC-USD', 'A'.repeat(32)]) assert(isMarketName(name), name);
});

test('accounts have one spelling', () => {
  for (const text of [
    '',
    '00',
    '042',
    '+1',
    '-1',
    '1.0',
    '1e3',
    ' 1',
    '1 ',
    '0x1',
    '٣',
    '16777216',
    '99999999',
    '1\n',
  ]) {
    assert.equal(parseAccount(text), undefined, JSON.stringify(text));
  }
  assert.equal(parseAccount('0'), 0);
  assert.equal(parseAccount('16777215'), MAX_ACCOUNT);
});

test('subjects of another shape are refused', () => {
  const refused = [
    '',
    'cmd',
    'cmd.M',
    'cmd.M.',
    'cmd..42',
    'cmd.m.42',
    'cmd.M.42.1',
    'cmd.M.*',
    'cmd.>',
    'adm.M.42',
    'rpt.42.M',
    'x.M.42',
    'in.M.42',
    'in.x.M.42',
    'in.01.M.42',
    'in.0.M.42.1',
    'cmd.0.M.42',
  ];
  for (const subject of refused) assert.equal(parseClientSubject(subject), undefined, subject);
  for (const subject of ['', 'adm', 'adm.', 'adm.m', 'adm.M.1', 'cmd.M', 'log.M', 'adm.*']) {
    assert.equal(parseMarketSubject(subject), undefined, subject);
  }
});

test('any text is parsed or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^(cmd|in|qry)(\.[A-Z0-9*>]*)*$/)),
      (text) => {
        const parsed = parseClientSubject(text);
        if (parsed === undefined) return;
        assert(isMarketName(parsed.market));
        assert(text.endsWith(`.${parsed.market}.${parsed.account}`));
      },
    ),
  );
});

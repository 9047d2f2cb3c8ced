import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PendingAnswers } from './pending-answers.ts';
import { TransportError } from './transport.ts';

/** A table, and what came of the requests in it. */
function table() {
  const pending = new PendingAnswers();
  const told: string[] = [];
  const add = (id: number, deadlineMs: number, unsent?: Uint8Array) =>
    pending.add(id, {
      subject: `subject.${id}`,
      timeoutMs: 5,
      deadlineMs,
      unsent,
      resolve: () => told.push(`${id} answered`),
      reject: ({ code }) => told.push(`${id} ${code}`),
    });
  return { pending, told, add };
}

test('an answer is taken once', () => {
  const { pending, told, add } = table();
  add(1, 10);
  pending.take(1)?.resolve(new Uint8Array(0));
  assert.equal(pending.take(1), undefined);
  pending.expire(11);
  assert.deepEqual(told, ['1 answered']);
});

test('requests whose time is over are rejected, others wait on', () => {
  const { pending, told, add } = table();
  add(1, 10);
  add(2, 20);
  add(3, 11);
  pending.expire(11);
  pending.expire(12);
  assert.deepEqual(told, ['1 TIMEOUT', '3 TIMEOUT']);
  pending.rejectAll(new TransportError('CLOSED', ''));
  assert.deepEqual(told.slice(2), ['2 CLOSED']);
});

test('what waits for a connection is sent once, or hears why not', () => {
  const { pending, told, add } = table();
  add(1, 10);
  add(2, 10, Uint8Array.of(2));
  add(3, 10, Uint8Array.of(3));
  const sent: string[] = [];
  const send = (id: number, subject: string, payload: Uint8Array) => {
    if (id === 3) throw new TransportError('TOO_LARGE', '');
    sent.push(`${subject} ${payload}`);
  };
  pending.sendLate(send);
  pending.sendLate(send);
  assert.deepEqual(sent, ['subject.2 2']);
  assert.deepEqual(told, ['3 TOO_LARGE']);
  assert.equal(pending.take(3), undefined);
});

import { StreamError } from './stream.ts';

const STREAM_NAME = /^[A-Za-z0-9_-]+$/;

/** Names serve as folder names and in subjects. @throws StreamError BAD_CONFIG */
export function checkStreamName(name: string): void {
  if (STREAM_NAME.test(name)) return;
  const text = `${JSON.stringify(name)} is no stream name`;
  throw new StreamError('BAD_CONFIG', `${text}: letters, digits, - and _ only`);
}

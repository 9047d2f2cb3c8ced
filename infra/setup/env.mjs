// Makes .env for docker-compose.yml: one random password for each user of the broker and the queue.
// Plain JavaScript without dependencies; what an existing file has stays as it is.
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const FILE = new URL('../../.env', import.meta.url);
const NAMES = [
  'MARKET_PASSWORD',
  'PROVER_PASSWORD',
  'OPERATOR_PASSWORD',
  'AUDITOR_PASSWORD',
  'TRADER7_PASSWORD',
  'TRADER8_PASSWORD',
  'REDIS_PASSWORD',
  // Of the brokers of docker-compose.cluster.yml, for each other.
  'ROUTE_PASSWORD',
];

/** Adds the passwords that the file does not have, and makes it if it is not there. */
export function addPasswords(file) {
  let text = '';
  try {
    writeFileSync(file, '', { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    text = readFileSync(file, 'utf8');
  }
  const missing = NAMES.filter((name) => !new RegExp(`^${name}=`, 'm').test(text));
  // A letter first: the broker reads a value that starts with a digit as a number.
  const lines = missing.map((name) => `${name}=p${randomBytes(18).toString('hex')}\n`);
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  if (missing.length > 0) appendFileSync(file, `${gap}${lines.join('')}`);
  return missing;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const added = addPasswords(FILE);
  console.log(
    added.length === 0
      ? '.env has all passwords; delete it for new ones'
      : `.env has new passwords (readable by you only): ${added.join(', ')}`,
  );
}

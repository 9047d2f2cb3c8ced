/** Prints the paths of both servers as one line of JSON, for `foldbook up --local`. */
import { ensureServers } from './servers.ts';
import { SetupError } from './steps.ts';

try {
  const servers = await ensureServers((line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${JSON.stringify(servers)}\n`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

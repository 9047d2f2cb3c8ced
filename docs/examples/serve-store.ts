/**
 * Serves a market's STARK chain to pages that verify it (verify-page.ts), from this machine alone:
 *
 *     node docs/examples/serve-store.ts STORE MARKET [PORT]
 */
import { createServer } from 'node:http';
import { openStoreFolder } from '@foldbook/verifier/node';

const [dir = '', market = '', port = '8090'] = process.argv.slice(2);
const source = openStoreFolder(dir, market, { chain: 'stark' });
const encoder = new TextEncoder();

function end(words: string): never {
  console.error(`serve-store: ${words}`);
  process.exit(2);
}

if (market === '') end('name both: node docs/examples/serve-store.ts STORE MARKET [PORT]');
if ((await source.genesis()) === undefined) {
  end(`${dir} has no STARK chain of ${market}: name what "foldbook verify" finds`);
}

async function fileAt(path: string): Promise<Uint8Array | undefined> {
  if (path === '/genesis') return source.genesis();
  if (path === '/key-changes') return source.keyChanges();
  if (path === '/epochs') return encoder.encode(JSON.stringify(await source.epochNames()));
  const [, name] = /^\/epochs\/(\d{8,15}\.fb[edr])$/.exec(path) ?? [];
  return name === undefined ? undefined : source.epochFile(name);
}

const server = createServer(async ({ url = '/' }, response) => {
  // Public data: pages of any origin may read it.
  response.setHeader('access-control-allow-origin', '*');
  // Whoever wrote the store may have written a page into it.
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('x-content-type-options', 'nosniff');
  try {
    const bytes = await fileAt(url);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  } catch (error) {
    console.error(`${url}: ${error}`);
    response.writeHead(500).end();
  }
});
server.on('error', ({ message }) => end(`${message}; name another port: STORE MARKET PORT`));
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  const bound = typeof address === 'object' ? address?.port : port;
  console.log(`${market} of ${dir} at http://127.0.0.1:${bound}/`);
});

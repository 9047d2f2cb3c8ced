/**
 * A process of another user, on either side of shared memory. `market FOLDER UID CLIENT_UID`: lets
 * that user be account 7 and itself account 8, answers each request with itself, and tells of ends
 * and of those turned away. `client PATH UID [MARKET_UID]`: tells what is answered, or why it was
 * refused, and stays.
 */
import { setgid, setgroups, setuid } from 'node:process';
import type { Frame } from '../frame.ts';
import { checkSupport } from '../shared-memory-error.ts';
import { type HostConnection, SharedMemoryHost } from '../shared-memory-host.ts';
import { FrameKind } from '../shared-memory-layout.ts';
import { connectSharedMemory } from '../shared-memory-transport.ts';

const MAX_FRAME_BYTES = 4_096;
const LOOK_MS = 1;
const [role = '', path = '', uid = '', other = ''] = process.argv.slice(2);

/** What has to be read is read by now: the other user may not be able to. */
function become(user: number): void {
  checkSupport();
  setgroups?.([]);
  setgid?.(user);
  setuid?.(user);
}

function answer(connection: HostConnection, { kind, id, reply, payload }: Frame): boolean {
  if (kind === FrameKind.PUBLISH) connection.send(FrameKind.DELIVER, 0, reply, '', payload);
  if (kind === FrameKind.FLUSH) connection.send(FrameKind.FLUSHED, id);
  return true;
}

const tell = (words: string) => void process.send?.(words);

function serve(): void {
  const accounts = [{ account: 7, uid: Number(other) }, { account: 8 }];
  const host = new SharedMemoryHost(
    { folder: path, accounts, maxFrameBytes: MAX_FRAME_BYTES },
    {
      onOpen: () => undefined,
      onFrame: answer,
      onEnd: ({ account }, end) => tell(`${account}: ${end}`),
      onTurnedAway: ({ account, kind, peer }) => tell(`${account}: ${kind} ${peer.uid}`),
      onTrouble: (account, reason) => tell(`${account}: ${reason}`),
    },
  );
  setInterval(() => host.poll(), LOOK_MS);
  tell('ready');
}

async function ask(): Promise<void> {
  const marketUid = other === '' ? undefined : Number(other);
  try {
    const transport = await connectSharedMemory({ path, marketUid, connectTimeoutMs: 20_000 });
    const payload = await transport.request('a.b', new TextEncoder().encode('hello'), 20_000);
    tell(new TextDecoder().decode(payload));
  } catch (error) {
    tell(String(error));
    process.disconnect?.();
  }
}

become(Number(uid));
if (role === 'market') serve();
else await ask();

/** The floor's process of `bench e2e`: streams as the market has them, and what fills them. */
import {
  diffStream,
  diffsFilter,
  logFilter,
  logStream,
  reportStream,
  reportsFilter,
} from '@foldbook/protocol';
import { answerQuestions, connectNats, JetStreamStore } from '@foldbook/runtime';
import { E2eFloor } from './e2e-floor.ts';
import type { FloorQuestions } from './e2e-messages.ts';

const PARTITION = 0;
const STREAMS = [
  [logStream(PARTITION), logFilter(PARTITION)],
  [reportStream(PARTITION), reportsFilter(PARTITION)],
  [diffStream(PARTITION), diffsFilter(PARTITION)],
] as const;

answerQuestions<FloorQuestions>({
  async serve(options) {
    const { servers, replicas } = options;
    const transport = await connectNats({ servers, name: 'foldbook-bench-floor' });
    const store = new JetStreamStore(transport, { replicas });
    for (const [name, filter] of STREAMS) await (await store.writer(name, [filter])).close();
    new E2eFloor(transport, options).open();
    await transport.flush();
    return undefined;
  },
});

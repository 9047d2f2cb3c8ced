// SPDX-License-Identifier: GPL-3.0-or-later
import { InProcessQueue } from './in-process-queue.ts';
import { testProofQueue } from './testing/queue-conformance.ts';

testProofQueue('in-process queue', async (maker) => new InProcessQueue(maker));

/** The challenges of lookups (SPEC section 5, step 3). */
import type { Extension } from '../field/extension.ts';
import type { Transcript } from '../transcript.ts';

/** Of ranges (z), netting (x, y) and the accounts before (u, v). */
export interface LookupChallenges {
  readonly z: Extension;
  readonly x: Extension;
  readonly y: Extension;
  readonly u: Extension;
  readonly v: Extension;
}

export function drawLookupChallenges(transcript: Transcript): LookupChallenges {
  const z = transcript.draw();
  const x = transcript.draw();
  const y = transcript.draw();
  const u = transcript.draw();
  return { z, x, y, u, v: transcript.draw() };
}

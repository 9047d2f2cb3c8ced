/** Processes that do what they are asked, one question at a time: the side that answers. */
import process from 'node:process';

/** What each question is asked with, and what its answer is. */
export type Questions = Record<string, { asked: unknown; answer: unknown }>;

export type Reply =
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly reason: string };

/** In a forked process: answers until nobody asks any more. */
export function answerQuestions<Of extends Questions>(
  answers: {
    readonly [Ask in keyof Of]: (asked: Of[Ask]['asked']) => Promise<Of[Ask]['answer']>;
  },
): void {
  // Whoever asked may have died: nothing that still runs here keeps the process.
  process.on('disconnect', () => process.exit());
  process.on('message', ({ ask, asked }: { ask: keyof Of; asked: unknown }) => {
    answers[ask](asked).then(
      (answer) => process.send?.({ ok: true, answer } satisfies Reply),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        process.send?.({ ok: false, reason } satisfies Reply);
      },
    );
  });
}

/** The process that `foldbook bench hosts` asks. */
import { answerQuestions, pinCurrentThread } from '@foldbook/runtime';
import { runCrowd } from './crowd-run.ts';
import type { HostsQuestions } from './hosts-messages.ts';
import { runPieces } from './move-pieces.ts';
import { runMoves } from './move-run.ts';
import { runNeighbour } from './neighbour-run.ts';

answerQuestions<HostsQuestions>({
  prepare: async ({ clientCore }) => pinCurrentThread(clientCore),
  neighbour: runNeighbour,
  crowd: runCrowd,
  move: runMoves,
  pieces: runPieces,
});

/**
 * A client process that breaks the rules. `scribble`: attaches, sends something proper, then writes
 * over any word of its memory until it is thrown out, again and again. `deaf`: asks and never reads.
 */
import { readFileSync } from 'node:fs';
import { encodeCommands } from '@foldbook/protocol';
import { MappedMemory, SharedMemoryError } from '../../../../shared/runtime/src/mapped-memory.ts';

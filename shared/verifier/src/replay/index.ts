export {
  createReplayEngine,
  type LogRecord,
  LogReplay,
  type LogReplayParts,
} from './log-replay.ts';
export { type RuleEvent, ruleChange, ruleEvent } from './rule-change.ts';

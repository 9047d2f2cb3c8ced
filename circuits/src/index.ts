export {
  type CircuitArtifacts,
  type CircuitDigests,
  type CircuitName,
  circuitArtifacts,
  circuitNames,
  pinnedDigests,
} from './artifacts.ts';

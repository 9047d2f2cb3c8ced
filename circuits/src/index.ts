export { type ConstraintSystem, parseR1cs, violations } from '../builder/r1cs.ts';
export {
  type CircuitArtifacts,
  type CircuitDigests,
  type CircuitName,
  circuitArtifacts,
  circuitNames,
  defaultCircuits,
  importedKeyFile,
  pinnedDigests,
} from './artifacts.ts';

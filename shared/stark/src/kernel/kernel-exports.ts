/** What assembly/index.ts exports. Addresses and sizes are in bytes, counts in elements. */
export interface KernelExports
  extends ColumnExports,
    TransformExports,
    TreeExports,
    OpeningsExports,
    FriExports,
    AirExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
}

/** Field elements in columns of n. */
interface ColumnExports {
  /** target = the column in Montgomery form; its words may be any. The target may be the column. */
  enterColumn(target: number, column: number, n: number): void;
  /** target = the column's plain values, below p. The target may be the column. */
  leaveColumn(target: number, column: number, n: number): void;
  /** A base column's inverses, in place; those of 0 are 0. `scratch`: n words. */
  invertColumn(column: number, n: number, scratch: number): void;
  /** An extension column's inverses, in place; those of 0 are 0. `scratch`: 2 n words. */
  invertExtension(columns: number, n: number, scratch: number): void;
  /** target = 1 / (x - z), an extension column: x a base column, z five words; 0 for x = z. */
  invertDifferences(target: number, x: number, n: number, z: number, scratch: number): void;
}

/** See `Transforms`, which has the tables. */
interface TransformExports {
  /** Of the tables of height 2^k with blowup 2^b. */
  transformTableBytes(k: number, b: number): number;
  writeTransformTables(tables: number, k: number, b: number): void;
  interpolateColumns(
    tables: number,
    columns: number,
    stride: number,
    count: number,
    k: number,
  ): void;
  interpolateCoset(
    tables: number,
    columns: number,
    stride: number,
    count: number,
    k: number,
    c: number,
  ): void;
  extendColumns(
    tables: number,
    coefficients: number,
    coefficientStride: number,
    target: number,
    targetStride: number,
    count: number,
    k: number,
    b: number,
  ): void;
}

/** assembly/openings.ts. */
interface OpeningsExports {
  geometric(target: number, count: number, first: number, ratio: number): void;
  barycentricWeights(xs: number, inverses: number, factor: number, n: number, target: number): void;
  dotColumns(
    weights: number,
    pointers: number,
    count: number,
    n: number,
    out: number,
    sums: number,
  ): void;
  combineColumns(factors: number, pointers: number, count: number, n: number, target: number): void;
  addQuotient(combined: number, value: number, inverses: number, n: number, target: number): void;
}

/** assembly/fri.ts. */
interface FriExports {
  foldLayer(
    source: number,
    target: number,
    n: number,
    cosets: number,
    arityLog: number,
    inverses: number,
    factors: number,
    scale: number,
    combination: number,
    weight: number,
  ): void;
}

/** assembly/tree.ts: commitments and grinding. */
interface TreeExports {
  hashRows(pointers: number, count: number, rows: number, digests: number): void;
  hashLevel(below: number, target: number, cosetNodes: number, cosets: number): void;
  injectRows(nodes: number, leaves: number, count: number): void;
  grind(state: number, bits: number, high: number, low: number, count: number): number;
}
/**
 * What codegen/ writes for each table. `columns` is an array of addresses over one domain of n
 * rows: of first, last and x, then the main columns, then five coordinates of each column of the
 * lookup tree, all in Montgomery form. `parameters` is a block of src/air/parameters.ts by the
 * table's plan.
 */
interface AirExports {
  /** target = the sum of all constraints by their weights, an extension column. */
  constraintsRecords(columns: number, parameters: number, target: number, n: number): void;
  constraintsAfter(columns: number, parameters: number, target: number, n: number): void;
  constraintsBefore(columns: number, parameters: number, target: number, n: number): void;
  /** target = the columns e, one extension column behind the other; `before`: the fractions. */
  lookupsRecords: WriteLookups;
  lookupsAfter: WriteLookups;
  lookupsBefore: WriteLookups;
  /** table = 1/(z - t) for t below 4,096: 131,072 bytes. z has five words. */
  rangeInverses(z: number, table: number, scratch: number): void;
  /**
   * The column S behind `count` columns e, and their sum T, five words: S(0) = 0. Where count is 0,
   * fractions stand in S. @param inverseHeight - 1/n in Montgomery form
   */
  sumUp(columns: number, count: number, n: number, inverseHeight: number, total: number): void;
}

type WriteLookups = (
  columns: number,
  parameters: number,
  ranges: number,
  target: number,
  n: number,
  scratch: number,
) => void;

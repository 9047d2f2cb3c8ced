/** The rounds of a part's proof (SPEC sections 5 to 9), from its trace on. */
import { airDigest } from '../air/digest.ts';
import { CommittedTree } from '../commit/committed-tree.ts';
import { inverse } from '../field/base.ts';
import { root } from '../field/domain.ts';
import * as F from '../field/extension.ts';
import { powersOf } from '../field/powers.ts';
import { FriLayers } from '../fri/layers.ts';
import { grindNonce, nonceBytes } from '../grinding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Transforms } from '../kernel/ntt.ts';
import { HeightOpenings, type OpenedPoint } from '../openings/height-openings.ts';
import type { ProofParameters } from '../parameters.ts';
import { combinationPlan, nextColumns, powersIn } from '../proof/combination-plan.ts';
import { encodeProof, type QueryOpenings, type TableValues } from '../proof/part-proof.ts';
import { MAIN_TREES, PartShape, type PartTree } from '../proof/part-shape.ts';
import { type AccountCommitment, accountPoint } from '../statement/account-commitment.ts';
import { encodeStatement, type PartStatement } from '../statement/part-statement.ts';
import type { AccountTable } from '../trace/account-table.ts';
import type { SettlementTrace } from '../trace/settlement-trace.ts';
import type { TableTrace } from '../trace/table-trace.ts';
import { TAGS, Transcript } from '../transcript.ts';
import { drawLookupChallenges, type LookupChallenges } from '../verify/lookup-challenges.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { accountCommitment } from './committed-accounts.ts';
import { type ExtendedColumns, extendValues } from './extended-columns.ts';
import {
  extendLookups,
  type Lookups,
  type LookupValues,
  placeLookups,
  placeRangeInverses,
} from './lookups.ts';
import { begin, type ProveHooks } from './prove-hooks.ts';
import { quotientColumns } from './quotients.ts';

/** Where in its chain a part stands. */
export interface PartPlace {
  readonly chainId: Uint8Array;
  readonly market: number;
  readonly epoch: bigint;
  /** Of its epoch, from 0. */
  readonly part: number;
  /** Index of the first record since genesis. */
  readonly recordFirst: bigint;
}

/** What a proof says besides the roots of its trees. */
export interface PartClaim {
  readonly parameters: ProofParameters;
  readonly place: PartPlace;
  /** Of records. */
  readonly count: number;
}

export interface ProvedPart {
  readonly statement: Uint8Array;
  readonly proof: Uint8Array;
  readonly before: AccountCommitment;
  readonly after: AccountCommitment;
  /** What the next part begins with. */
  readonly accounts: AccountTable;
}

const WORD_BYTES = 4;

/**
 * One proof. A trace is taken as it is, and the steps are protected: tests make provers of it that
 * cheat. Whoever has records to prove has PartProver.
 */
export class PartRun {
  protected readonly kernel: Kernel;
  protected readonly shape: PartShape;
  protected readonly transforms: Transforms;
  protected readonly transcript = new Transcript();
  readonly #claim: PartClaim;
  readonly #hooks: ProveHooks;
  readonly #trace: SettlementTrace;
  readonly #openings = new Map<number, HeightOpenings>();

  /** What it takes of the kernel's arena it does not give back. */
  constructor(kernel: Kernel, claim: PartClaim, trace: SettlementTrace, hooks: ProveHooks = {}) {
    this.kernel = kernel;
    this.#claim = claim;
    this.#hooks = hooks;
    this.#trace = trace;
    const { before, after } = trace;
    const { parameters, count } = claim;
    this.shape = new PartShape({
      parameters,
      count,
      before: { logHeight: Math.log2(before.height) },
      after: { logHeight: Math.log2(after.height) },
    });
    this.transforms = new Transforms(kernel, this.shape.logHeights, parameters.logBlowup);
  }

  run(): ProvedPart {
    const { records, after, before, accounts } = this.#trace;
    const traces = [records, after, before].map((trace) => this.#placeTrace(trace));
    const main = this.extendTraces(traces);
    const mainTrees = this.#commitMain(main);
    const statement = this.statementOf(main, mainTrees);
    const statementBytes = encodeStatement(statement);
    this.transcript.absorb(TAGS.STATEMENT, statementBytes);
    for (const { cap } of mainTrees) this.transcript.absorb(TAGS.CAP, cap);

    const challenges = drawLookupChallenges(this.transcript);
    const lookups = this.#lookups(traces, challenges);
    const lookup = lookups.map(({ columns }) => columns);
    const sums = lookups.map(({ sum }) => sum);
    const lookupTree = this.#commit('lookup', lookup);
    this.transcript.absorb(TAGS.CAP, lookupTree.cap);
    this.transcript.absorb(TAGS.SUMS, new ByteWriter().extensions(sums).finish());

    const quotient = this.#quotients(main, lookups, challenges);
    const quotientTree = this.#commit('quotient', quotient);
    this.transcript.absorb(TAGS.CAP, quotientTree.cap);

    const opened = this.#open({ main, lookup, quotient });
    const layers = this.fold(this.#combine(opened, statement));
    const nonce = this.#grind(layers);
    const queries = this.query([...mainTrees, lookupTree, quotientTree], layers);
    const proof = encodeProof({
      mainCaps: mainTrees.map(({ cap }) => cap),
      lookupCap: lookupTree.cap,
      sums,
      quotientCap: quotientTree.cap,
      values: opened.values,
      layerCaps: layers.caps,
      finalPolynomial: layers.finalPolynomial,
      nonce,
      queries,
    });
    const commitments = { before: statement.before, after: statement.after };
    return { statement: statementBytes, proof, ...commitments, accounts };
  }

  /** Address of a table's cells in the kernel, column after column. */
  #placeTrace({ cells }: TableTrace): number {
    const { arena, exports } = this.kernel;
    const address = arena.take(WORD_BYTES * cells.length);
    arena.words(address, cells.length).set(cells);
    exports.enterColumn(address, address, cells.length);
    return address;
  }

  protected extendTraces(traces: readonly number[]): ExtendedColumns[] {
    begin('extend', this.#hooks);
    return this.shape.tables.map(({ table, logHeight }, index) => {
      const trace = present(traces[index]);
      return extendValues(this.kernel, this.transforms, trace, table.columns.length, logHeight);
    });
  }

  #commitMain(main: readonly ExtendedColumns[]): CommittedTree[] {
    begin('commit', this.#hooks);
    return MAIN_TREES.map((name) => this.#commit(name, main));
  }

  /** @param columns of each table */
  #commit(name: PartTree['name'], columns: readonly ExtendedColumns[]): CommittedTree {
    begin('commit', this.#hooks);
    const { trees, parameters } = this.shape;
    const tree = present(trees.find((one) => one.name === name));
    const tables = tree.members.map(({ table, first, columns: count }) => {
      const own = present(columns[table]);
      const { stride, logHeight } = own;
      return { address: own.at(first), stride, columns: count, logHeight };
    });
    return CommittedTree.build(this.kernel, tables, parameters.logBlowup);
  }

  protected statementOf(
    main: readonly ExtendedColumns[],
    trees: readonly CommittedTree[],
  ): PartStatement {
    const { place, count } = this.#claim;
    const { chainId, market, epoch, part, recordFirst } = place;
    const [recordTree, afterTree, beforeTree] = trees;
    const [, after, before] = main;
    return {
      parameters: this.shape.parameters,
      airDigest: airDigest(),
      ...{ chainId, market, epoch, part, recordFirst },
      count,
      recordRoot: present(recordTree).root,
      before: this.#commitmentTo(present(before), present(beforeTree)),
      after: this.#commitmentTo(present(after), present(afterTree)),
    };
  }

  #commitmentTo(columns: ExtendedColumns, tree: CommittedTree): AccountCommitment {
    return accountCommitment(columns, tree, this.#openingsOf(columns.logHeight));
  }

  /** What is opened of all columns of a height. It stays in the arena. */
  #openingsOf(logHeight: number): HeightOpenings {
    const known = this.#openings.get(logHeight);
    if (known !== undefined) return known;
    const made = new HeightOpenings(this.kernel, this.transforms, logHeight);
    this.#openings.set(logHeight, made);
    return made;
  }

  #lookups(traces: readonly number[], challenges: LookupChallenges): Lookups[] {
    begin('lookup', this.#hooks);
    const values = this.placeLookups(traces, challenges);
    return this.shape.tables.map((table, index) => {
      return extendLookups(this.kernel, this.transforms, table, present(values[index]));
    });
  }

  protected placeLookups(
    traces: readonly number[],
    challenges: LookupChallenges,
  ): readonly LookupValues[] {
    const ranges = placeRangeInverses(this.kernel, challenges.z);
    return this.shape.tables.map(({ table, logHeight }, index) => {
      const trace = present(traces[index]);
      return placeLookups(this.kernel, { table, logHeight, trace, ranges, challenges });
    });
  }

  #quotients(
    main: readonly ExtendedColumns[],
    lookups: readonly Lookups[],
    challenges: LookupChallenges,
  ): ExtendedColumns[] {
    const alpha = this.transcript.draw();
    const { count } = this.#claim;
    return this.shape.tables.map(({ table, logHeight }, index) => {
      begin('constraints', this.#hooks);
      const { columns: lookup, sum } = present(lookups[index]);
      const share = F.scale(sum, inverse(2 ** logHeight));
      return quotientColumns(this.kernel, this.transforms, {
        ...{ table, logHeight, count, alpha, lookup },
        main: present(main[index]),
        challenges: { ...challenges, share },
      });
    });
  }

  /** The values at zeta and behind it; the openings are to combine them. */
  #open(columns: CommittedColumns): OpenedPart {
    begin('openings', this.#hooks);
    const zeta = this.transcript.draw();
    const { tables, logHeights } = this.shape;
    const points = new Map(
      logHeights.map((logHeight) => {
        const openings = this.#openingsOf(logHeight);
        const next = openings.at(F.scale(zeta, root(logHeight)));
        return [logHeight, { openings, zeta: openings.at(zeta), next }] as const;
      }),
    );
    const addresses = tables.map((_, table) => addressesOf(columns, table));
    const values = this.valuesAt(points, addresses);
    const all = values.flatMap(({ current, next }) => [...current, ...next]);
    this.transcript.absorb(TAGS.VALUES, new ByteWriter().extensions(all).finish());
    return { points, addresses, values };
  }

  protected valuesAt(
    points: ReadonlyMap<number, HeightPoints>,
    addresses: readonly (readonly number[])[],
  ): TableValues[] {
    return this.shape.tables.map(({ table, logHeight }, index) => {
      const own = present(addresses[index]);
      const { openings, zeta, next } = present(points.get(logHeight));
      const nextAddresses = nextColumns(table).map((column) => present(own[column]));
      return { current: openings.values(zeta, own), next: openings.values(next, nextAddresses) };
    });
  }

  /** Addresses of the combinations by the log sizes of their domains. */
  #combine(opened: OpenedPart, { before, after }: PartStatement): Map<number, number> {
    begin('combine', this.#hooks);
    const plan = combinationPlan(this.shape);
    const powers = powersOf(this.transcript.draw(), powersIn(plan));
    const commitments = [undefined, after, before];
    const { logBlowup } = this.shape.parameters;
    return new Map(
      plan.map(({ logHeight, opened: parts }) => {
        const { openings, zeta, next } = present(opened.points.get(logHeight));
        for (const { table, point, columns, firstPower } of parts) {
          const own = present(opened.addresses[table]);
          const addresses = columns.map((column) => present(own[column]));
          const factors = powers.slice(firstPower, firstPower + columns.length);
          const values = present(opened.values[table]);
          if (point === 'zeta') openings.combine(zeta, addresses, values.current, factors);
          else if (point === 'next') openings.combine(next, addresses, values.next, factors);
          else {
            const { root: ofTree, pinned } = present(commitments[table]);
            const at = openings.at(accountPoint(ofTree, logHeight));
            openings.combine(at, addresses, pinned, factors);
          }
        }
        return [logHeight + logBlowup, openings.extend()] as const;
      }),
    );
  }

  protected fold(words: ReadonlyMap<number, number>): FriLayers {
    begin('fri', this.#hooks);
    const transcript = this.transcript;
    const { schedule, parameters } = this.shape;
    return FriLayers.commit(this.kernel, schedule, parameters.logBlowup, words, {
      absorbCap: (cap) => transcript.absorb(TAGS.CAP, cap),
      draw: () => transcript.draw(),
    });
  }

  #grind({ finalPolynomial }: FriLayers): bigint {
    begin('grind', this.#hooks);
    const transcript = this.transcript;
    const coefficients = new ByteWriter().extensions(finalPolynomial).finish();
    transcript.absorb(TAGS.FINAL_POLYNOMIAL, coefficients);
    const nonce = this.findNonce(transcript.state);
    transcript.absorb(TAGS.NONCE, nonceBytes(nonce));
    return nonce;
  }

  protected findNonce(state: Uint8Array): bigint {
    const { grindingBits } = this.shape.parameters;
    const isCancelled = () => this.#hooks.isCancelled?.() === true;
    return grindNonce(this.kernel, state, grindingBits, isCancelled);
  }

  protected query(trees: readonly CommittedTree[], layers: FriLayers): QueryOpenings[] {
    const { parameters, schedule } = this.shape;
    return this.transcript.drawIndices(parameters.queries, schedule.logSize).map((index) => {
      return {
        trees: trees.map((tree) => tree.opening(index % 2 ** tree.shape.logSize)),
        layers: layers.openings(index),
      };
    });
  }
}

interface CommittedColumns {
  readonly main: readonly ExtendedColumns[];
  readonly lookup: readonly ExtendedColumns[];
  readonly quotient: readonly ExtendedColumns[];
}

interface OpenedPart {
  readonly points: ReadonlyMap<number, HeightPoints>;
  /** Of each table's columns on coset 0. */
  readonly addresses: readonly (readonly number[])[];
  readonly values: readonly TableValues[];
}

export interface HeightPoints {
  readonly openings: HeightOpenings;
  readonly zeta: OpenedPoint;
  readonly next: OpenedPoint;
}

/** Of all columns of a table on coset 0: main, lookup, quotient. */
function addressesOf({ main, lookup, quotient }: CommittedColumns, table: number): number[] {
  return [main, lookup, quotient].flatMap((columns) => {
    const own = present(columns[table]);
    return Array.from({ length: own.count }, (_, column) => own.at(column));
  });
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('assertion failed: a table or tree is missing');
  return value;
}

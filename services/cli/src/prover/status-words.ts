/** What a prover says of its markets, for people. */
import { grouped, plural } from '../output.ts';
import type { ChainFacts, MarketFacts } from './status-files.ts';

/** Whether somebody has to see to one of its chains. */
export function isStuck({ secondChain, ...first }: MarketFacts): boolean {
  return [first, ...(secondChain === undefined ? [] : [secondChain])].some(
    ({ stopped, setAside }) => stopped !== undefined || setAside.length > 0,
  );
}

export function marketWords({ secondChain, ...first }: MarketFacts): string[] {
  const lines = chainWords(first, `  ${first.market}`);
  if (secondChain === undefined) return lines;
  return [...lines, ...chainWords(secondChain, '    and beside it')];
}

const chainName = ({ chain }: ChainFacts) => (chain === 'stark' ? 'STARK chain' : 'Poseidon chain');

function chainWords(facts: ChainFacts, head: string): string[] {
  const { epochsClosed, epochsProved, epochsBacklog, recordsBacklog, stopped } = facts;
  const { chain, choice, setAside } = facts;
  const proof = chain === 'stark' ? 'part ' : '';
  return [
    `${head}: ${epochsProved} of ${plural(epochsClosed, 'epoch')} proved; waiting: ` +
      `${plural(epochsBacklog, 'epoch')}, ${plural(recordsBacklog, 'record')}`,
    `    ${chainName(facts)}: ${timeWords(facts)}`,
    ...(choice === undefined
      ? []
      : [`    last choice, epoch ${choice.epoch}: ${choiceWords(choice)}`]),
    ...setAside.map(
      ({ epoch, part, reason }) => `    set aside: epoch ${epoch} ${proof}${part}: ${reason}`,
    ),
    ...(stopped === undefined ? [] : [`    stopped: ${stopped}`]),
  ];
}

function timeWords(facts: ChainFacts): string {
  const { chain, treeHitRate, treePages, msPerBatch, msPerAccountProof } = facts;
  if (chain === 'stark') return `a part ${msPerBatch ?? '-'} ms`;
  const share = treeHitRate === null ? '-' : `${(100 * treeHitRate).toFixed(1)} %`;
  return (
    `a batch ${msPerBatch ?? '-'} ms, an account proof ${msPerAccountProof ?? '-'} ms; ` +
    `account tree: ${share} found in memory, ${plural(treePages, 'page')}`
  );
}

/** Of the router's, in words; one that is not known here is told as it is. */
const REASONS: Readonly<Record<string, string>> = {
  only: 'the only way there is',
  unmeasured: 'nothing is measured yet',
  trial: 'to measure it',
  cost: 'it costs the least',
  deadline: 'others would be late',
  backlog: 'others wait',
  memory: 'others need more memory',
  kept: 'as an earlier run had planned',
};

function choiceWords({ proofs, reason }: { proofs: string; reason: string }): string {
  if (proofs === 'none') return 'no proof needed';
  return `${proofs.replaceAll(PARTS, partWords)} (${REASONS[reason] ?? reason})`;
}

/** "2 stark-4/32768+2048": parts, their blowup, and the rows of their records and accounts. */
const PARTS = /(\d+) stark-\d+\/(\d+)\+\d+/g;

const partWords = (_: string, parts: string, rows: string): string =>
  `${plural(Number(parts), 'part')} of ${grouped(Number(rows))} rows`;

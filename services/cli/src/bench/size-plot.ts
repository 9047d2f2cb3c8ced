/** The picture of `bench sizes`: nanoseconds a command over the size, a panel for each thing. */
export interface Panel {
  /** What grows. */
  readonly title: string;
  /** Ascending sizes; nanoseconds a command. */
  readonly points: readonly { readonly size: number; readonly ns: number }[];
}

const PANEL_WIDTH = 300;
const PANEL_HEIGHT = 220;
const LEFT = 56;
const TOP = 48;
const BOTTOM = 56;
const GAP = 24;
const TICKS = 4;
const LINE = 'stroke="#1668b8" stroke-width="2" fill="none"';
const TEXT = 'font-family="sans-serif" font-size="12" fill="#334"';

/** An SVG document of all panels side by side; sizes are on a logarithmic scale, times are not. */
export function sizePlot(panels: readonly Panel[], caption: string): string {
  const mostNs = niceAbove(Math.max(...panels.flatMap(({ points }) => points.map(({ ns }) => ns))));
  const width = LEFT + panels.length * (PANEL_WIDTH + GAP);
  const height = TOP + PANEL_HEIGHT + BOTTOM;
  const parts = panels.map((panel, index) =>
    panelParts(panel, LEFT + index * (PANEL_WIDTH + GAP), mostNs, index === 0),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${caption}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="18" ${TEXT}>${caption}</text>`,
    ...parts.flat(),
    '</svg>',
    '',
  ].join('\n');
}

function panelParts(
  { title, points }: Panel,
  left: number,
  mostNs: number,
  isFirst: boolean,
): string[] {
  const logs = points.map(({ size }) => Math.log10(size));
  const least = Math.min(...logs);
  const span = Math.max(...logs) - least || 1;
  const x = (size: number) => left + ((Math.log10(size) - least) / span) * PANEL_WIDTH;
  const y = (ns: number) => TOP + PANEL_HEIGHT * (1 - ns / mostNs);
  const at = ({ size, ns }: { size: number; ns: number }) =>
    `${x(size).toFixed(1)},${y(ns).toFixed(1)}`;
  const lines = Array.from({ length: TICKS + 1 }, (_, index) => {
    const ns = (mostNs * index) / TICKS;
    const label = isFirst
      ? `<text x="${left - 8}" y="${y(ns) + 4}" text-anchor="end" ${TEXT}>${ns}</text>`
      : '';
    const end = left + PANEL_WIDTH;
    return `<path d="M${left} ${y(ns)}H${end}" stroke="#dde" fill="none"/>${label}`;
  });
  const labels = points.map(({ size }) => {
    const where = `x="${x(size).toFixed(1)}" y="${TOP + PANEL_HEIGHT + 18}"`;
    return `<text ${where} text-anchor="middle" ${TEXT}>${shortCount(size)}</text>`;
  });
  const middle = left + PANEL_WIDTH / 2;
  const height = TOP + PANEL_HEIGHT + BOTTOM;
  return [
    ...lines,
    ...labels,
    `<polyline points="${points.map(at).join(' ')}" ${LINE}/>`,
    ...points.map((point) => {
      const [cx, cy] = at(point).split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="#1668b8"/>`;
    }),
    `<text x="${middle}" y="${height - 14}" text-anchor="middle" ${TEXT}>${title}</text>`,
  ];
}

/** 1,000 -> 1k, 4,000,000 -> 4M. */
function shortCount(count: number): string {
  if (count >= 1_000_000) return `${count / 1_000_000}M`;
  return count >= 1_000 ? `${count / 1_000}k` : `${count}`;
}

/** A round number, easily divided, that is not below. */
function niceAbove(ns: number): number {
  const unit = 10 ** Math.floor(Math.log10(ns));
  const factor = [1, 2, 4, 6, 8, 10].find((times) => times * unit >= ns) ?? 10;
  return factor * unit;
}

/** The SVG document around panels: their frames, a common time axis, what people read first. */
import { pixels } from './marks.ts';
import type { LegendItem, Panel } from './panels.ts';
import { STYLE } from './style.ts';
import { escapeXml } from './svg-text.ts';

export const PLOT_WIDTH = 1_100;
const LEFT = 76;
const WIDTH = LEFT + PLOT_WIDTH + 24;
const TOP = 92;
const HEAD = 24;
const GAP = 14;
const AXIS = 46;
const NOTE = 26;
/** Of a character of the legend, about. */
const CHARACTER = 6.3;

export interface TimeTick {
  /** From the plot's left. */
  readonly x: number;
  readonly label: string;
}

export interface PictureText {
  readonly title: string;
  /** Lines below the title. */
  readonly lines: readonly string[];
  /** What an eye sees, for who has the picture read out. */
  readonly description: string;
  readonly timeAxis: string;
  readonly note: string;
}

/** Text is plain and is escaped here. */
export function documentOf(
  text: PictureText,
  panels: readonly Panel[],
  ticks: readonly TimeTick[],
): string {
  let top = TOP;
  const drawn = panels.map((panel) => {
    const parts = panelSvg(panel, top, ticks);
    top += HEAD + panel.scale.height + GAP;
    return parts;
  });
  const height = top + AXIS + NOTE;
  const names = 'aria-labelledby="replay-title replay-description"';
  const spoken = [text.title, ...text.lines.slice(0, 1)].join(', ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" ${names}>`,
    `<title id="replay-title">${escapeXml(spoken)}</title>`,
    `<desc id="replay-description">${escapeXml(text.description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>`,
    textAt('title', LEFT, 38, text.title),
    ...text.lines.map((line, index) => textAt('said', LEFT, 61 + index * 19, line)),
    ...drawn,
    ...ticks.map(({ x, label }) => textAt('tick middle', labelX(x, label), top + 8, label)),
    textAt('tick middle', LEFT + PLOT_WIDTH / 2, top + 30, text.timeAxis),
    textAt('tick', LEFT, top + 54, text.note),
    '</svg>',
    '',
  ]
    .filter((one, index, all) => one !== '' || index === all.length - 1)
    .join('\n');
}

/** As near to a tick as the paper's edge lets a label be whole. */
const labelX = (x: number, label: string): number =>
  Math.min(LEFT + x, WIDTH - 6 - (label.length * CHARACTER) / 2);

const textAt = (name: string, x: number, y: number, words: string): string =>
  words === ''
    ? ''
    : `<text class="${name}" x="${pixels(x)}" y="${pixels(y)}">${escapeXml(words)}</text>`;

function panelSvg(panel: Panel, top: number, ticks: readonly TimeTick[]): string {
  const { title, scale, marks, legend } = panel;
  const { height } = scale;
  const body = top + HEAD;
  const verticals = ticks.map(({ x }) => `M${pixels(x)} 0V${height}`).join('');
  const across = scale.ticks.map(({ y }) => `M0 ${pixels(y)}H${PLOT_WIDTH}`).join('');
  const isSigned = scale.y(0) > 0 && scale.y(0) < height;
  const nought = isSigned
    ? `<path class="nought" d="M0 ${pixels(scale.y(0))}H${PLOT_WIDTH}"/>`
    : '';
  const empty = scale.isEmpty
    ? `<text class="tick middle" x="${PLOT_WIDTH / 2}" y="${height / 2 + 4}">no values</text>`
    : '';
  const place = `x="${LEFT}" y="${body}" width="${PLOT_WIDTH}" height="${height}"`;
  return [
    textAt('head', LEFT, top + 15, title),
    legendSvg(legend, scale.cut, top + 15),
    ...scale.ticks.map((tick) => textAt('tick end', LEFT - 8, body + tick.y + 4, tick.label)),
    `<svg ${place}><title>${escapeXml(title)}</title>`,
    `<path class="grid" d="${verticals}${across}"/>${nought}${marks}${empty}</svg>`,
    `<path class="frame" d="M${LEFT} ${body}v${height}h${PLOT_WIDTH}"/>`,
  ]
    .filter((one) => one !== '')
    .join('\n');
}

const SHAPES: Readonly<Record<LegendItem['shape'], string>> = {
  line: 'M0 -4h14',
  dash: 'M3 -4h8',
  dot: 'M7 -4h0',
  bar: 'M4 0v-9M10 0v-6',
  arrow: 'M7 -9l4.5 8h-9z',
};
const SWATCH = 20;

/** From right to left, so that it ends where the panel does. */
function legendSvg(legend: readonly LegendItem[], cut: string | undefined, y: number): string {
  const parts: string[] = [];
  let right = LEFT + PLOT_WIDTH;
  if (cut !== undefined) {
    parts.push(textAt('tick end', right, y, cut));
    right -= cut.length * CHARACTER + 18;
  }
  for (const { shape, name, words } of legend.toReversed()) {
    const left = right - words.length * CHARACTER;
    const wide = { dot: ' stroke-width="8"', bar: ' stroke-width="4"' };
    const width = shape === 'dot' || shape === 'bar' ? wide[shape] : '';
    const place = `transform="translate(${pixels(left - SWATCH)} ${y})"`;
    parts.push(`<path class="${shape} ${name}" ${place}${width} d="${SHAPES[shape]}"/>`);
    parts.push(textAt('tick', left, y, words));
    right = left - SWATCH - 16;
  }
  return parts.join('');
}

/** Colours and fonts of a picture, light and dark; pairs of colours differ for the colour-blind. */
interface Palette {
  readonly paper: string;
  readonly ink: string;
  readonly pale: string;
  readonly grid: string;
  readonly frame: string;
  /** Bids and what was bought; asks and what was sold; trades whose side is not told. */
  readonly bid: string;
  readonly ask: string;
  readonly neither: string;
  readonly feature: string;
  readonly ownBuy: string;
  readonly ownSell: string;
  readonly own: string;
}

const LIGHT: Palette = {
  paper: '#ffffff',
  ink: '#1f2328',
  pale: '#59636e',
  grid: '#e6eaef',
  frame: '#b6bec8',
  bid: '#0a63c9',
  ask: '#c8500a',
  neither: '#7d8590',
  feature: '#6a3fc0',
  ownBuy: '#0b7a3b',
  ownSell: '#b0126b',
  own: '#0b7a3b',
};

const DARK: Palette = {
  paper: '#0d1117',
  ink: '#e6edf3',
  pale: '#9198a1',
  grid: '#1f252d',
  frame: '#3d444d',
  bid: '#58a6ff',
  ask: '#f5914a',
  neither: '#8b949e',
  feature: '#b48cff',
  ownBuy: '#46d17f',
  ownSell: '#ff7cc0',
  own: '#46d17f',
};

const FONTS =
  'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","DejaVu Sans",sans-serif';

const colours = (of: Palette): string =>
  [
    `.paper{fill:${of.paper}}`,
    `text{fill:${of.ink}}`,
    `.tick,.said{fill:${of.pale}}`,
    `.grid{stroke:${of.grid}}`,
    `.frame,.nought{stroke:${of.frame}}`,
    ...(['bid', 'ask', 'neither', 'feature', 'own'] as const).map(
      (name) => `.${name}{stroke:${of[name]}}`,
    ),
    `.own-buy{stroke:${of.ownBuy}}.own-sell{stroke:${of.ownSell}}`,
    `.arrow{stroke:${of.paper}}.arrow.own-buy{fill:${of.ownBuy}}`,
    `.arrow.own-sell{fill:${of.ownSell}}`,
  ].join('');

/** Names mean: `line`, `band`, `dot`, `bar`, `dash`, `arrow` what is drawn, the others a colour. */
export const STYLE = [
  `text{font:12px ${FONTS};font-variant-numeric:tabular-nums}`,
  '.title{font-size:21px;font-weight:600}.said{font-size:13px}',
  '.head{font-size:13px;font-weight:600}',
  '.middle{text-anchor:middle}.end{text-anchor:end}',
  'path{fill:none}.line{stroke-width:1.2;stroke-linejoin:round}.line.feature{stroke-width:1}',
  '.dash{stroke-width:1.6}',
  '.band{stroke-opacity:.28}.bar{stroke-opacity:.85}',
  '.dot{stroke-linecap:round;stroke-opacity:.55}.arrow{stroke-width:.8}',
  colours(LIGHT),
  `@media(prefers-color-scheme:dark){${colours(DARK)}}`,
].join('\n');

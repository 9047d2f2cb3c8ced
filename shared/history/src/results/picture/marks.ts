/** What panels draw, as SVG paths: bins go across, a scale goes up. */
import type { Band, Flow } from './bin-column.ts';
import type { ValueScale } from './value-scale.ts';

/** Where the bins of a picture lie across. */
export class BinScale {
  readonly width: number;
  readonly count: number;
  /** Of one bin. */
  readonly step: number;
  readonly #before: number;

  /** Few bins are drawn in the middle, no wider than a twentieth. */
  constructor(width: number, count: number) {
    this.width = width;
    this.count = count;
    this.#before = Math.max(0, Math.ceil((20 - count) / 2));
    this.step = width / (count + 2 * this.#before);
  }

  /** Bins that would have place before the first, as many as behind the last. */
  get before(): number {
    return this.#before;
  }

  left(bin: number): number {
    return (bin + this.#before) * this.step;
  }

  middle(bin: number): number {
    return this.left(bin + 0.5);
  }
}

/** Tenths of a pixel are what can be seen. */
export const pixels = (value: number): string => `${Math.round(value * 10) / 10}`;

const path = (name: string, data: string, more = ''): string =>
  data === '' ? '' : `<path class="${name}"${more} d="${data}"/>`;

/**
 * The last value of each bin, held until the next; no line where there was none. A bin without rows
 * changes nothing.
 */
export function line(name: string, band: Band, across: BinScale, up: ValueScale): string {
  let data = '';
  let y = '';
  let isDrawn = false;
  for (let bin = 0; bin < across.count; bin += 1) {
    if (band.rows[bin] === 0) continue;
    const value = band.last[bin] ?? Number.NaN;
    const x = pixels(across.left(bin));
    if (Number.isNaN(value)) {
      if (isDrawn) data += `H${x}`;
      isDrawn = false;
      continue;
    }
    const next = pixels(up.y(value));
    if (!isDrawn) data += `M${x} ${next}`;
    else if (next !== y) data += `H${x}V${next}`;
    y = next;
    isDrawn = true;
  }
  if (isDrawn) data += `H${pixels(across.left(across.count))}`;
  return path(name, data);
}

/** From the lowest to the highest value of each bin. */
export function range(name: string, band: Band, across: BinScale, up: ValueScale): string {
  return bars(name, across, (bin) => {
    const [low = Number.NaN, high = Number.NaN] = [band.low[bin], band.high[bin]];
    return [up.y(low), up.y(high)];
  });
}

/** From nought: up, or down where `sign` is -1. */
export function amounts(
  name: string,
  values: (bin: number) => readonly [number, number],
  across: BinScale,
  up: ValueScale,
): string {
  return bars(name, across, (bin) => {
    const [from, to] = values(bin);
    return [up.y(from), up.y(to)];
  });
}

function bars(
  name: string,
  across: BinScale,
  ends: (bin: number) => readonly [number, number],
): string {
  let data = '';
  for (let bin = 0; bin < across.count; bin += 1) {
    const [from, to] = ends(bin);
    if (!(Math.abs(from - to) >= 0.1)) continue;
    data += `M${pixels(across.middle(bin))} ${pixels(from)}V${pixels(to)}`;
  }
  const width = Math.max(0.8, across.step);
  return path(name, data, ` stroke-width="${Math.round(width * 100) / 100}"`);
}

const SIZES = [1.5, 2.5, 4, 5.5, 7.5, 10] as const;

/** Dots at the average price of each bin, whose area tells the quantity. */
export function dots(
  name: string,
  flow: Flow,
  across: BinScale,
  up: ValueScale,
  mostQuantity: number,
): string {
  const data = SIZES.map(() => '');
  const most = SIZES.at(-1) ?? 1;
  for (let bin = 0; bin < across.count; bin += 1) {
    const y = up.y(flow.averagePrice(bin));
    if (Number.isNaN(y)) continue;
    const size = most * Math.sqrt((flow.quantity[bin] ?? 0) / mostQuantity);
    const next = SIZES.findIndex((one) => one >= size);
    const index = next === -1 ? SIZES.length - 1 : next;
    // A line of no length with round ends.
    data[index] += `M${pixels(across.middle(bin))} ${pixels(y)}h0`;
  }
  return data
    .map((one, index) => path(name, one, ` stroke-width="${SIZES[index]}"`))
    .reverse()
    .join('');
}

/** Triangles that point up or down at the average price of each bin. */
export function arrows(
  name: string,
  flow: Flow,
  across: BinScale,
  up: ValueScale,
  sign: 1 | -1,
): string {
  let data = '';
  for (let bin = 0; bin < across.count; bin += 1) {
    const y = up.y(flow.averagePrice(bin));
    if (Number.isNaN(y)) continue;
    data += `M${pixels(across.middle(bin))} ${pixels(y)}l4.5 ${8 * sign}h-9z`;
  }
  return path(name, data);
}

/** Short lines at the average price of each bin. */
export function dashes(name: string, flow: Flow, across: BinScale, up: ValueScale): string {
  let data = '';
  for (let bin = 0; bin < across.count; bin += 1) {
    const y = up.y(flow.averagePrice(bin));
    if (!Number.isNaN(y)) data += `M${pixels(across.middle(bin) - 3)} ${pixels(y)}h6`;
  }
  return path(name, data);
}

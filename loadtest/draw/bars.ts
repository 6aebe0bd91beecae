import { linearAxis } from "./axes.ts";

/** A bar with the lowest and highest of what it is the median of. */
export interface Bar {
  name: string;
  value: number;
  from: number;
  to: number;
  /** Drawn in the colour of ours. */
  ours: boolean;
}

export interface BarPicture {
  title: string;
  subtitle: string;
  /** What the bars are as long as. */
  label: string;
  bars: readonly Bar[];
}

const WIDTH = 840;
const PLOT = { left: 150, right: 760, top: 60 };
const ROW = 34;
const THICK = 20;
/** Two that the colour-blind tell apart (Okabe and Ito, "Color Universal Design", 2008). */
const COLORS = { ours: "#0072b2", others: "#9a9a9a" };

/** Horizontal bars from 0, as an SVG that stands for itself: no script, no font of its own. */
export function drawBars({ title, subtitle, label, bars }: BarPicture): string {
  const axis = linearAxis(
    label,
    bars.map(({ to }) => to),
  );
  const toX = (value: number) => PLOT.left + (value / axis.to) * (PLOT.right - PLOT.left);
  const bottom = PLOT.top + bars.length * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 60}" role="img" aria-label="${escapeXml(title)}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${bottom + 60}" fill="#ffffff"/>`,
    text(20, 24, title, `font-size="16" font-weight="600" fill="#1a1a1a"`),
    text(20, 43, subtitle, `fill="#555555"`),
    ...axis.ticks.map(
      ({ at, text: tick }) =>
        `<path d="M${fixed(toX(at))} ${PLOT.top}V${bottom}" stroke="#e0e0e0"/>${text(toX(at), bottom + 18, tick, `text-anchor="middle" fill="#555555"`)}`,
    ),
    ...bars.map((bar, index) => drawBar(bar, PLOT.top + index * ROW + ROW / 2, toX)),
    text((PLOT.left + PLOT.right) / 2, bottom + 42, label, `text-anchor="middle" fill="#333333"`),
    "</svg>",
    "",
  ].join("\n");
}

function drawBar({ name, value, from, to, ours }: Bar, y: number, toX: (value: number) => number): string {
  const width = toX(value) - PLOT.left;
  return [
    text(PLOT.left - 10, y + 4, name, `text-anchor="end" fill="#333333"${ours ? ` font-weight="600"` : ""}`),
    `<rect x="${PLOT.left}" y="${fixed(y - THICK / 2)}" width="${fixed(width)}" height="${THICK}" fill="${ours ? COLORS.ours : COLORS.others}"/>`,
    `<path d="M${fixed(toX(from))} ${fixed(y)}H${fixed(toX(to))}" stroke="#1a1a1a" stroke-width="1.5"/>`,
    text(toX(to) + 8, y + 4, Math.round(value).toLocaleString("en-GB"), `fill="#333333"`),
  ].join("");
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${escapeXml(content)}</text>`;
}

const fixed = (value: number) => Number(value.toFixed(1)).toString();

function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

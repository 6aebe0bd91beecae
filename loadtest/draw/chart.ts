/** A line chart as an SVG that stands for itself: no script, no font of its own, readable on light and dark ground. */

export interface Axis {
  label: string;
  /** Places on the axis with their texts. */
  ticks: { at: number; text: string }[];
  /** From and to, in the same measure as the ticks. */
  from: number;
  to: number;
}

export interface Line {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
  /** Marks each point: for few of them. */
  dots?: boolean;
}

export interface Chart {
  title: string;
  subtitle: string;
  x: Axis;
  y: Axis;
  lines: Line[];
}

const WIDTH = 840;
const HEIGHT = 460;
const PLOT = { left: 70, right: 650, top: 60, bottom: 400 };
/** Told apart by the colour-blind too (Okabe and Ito, "Color Universal Design", 2008). */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5c00", "#666666"];

export function drawChart({ title, subtitle, x, y, lines }: Chart): string {
  const toX = scale(x, PLOT.left, PLOT.right);
  const toY = scale(y, PLOT.bottom, PLOT.top);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(title)}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${PLOT.left}" y="24" font-size="16" font-weight="600" fill="#1a1a1a">${escapeXml(title)}</text>`,
    `<text x="${PLOT.left}" y="43" fill="#555555">${escapeXml(subtitle)}</text>`,
    ...x.ticks.map(({ at, text }) => gridLine([toX(at), PLOT.top], [toX(at), PLOT.bottom], text, "below")),
    ...y.ticks.map(({ at, text }) => gridLine([PLOT.left, toY(at)], [PLOT.right, toY(at)], text, "left")),
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 42}" text-anchor="middle" fill="#333333">${escapeXml(x.label)}</text>`,
    `<text transform="translate(18 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle" fill="#333333">${escapeXml(y.label)}</text>`,
    ...lines.map((line, index) => drawLine(line, COLORS[index % COLORS.length] ?? "#000000", toX, toY)),
    ...lines.map(({ name }, index) => legend(name, COLORS[index % COLORS.length] ?? "#000000", index)),
    "</svg>",
    "",
  ].join("\n");
}

function scale({ from, to }: Axis, start: number, end: number): (value: number) => number {
  const span = to - from || 1;
  return (value) => start + ((Math.min(Math.max(value, from), to) - from) / span) * (end - start);
}

function gridLine(from: [number, number], to: [number, number], text: string, side: "below" | "left"): string {
  const [x, y] = side === "below" ? [to[0], to[1] + 18] : [from[0] - 8, from[1] + 4];
  const anchor = side === "below" ? "middle" : "end";
  return `<path d="M${at(from)}L${at(to)}" stroke="#e0e0e0" fill="none"/><text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" fill="#555555">${escapeXml(text)}</text>`;
}

function drawLine(
  { points, dots }: Line,
  color: string,
  toX: (value: number) => number,
  toY: (value: number) => number,
): string {
  const places = points.map(([x, y]): [number, number] => [toX(x), toY(y)]);
  const marks = dots === true ? places.map(([x, y]) => `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="3.5"/>`) : [];
  return `<g fill="${color}"><path d="M${places.map(at).join("L")}" stroke="${color}" stroke-width="2" fill="none" stroke-linejoin="round"/>${marks.join("")}</g>`;
}

function legend(name: string, color: string, index: number): string {
  const y = PLOT.top + 10 + index * 20;
  return `<rect x="${PLOT.right + 18}" y="${y - 5}" width="16" height="3" fill="${color}"/><text x="${PLOT.right + 40}" y="${y}" fill="#333333">${escapeXml(name)}</text>`;
}

const at = ([x, y]: [number, number]) => `${fixed(x)} ${fixed(y)}`;
const fixed = (value: number) => Number(value.toFixed(1)).toString();

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const SVG = "http://www.w3.org/2000/svg";

/** Strokes on a 24 × 24 grid. */
const PATHS = {
  attach: "M21 11.5l-8.6 8.6a5.5 5.5 0 01-7.8-7.8l8.9-8.9a3.7 3.7 0 015.2 5.2l-8.9 8.9a1.8 1.8 0 01-2.6-2.6l8.2-8.2",
  send: "M4.5 12h8M4.8 4.6l15.6 7.4-15.6 7.4 2.2-7.4z",
  back: "M15 5l-7 7 7 7",
  down: "M6 9l6 6 6-6",
  close: "M6 6l12 12M18 6L6 18",
  group:
    "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20c.4-3.6 3-5.5 6.5-5.5s6.1 1.9 6.5 5.5M16 4.3a3.5 3.5 0 010 6.4M18.4 15c1.9.8 3 2.5 3.2 5",
  clock: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 7.5V12l3 2",
  sent: "M5 12.5l4.5 4.5L19 7.5",
  read: "M2 12.5l4.5 4.5L15.5 8M11.5 16l1 1L22 7.5",
  failed: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 7.5v5.5M12 16.4v.1",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  plug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 01-12 0zM12 17v4",
} as const;

export type IconName = keyof typeof PATHS;

/** A drawn icon; it says nothing to screen readers, so its button or text must. */
export function icon(name: IconName, className = "icon"): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

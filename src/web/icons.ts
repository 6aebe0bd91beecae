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
  smile: "M12 21a9 9 0 100-18 9 9 0 000 18zM8.5 14.2a4.2 4.2 0 007 0M9 9.6v.1M15 9.6v.1",
  reply: "M10 6L4 11.5l6 5.5v-3.4c5 0 8 1.3 10 4.4-.4-5-3.4-8.6-10-9.2z",
  thread: "M5 4.5h14v10.5H11l-4 3.8V15H5zM9 8.3h6M9 11.3h4",
  edit: "M4.5 19.5l.9-4.2L15.8 4.9a1.9 1.9 0 012.7 0l.6.6a1.9 1.9 0 010 2.7L8.7 18.6zM14 6.8l3.2 3.2",
  pin: "M9 3.5h6l-.7 6.2 3.2 3.3v2H6.5v-2l3.2-3.3zM12 15v5.5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  trash: "M5 7h14M10 7V4.5h4V7M6.5 7l.8 12.5h9.4L17.5 7M10.3 10.5v5.5M13.7 10.5v5.5",
  more: "M6 12v.1M12 12v.1M18 12v.1",
  search: "M11 18a7 7 0 100-14 7 7 0 000 14zM20 20l-4-4",
  at: "M12 15.5a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM15.5 8.5V13c0 3 4.5 2.6 4.5-1.5a8 8 0 10-3.5 6.8",
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

/** A line of a table for the terminal. */
export function row([name, ...cells]: (string | number | null)[]): string {
  return `${String(name ?? "").padEnd(18)}${cells.map((cell) => String(cell ?? "-").padStart(11)).join("")}`;
}

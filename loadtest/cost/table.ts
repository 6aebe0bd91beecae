import type { BillLine } from "./bill.ts";
import type { Inputs } from "./inputs.ts";

interface Cost {
  inputs: Inputs;
  prices_read_at: string;
  units_counted_at: string;
  lines: BillLine[];
  total: number;
  awake: number;
}

/** The bill for the terminal. */
export function formatBill({ inputs, lines, total, awake, ...dates }: Cost): string {
  const users = inputs.users;
  const each = users === 0 ? "" : `, ${((total / users) * 100).toFixed(3)} cents a user`;
  return [
    `${users.toLocaleString("en-GB")} users with ${inputs["messages-per-day"]} messages a day, ${inputs["users-per-workspace"]} a workspace; a month of 30 days`,
    `prices read on ${dates.prices_read_at}, units counted on ${dates.units_counted_at}`,
    "",
    line("", "", "used", "included", "USD"),
    ...lines.map(({ part, unit, used, included, dollars }) =>
      line(part, unit, amount(used), amount(included), dollars.toFixed(2)),
    ),
    line("total", "", "", "", total.toFixed(2)),
    "",
    `${total.toFixed(2)} USD a month${each}. If the objects did not hibernate it would be ${awake.toFixed(2)} USD.`,
  ].join("\n");
}

function amount(value: number): string {
  const digits = value < 100 && !Number.isInteger(value) ? 1 : 0;
  return value.toLocaleString("en-GB", { maximumFractionDigits: digits });
}

function line(part: string, unit: string, ...cells: string[]): string {
  return `${part.padEnd(18)}${unit.padEnd(20)}${cells.map((cell) => cell.padStart(18)).join("")}`;
}

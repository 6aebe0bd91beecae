import { UsageError } from "../errors.ts";
import { billOf, totalOf } from "./bill.ts";
import { type Inputs, readInputs, usage } from "./inputs.ts";
import prices from "./prices.json" with { type: "json" };
import { formatBill } from "./table.ts";
import units from "./units.json" with { type: "json" };
import { monthlyUsage } from "./usage.ts";

/** What a month with these users costs, from measured units and dated prices. */
export function costOf(inputs: Inputs) {
  const rules = { ...prices.durable_objects, ...prices.neon };
  const lines = billOf(monthlyUsage(inputs, rules));
  const awake = totalOf(billOf(monthlyUsage(inputs, rules, false)));
  const total = totalOf(lines);
  return { inputs, prices_read_at: prices.read_at, units_counted_at: units.counted.at, lines, total, awake };
}

/** `npm run cost`: 0, or 2 for a wrong call. */
function main(args: string[]): number {
  try {
    const options = readInputs(args);
    if (options === undefined) console.log(usage);
    else {
      const cost = costOf(options.inputs);
      console.log(options.json ? JSON.stringify(cost, null, 2) : formatBill(cost));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));

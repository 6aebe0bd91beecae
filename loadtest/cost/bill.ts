import { round } from "../measure/numbers.ts";
import prices from "./prices.json" with { type: "json" };
import type { Usage } from "./usage.ts";

/** One line of the bill. */
export interface BillLine {
  part: string;
  unit: string;
  used: number;
  included: number;
  dollars: number;
}

/** Dollars of a month's units at the prices of `prices.json`, line by line. Rounded by no provider's rules: what is used is what is paid. */
export function billOf(usage: Usage): BillLine[] {
  const lines: BillLine[] = [
    { part: "Workers", unit: "plan", used: 1, included: 0, dollars: prices.workers.base_per_month },
  ];
  const add = (part: string, unit: string, used: number, price: Price) => {
    const beyond = Math.max(0, used - price.included);
    lines.push({ part, unit, used, included: price.included, dollars: round((beyond / price.per) * price.price, 4) });
  };
  add("Workers", "requests", usage.workers.requests, prices.workers.requests);
  add("Workers", "CPU ms", usage.workers.cpu_ms, prices.workers.cpu_ms);
  const objects = usage.durable_objects;
  add("Durable Objects", "requests", objects.requests, prices.durable_objects.requests);
  add("Durable Objects", "duration, GB-s", objects.duration_gb_s, prices.durable_objects.duration_gb_s);
  add("Durable Objects", "rows read", objects.rows_read, prices.durable_objects.rows_read);
  add("Durable Objects", "rows written", objects.rows_written, prices.durable_objects.rows_written);
  add("Durable Objects", "storage, GB-month", objects.storage_gb_month, prices.durable_objects.storage_gb_month);
  add("R2", "storage, GB-month", usage.r2.storage_gb_month, prices.r2.storage_gb_month);
  add("R2", "class A", usage.r2.class_a, prices.r2.class_a);
  add("R2", "class B", usage.r2.class_b, prices.r2.class_b);
  add("Neon", "CU-hours", usage.neon.cu_hours, prices.neon.cu_hours);
  add("Neon", "storage, GB-month", usage.neon.storage_gb_month, prices.neon.storage_gb_month);
  add("Neon", "transfer, GB", usage.neon.transfer_gb, prices.neon.transfer_gb);
  add("Upstash", "commands", usage.upstash.commands, prices.upstash.commands);
  return lines;
}

interface Price {
  included: number;
  per: number;
  price: number;
}

export function totalOf(lines: readonly BillLine[]): number {
  return round(
    lines.reduce((sum, { dollars }) => sum + dollars, 0),
    2,
  );
}

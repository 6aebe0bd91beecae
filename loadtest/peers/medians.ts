import { median } from "../measure/numbers.ts";
import type { Figures } from "./result-schema.ts";

/** Median of each figure over the rounds that have it; null where none has. */
export function mediansOf(rounds: readonly Figures[]): Figures {
  const names = new Set(rounds.flatMap((figures) => Object.keys(figures)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = rounds.map((figures) => figures[name]).filter((value) => typeof value === "number");
      return [name, values.length === 0 ? null : median(values)];
    }),
  );
}

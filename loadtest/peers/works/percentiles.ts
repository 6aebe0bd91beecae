import type { Distribution } from "../../distribution-schema.ts";
import type { Figures } from "../result-schema.ts";

/** The percentiles that the tables show, as figures with a common beginning of their names. */
export function percentiles(name: string, distribution: Distribution | null): Figures {
  return {
    [`${name}_p50_ms`]: distribution?.p50 ?? null,
    [`${name}_p95_ms`]: distribution?.p95 ?? null,
    [`${name}_p99_ms`]: distribution?.p99 ?? null,
  };
}

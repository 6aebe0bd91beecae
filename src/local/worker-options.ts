import type { V4WorkerOptions } from "miniflare";

type Bindings = V4WorkerOptions["bindings"];
type ServiceBindings = V4WorkerOptions["serviceBindings"];

/** miniflare's options of one Worker without its source; what Kabar touches is named. */
export interface SourcelessWorkerOptions {
  [option: string]: unknown;
  name: string;
  assets?: { directory: string; run_worker_first?: string[] | boolean };
  bindings?: Bindings & object;
  serviceBindings?: ServiceBindings & object;
}

import { row } from "../report/row.ts";
import { bytesPerSocket, type HeapResult, type MeasuredServer } from "./result.ts";

/** The figures of both servers for the terminal. */
export function formatHeap(result: HeapResult): string {
  return [
    ...serverLines("bare object", result.bare),
    "",
    ...serverLines("Kabar", result.kabar),
    "",
    ...result.targets.map(({ name, at_most, measured, met }) => {
      const verdict = met === null ? "not measured" : met ? "met" : "MISSED";
      return `target  ${name.padEnd(56)}<= ${at_most}   ${measured ?? "-"}   ${verdict}`;
    }),
  ].join("\n");
}

function serverLines(name: string, server: MeasuredServer): string[] {
  const kib = (bytes: number) => Math.round(bytes / 1024);
  return [
    `${name}: ${server.setup}`,
    row(["", "sockets", "JS KiB", "C++ KiB", "process MB"]),
    ...server.stages.map((stage) =>
      row([stage.name, stage.sockets, kib(stage.js_bytes), kib(stage.embedder_bytes), stage.process_rss_mb]),
    ),
    `JavaScript heap per socket: ${Math.round(bytesPerSocket(server.stages))} bytes`,
    ...server.kinds.map(
      (kind) =>
        `${String(kind.bytes_per_socket).padStart(9)} B ${String(kind.objects_per_socket).padStart(6)} x  ${kind.kind}`,
    ),
  ];
}
